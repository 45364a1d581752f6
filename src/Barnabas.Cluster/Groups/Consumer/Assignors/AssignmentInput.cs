using System.Collections.Immutable;
using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Consumer.Assignors;

/// <summary>A member as an assignor sees it. Immutable.</summary>
/// <param name="Id">Its id.</param>
/// <param name="InstanceId">The name of a static member, or null.</param>
/// <param name="RackId">Where it runs, or null.</param>
/// <param name="Topics">Ids of the topics that it subscribes to, of those that exist. Sorted.</param>
/// <param name="Current">Its target assignment before. Sorted.</param>
public sealed record AssignedMember(
    string Id, string? InstanceId, string? RackId, ImmutableArray<Uuid> Topics, ImmutableArray<TopicIdPartition> Current);

/// <summary>What there is to share out, and among whom. Immutable.</summary>
/// <param name="Members">In order of their ids.</param>
/// <param name="PartitionCount">How many partitions a topic has.</param>
/// <param name="HasReplicaIn">True when a replica of the partition is in the rack.</param>
public sealed record AssignmentInput(
    IReadOnlyList<AssignedMember> Members, Func<Uuid, int> PartitionCount, Func<TopicIdPartition, string, bool> HasReplicaIn);

/// <summary>Shares the partitions of topics out among the members of a group. Stateless, and the same for the same input.</summary>
public abstract class ConsumerAssignor
{
    /// <summary>As clients and configurations name it.</summary>
    public abstract string Name { get; }

    /// <summary>The partitions of each member, sorted, in the order of the members.</summary>
    public abstract ImmutableArray<TopicIdPartition>[] Assign(AssignmentInput input);

    /// <summary>The assignor of a name, or null.</summary>
    public static ConsumerAssignor? Find(string name) => name switch
    {
        RangeAssignor.TheName => RangeAssignor.Instance,
        UniformAssignor.TheName => UniformAssignor.Instance,
        _ => null,
    };
}
