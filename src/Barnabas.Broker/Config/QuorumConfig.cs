namespace Barnabas.Broker.Config;

/// <summary>The quorum, the metadata log and the heartbeats of brokers. Immutable, for any thread.</summary>
public sealed class QuorumConfig
{
    internal QuorumConfig(BrokerConfig config)
    {
        ElectionTimeoutMs = config.Int("controller.quorum.election.timeout.ms");
        ElectionBackoffMsMax = config.Int("controller.quorum.election.backoff.max.ms");
        FetchTimeoutMs = config.Int("controller.quorum.fetch.timeout.ms");
        RequestTimeoutMs = config.Int("controller.quorum.request.timeout.ms");
        RetryBackoffMs = config.Int("controller.quorum.retry.backoff.ms");
        AppendLingerMs = config.Int("controller.quorum.append.linger.ms");
        BrokerHeartbeatIntervalMs = config.Int("broker.heartbeat.interval.ms");
        BrokerSessionTimeoutMs = config.Int("broker.session.timeout.ms");
        SegmentBytes = config.Int("metadata.log.segment.bytes");
        SegmentMs = config.Long("metadata.log.segment.ms");
        RetentionBytes = config.Long("metadata.max.retention.bytes");
        RetentionMs = config.Long("metadata.max.retention.ms");
        SnapshotAfterBytes = config.Long("metadata.log.max.record.bytes.between.snapshots");
        SnapshotAfterMs = config.Long("metadata.log.max.snapshot.interval.ms");
        IdleIntervalMsMax = config.Int("metadata.max.idle.interval.ms");
    }

    /// <summary>How long a candidate waits for votes.</summary>
    public int ElectionTimeoutMs { get; }

    /// <summary>Longest wait after a lost election.</summary>
    public int ElectionBackoffMsMax { get; }

    /// <summary>A voter without a successful fetch for so long stands for election.</summary>
    public int FetchTimeoutMs { get; }

    /// <summary>How long a request inside the quorum may take.</summary>
    public int RequestTimeoutMs { get; }

    /// <summary>Wait before a request inside the quorum is sent again.</summary>
    public int RetryBackoffMs { get; }

    /// <summary>How long the leader gathers records.</summary>
    public int AppendLingerMs { get; }

    /// <summary>Time between heartbeats to the controller.</summary>
    public int BrokerHeartbeatIntervalMs { get; }

    /// <summary>A broker silent for so long is fenced.</summary>
    public int BrokerSessionTimeoutMs { get; }

    /// <summary>Segment size of the metadata log.</summary>
    public int SegmentBytes { get; }

    /// <summary>Segment age of the metadata log.</summary>
    public long SegmentMs { get; }

    /// <summary>Snapshots and segments beyond this size are deleted; -1 keeps them.</summary>
    public long RetentionBytes { get; }

    /// <summary>Snapshots and segments beyond this age are deleted; -1 keeps them.</summary>
    public long RetentionMs { get; }

    /// <summary>A snapshot is taken after so many bytes of records.</summary>
    public long SnapshotAfterBytes { get; }

    /// <summary>A snapshot is taken at the latest after this time; 0 for none.</summary>
    public long SnapshotAfterMs { get; }

    /// <summary>An idle controller writes a no-op record after this time; 0 for none.</summary>
    public int IdleIntervalMsMax { get; }
}
