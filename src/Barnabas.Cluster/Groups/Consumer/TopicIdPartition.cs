using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>A partition by the id of its topic. Ordered by id, then by number.</summary>
public readonly record struct TopicIdPartition(Uuid TopicId, int Partition) : IComparable<TopicIdPartition>
{
    /// <inheritdoc/>
    public int CompareTo(TopicIdPartition other) =>
        TopicId.CompareTo(other.TopicId) is var topics and not 0 ? topics : Partition.CompareTo(other.Partition);
}

/// <summary>
/// A partition that a member has, since the assignment of an epoch: offsets committed under an older one are not its own.
/// </summary>
/// <param name="At">Which.</param>
/// <param name="Epoch">The epoch of the target assignment that gave it to the member.</param>
internal readonly record struct HeldPartition(TopicIdPartition At, int Epoch);
