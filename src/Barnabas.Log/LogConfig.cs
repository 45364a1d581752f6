using Barnabas.Protocol.Records;

namespace Barnabas.Log;

/// <summary>What retention does with old records; both may be set, or neither.</summary>
[Flags]
public enum CleanupPolicy
{
    None = 0,
    Delete = 1,
    Compact = 2,
}

/// <summary>
/// How one log behaves: Kafka's topic settings with their defaults. Immutable; the owner of a log swaps it whole. Sizes in bytes, times in
/// milliseconds; -1 means no limit where Kafka says so.
/// </summary>
public sealed record LogConfig
{
    /// <summary>Kafka's defaults.</summary>
    public static readonly LogConfig Default = new();

    public int SegmentBytes { get; init; } = 1 << 30;

    public long SegmentMs { get; init; } = 604_800_000;

    public long SegmentJitterMs { get; init; }

    public long RetentionMs { get; init; } = 604_800_000;

    public long RetentionBytes { get; init; } = -1;

    public int IndexIntervalBytes { get; init; } = 4096;

    public int IndexBytesMax { get; init; } = 10 << 20;

    public int MaxMessageBytes { get; init; } = 1_048_588;

    public long FlushMessages { get; init; } = long.MaxValue;

    public long FlushMs { get; init; } = long.MaxValue;

    public CleanupPolicy Cleanup { get; init; } = CleanupPolicy.Delete;

    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    public long TimestampAfterMaxMs { get; init; } = 3_600_000;

    public bool Preallocate { get; init; }

    public long FileDeleteDelayMs { get; init; } = 60_000;

    public long ProducerIdExpirationMs { get; init; } = 86_400_000;

    public int MinInsyncReplicas { get; init; } = 1;

    public double MinCleanableDirtyRatio { get; init; } = 0.5;

    public long MinCompactionLagMs { get; init; }

    public long MaxCompactionLagMs { get; init; } = long.MaxValue;

    /// <summary>When a segment rolls by time: sooner where compaction, which leaves the active one alone, may not wait that long.</summary>
    internal long RollMs => (Cleanup & CleanupPolicy.Compact) != 0 ? Math.Min(SegmentMs, MaxCompactionLagMs) : SegmentMs;

    public long DeleteRetentionMs { get; init; } = 86_400_000;

    /// <summary><c>compression.type</c>: the codec that batches are stored with; null is the producer's choice.</summary>
    public CompressionType? StoredCompression { get; init; }

    /// <summary>Level for <see cref="StoredCompression"/>.</summary>
    public int StoredCompressionLevel { get; init; } = CompressionLevels.Default;

    /// <summary>True when acknowledgements wait for the disk (<c>barnabas.flush.on.ack</c>).</summary>
    public bool FlushOnAck { get; init; }

    /// <summary>
    /// Records that may be acknowledged without being on the disk: one that makes more of them waits for a flush, as with Kafka's
    /// <c>flush.messages</c>. <see cref="long.MaxValue"/> for any number.
    /// </summary>
    public long UnflushedMax => FlushOnAck ? 0 : FlushMessages == long.MaxValue ? long.MaxValue : FlushMessages - 1;
}
