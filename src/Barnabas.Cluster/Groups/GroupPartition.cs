namespace Barnabas.Cluster.Groups;

/// <summary>Where groups live.</summary>
public static class GroupPartition
{
    /// <summary>The topic of all groups and committed offsets.</summary>
    public const string Topic = "__consumer_offsets";
}
