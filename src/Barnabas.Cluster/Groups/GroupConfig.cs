using Barnabas.Cluster.Groups.Consumer;

namespace Barnabas.Cluster.Groups;

/// <summary>What a group coordinator is told by the broker's configuration; Kafka's defaults. Immutable.</summary>
public sealed record GroupConfig
{
    /// <summary><c>group.min.session.timeout.ms</c></summary>
    public int SessionTimeoutMinMs { get; init; } = 6_000;

    /// <summary><c>group.max.session.timeout.ms</c></summary>
    public int SessionTimeoutMaxMs { get; init; } = 1_800_000;

    /// <summary><c>group.initial.rebalance.delay.ms</c>: how long a group that was empty waits for more members.</summary>
    public int InitialRebalanceDelayMs { get; init; } = 3_000;

    /// <summary><c>group.max.size</c>: members of one classic group.</summary>
    public int GroupSizeMax { get; init; } = int.MaxValue;

    /// <summary><c>offset.metadata.max.bytes</c>: longest text beside a committed offset; Kafka counts UTF-16 units.</summary>
    public int OffsetMetadataMax { get; init; } = 4_096;

    /// <summary><c>offsets.retention.minutes</c>, in milliseconds.</summary>
    public long OffsetsRetentionMs { get; init; } = 10_080L * 60 * 1000;

    /// <summary><c>offsets.retention.check.interval.ms</c></summary>
    public long OffsetsRetentionCheckIntervalMs { get; init; } = 600_000;

    /// <summary>
    /// How long a member may wait in its first join. It has no id yet to send heartbeats with, and a connection that went away is not seen
    /// while its request is parked.
    /// </summary>
    public int NewMemberJoinTimeoutMs { get; init; } = 300_000;

    /// <summary><c>group.coordinator.rebalance.protocols</c> has <c>consumer</c>.</summary>
    public bool OffersConsumerProtocol { get; init; } = true;

    /// <summary><c>group.consumer.*</c></summary>
    public ConsumerGroupConfig Consumer { get; init; } = new();

    /// <summary>Records of one decision that writes as many as it finds (expiry, deletion); the rest follows in the next one.</summary>
    public int RecordsPerDecisionMax { get; init; } = 1_000;
}
