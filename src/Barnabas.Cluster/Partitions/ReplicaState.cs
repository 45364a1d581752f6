using Barnabas.Cluster.Metadata;
using Barnabas.Log;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// What the metadata says of a partition that this node holds: immutable, published by the owner with one volatile write, read by any
/// thread.
/// </summary>
/// <param name="LeaderId">Node id of the leader, or -1.</param>
/// <param name="LeaderEpoch">Rises with every change of leader.</param>
/// <param name="PartitionEpoch">Rises with every change of the partition.</param>
/// <param name="InSyncReplicas">Node ids of the ISR.</param>
/// <param name="ReplicaCount">Replicas that the partition has, in sync or not.</param>
/// <param name="IsLeader">True when this node leads.</param>
/// <param name="Config">The topic's configuration in force.</param>
public sealed record ReplicaState(
    int LeaderId, int LeaderEpoch, int PartitionEpoch, int[] InSyncReplicas, int ReplicaCount, bool IsLeader, LogConfig Config)
{
    /// <summary>
    /// True when as many replicas are in sync as the topic asks for; one with fewer replicas than its minimum would never be writable.
    /// </summary>
    public bool HasEnoughInSync => InSyncReplicas.Length >= Math.Min(Config.MinInsyncReplicas, ReplicaCount);

    /// <summary>What an image says of a partition, to this node.</summary>
    internal static ReplicaState Of(PartitionImage partition, LogConfig config, int nodeId) => new(
        partition.Leader,
        partition.LeaderEpoch,
        partition.PartitionEpoch,
        [.. partition.Isr],
        partition.Replicas.Length,
        partition.Leader == nodeId,
        config);
}
