namespace Barnabas.Broker.Config;

/// <summary>How groups are coordinated and their offsets kept. Immutable, for any thread.</summary>
public sealed class GroupsConfig
{
    internal GroupsConfig(BrokerConfig config)
    {
        InitialRebalanceDelayMs = config.Int("group.initial.rebalance.delay.ms");
        SessionTimeoutMsMin = config.Int("group.min.session.timeout.ms");
        SessionTimeoutMsMax = config.Int("group.max.session.timeout.ms");
        SizeMax = config.Int("group.max.size");
        OffsetMetadataBytesMax = config.Int("offset.metadata.max.bytes");
        OffsetsCommitTimeoutMs = config.Int("offsets.commit.timeout.ms");
        OffsetsRetentionMs = config.Long("offsets.retention.minutes") * 60_000L;
        OffsetsRetentionCheckIntervalMs = config.Long("offsets.retention.check.interval.ms");
        OffsetsTopicPartitions = config.Int("offsets.topic.num.partitions");
        OffsetsTopicReplicationFactor = (short)config.Int("offsets.topic.replication.factor");
        OffsetsTopicSegmentBytes = config.Int("offsets.topic.segment.bytes");
        Consumer = new ConsumerGroupsConfig(config);
    }

    /// <summary>How consumer groups are coordinated.</summary>
    public ConsumerGroupsConfig Consumer { get; }

    /// <summary>How long the first rebalance of a classic group waits for members.</summary>
    public int InitialRebalanceDelayMs { get; }

    /// <summary>Shortest session timeout of a classic member.</summary>
    public int SessionTimeoutMsMin { get; }

    /// <summary>Longest session timeout of a classic member.</summary>
    public int SessionTimeoutMsMax { get; }

    /// <summary>Most members of a classic group.</summary>
    public int SizeMax { get; }

    /// <summary>Longest text beside a committed offset.</summary>
    public int OffsetMetadataBytesMax { get; }

    /// <summary>How long a commit waits for replicas.</summary>
    public int OffsetsCommitTimeoutMs { get; }

    /// <summary>How long offsets of a group without members are kept.</summary>
    public long OffsetsRetentionMs { get; }

    /// <summary>How often expired offsets are looked for.</summary>
    public long OffsetsRetentionCheckIntervalMs { get; }

    /// <summary>Partitions of the offsets topic when it is created.</summary>
    public int OffsetsTopicPartitions { get; }

    /// <summary>Replicas of the offsets topic when it is created.</summary>
    public short OffsetsTopicReplicationFactor { get; }

    /// <summary>Segment size of the offsets topic when it is created.</summary>
    public int OffsetsTopicSegmentBytes { get; }
}
