using Barnabas.Base;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>Finds the replica that a request names, or Kafka's error for there being none. Stateless, for any thread.</summary>
/// <param name="replicas">What this broker holds.</param>
/// <param name="image">The newest metadata, which tells a partition that is elsewhere from one that does not exist.</param>
internal sealed class PartitionFinder(ReplicaTable replicas, Func<MetadataImage> image)
{
    /// <summary>The epoch of a client that does not know one.</summary>
    public const int AnyEpoch = -1;

    /// <summary>All the replicas that this broker holds, ordered by topic and partition.</summary>
    public IEnumerable<Replica> All => replicas.Snapshot();

    /// <summary>True when the metadata knows the topic.</summary>
    public bool IsTopicKnown(string topic) => image().Topics.Find(topic) is not null;

    /// <summary>
    /// The replica that leads. Errors: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH,
    /// KAFKA_STORAGE_ERROR.
    /// </summary>
    public ErrorCode FindLeader(string topic, int partition, int leaderEpoch, out Replica replica)
    {
        var error = Find(topic, partition, leaderEpoch, out replica);
        return error == ErrorCode.None && !replica.State.IsLeader ? ErrorCode.NotLeaderOrFollower : error;
    }

    /// <summary>As <see cref="FindLeader"/>, but whoever leads: for tools that look into a follower.</summary>
    public ErrorCode Find(string topic, int partition, int leaderEpoch, out Replica replica)
    {
        var held = replicas.Find(topic, partition);
        replica = held!;
        if (held is null)
        {
            return image().Topics.Find(topic)?.Find(partition) is null
                ? ErrorCode.UnknownTopicOrPartition
                : ErrorCode.NotLeaderOrFollower;
        }

        // Unlike in Fetch, any other negative epoch is an old one.
        if (leaderEpoch < AnyEpoch)
        {
            return held.Failure?.Error ?? ErrorCode.FencedLeaderEpoch;
        }

        var error = held.CheckLeader(leaderEpoch);
        return error == ErrorCode.NotLeaderOrFollower && held.Failure is null ? ErrorCode.None : error;
    }
}
