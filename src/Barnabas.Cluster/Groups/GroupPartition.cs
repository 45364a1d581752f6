using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups;

/// <summary>Which partition of <c>__consumer_offsets</c> a group lives on.</summary>
public static class GroupPartition
{
    /// <summary>The topic of all groups and committed offsets.</summary>
    public const string Topic = "__consumer_offsets";

    /// <summary>The partition of a group.</summary>
    public static int Of(string groupId, int partitions) => CoordinatorPartition.Of(groupId, partitions);
}
