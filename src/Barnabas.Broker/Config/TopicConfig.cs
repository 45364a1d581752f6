using System.Globalization;

namespace Barnabas.Broker.Config;

/// <summary>
/// The configuration of a topic in force: its own values over the broker's, over the defaults. Immutable, for any thread; topics that set
/// nothing share one. Sizes in bytes, times in milliseconds.
/// </summary>
public sealed class TopicConfig
{
    private readonly Dictionary<string, string> _overrides;
    private readonly BrokerConfig _broker;

    internal TopicConfig(BrokerConfig broker, Dictionary<string, string> overrides)
    {
        _broker = broker;
        _overrides = overrides;
        var policies = ConfigRules.Items(Value("cleanup.policy") ?? "");
        IsDeleted = policies.Contains("delete");
        IsCompacted = policies.Contains("compact");
        CompressionType = Value("compression.type")!;
        UsesAppendTime = Value("message.timestamp.type") == "LogAppendTime";
        TimestampBeforeMsMax = Long("message.timestamp.before.max.ms");
        TimestampAfterMsMax = Long("message.timestamp.after.max.ms");
        MessageBytesMax = (int)Long("max.message.bytes");
        MinInsyncReplicas = (int)Long("min.insync.replicas");
        SegmentBytes = (int)Long("internal.segment.bytes", Long("segment.bytes"));
        SegmentMs = Long("segment.ms");
        SegmentJitterMs = Long("segment.jitter.ms");
        RetentionMs = Long("retention.ms");
        RetentionBytes = Long("retention.bytes");
        IndexIntervalBytes = (int)Long("index.interval.bytes");
        IndexBytesMax = (int)Long("segment.index.bytes");
        FlushMessages = Long("flush.messages");
        FlushMs = Long("flush.ms");
        FileDeleteDelayMs = Long("file.delete.delay.ms");
        DeleteRetentionMs = Long("delete.retention.ms");
        CompactionLagMsMin = Long("min.compaction.lag.ms");
        CompactionLagMsMax = Long("max.compaction.lag.ms");
        DirtyRatioMin = double.Parse(Value("min.cleanable.dirty.ratio")!, NumberStyles.Float, CultureInfo.InvariantCulture);
        Preallocates = IsTrue("preallocate");
        UncleanLeaderElection = IsTrue("unclean.leader.election.enable");
        FlushesOnAck = IsTrue("barnabas.flush.on.ack");
    }

    /// <summary>The keys that the topic sets itself.</summary>
    public IReadOnlyDictionary<string, string> Overrides => _overrides;

    /// <summary>Whether old segments are deleted.</summary>
    public bool IsDeleted { get; }

    /// <summary>Whether only the newest record of a key is kept.</summary>
    public bool IsCompacted { get; }

    /// <summary>uncompressed, gzip, snappy, lz4, zstd, or producer.</summary>
    public string CompressionType { get; }

    /// <summary>Whether records are stamped with the time of their append.</summary>
    public bool UsesAppendTime { get; }

    /// <summary>How far a timestamp may lie behind the broker's clock.</summary>
    public long TimestampBeforeMsMax { get; }

    /// <summary>How far a timestamp may lie ahead of the broker's clock.</summary>
    public long TimestampAfterMsMax { get; }

    /// <summary>The largest batch.</summary>
    public int MessageBytesMax { get; }

    /// <summary>In-sync replicas that acks=all needs.</summary>
    public int MinInsyncReplicas { get; }

    /// <summary>Size at which a segment is closed.</summary>
    public int SegmentBytes { get; }

    /// <summary>Age at which a segment is closed.</summary>
    public long SegmentMs { get; }

    /// <summary>Random share taken off that age.</summary>
    public long SegmentJitterMs { get; }

    /// <summary>How long segments are kept; -1 for ever.</summary>
    public long RetentionMs { get; }

    /// <summary>Size beyond which old segments are deleted; -1 for none.</summary>
    public long RetentionBytes { get; }

    /// <summary>Bytes of records between two entries of the index.</summary>
    public int IndexIntervalBytes { get; }

    /// <summary>Largest size of an index.</summary>
    public int IndexBytesMax { get; }

    /// <summary>Records after which a partition is flushed.</summary>
    public long FlushMessages { get; }

    /// <summary>Time after which a partition is flushed.</summary>
    public long FlushMs { get; }

    /// <summary>How long the files of a deleted segment stay.</summary>
    public long FileDeleteDelayMs { get; }

    /// <summary>How long tombstones stay.</summary>
    public long DeleteRetentionMs { get; }

    /// <summary>Shortest time that a record stays uncompacted.</summary>
    public long CompactionLagMsMin { get; }

    /// <summary>Longest time that a record stays unconsidered for compaction.</summary>
    public long CompactionLagMsMax { get; }

    /// <summary>Share of a log that must be dirty before it is compacted, from 0 to 1.</summary>
    public double DirtyRatioMin { get; }

    /// <summary>Whether space for a new segment is reserved at once.</summary>
    public bool Preallocates { get; }

    /// <summary>Whether a replica that is not in sync may lead as a last resort.</summary>
    public bool UncleanLeaderElection { get; }

    /// <summary>Whether acknowledgements wait for a flush to the disk.</summary>
    public bool FlushesOnAck { get; }

    /// <summary>The value of a topic's key in force, as text.</summary>
    public string? Value(string name)
    {
        if (_overrides.TryGetValue(name, out var value))
        {
            return value;
        }

        // Some of a broker's keys have coarser or older ones behind them, which DescribeConfigs never names as a topic's synonyms.
        return name switch
        {
            "retention.ms" => Text(_broker.LongOrNull("log.retention.ms") ?? InMs("log.retention.minutes", 60_000)
                ?? InMs("log.retention.hours", 3_600_000)),
            "segment.ms" => Text(_broker.LongOrNull("log.roll.ms") ?? InMs("log.roll.hours", 3_600_000)),
            "segment.jitter.ms" => Text(_broker.LongOrNull("log.roll.jitter.ms") ?? InMs("log.roll.jitter.hours", 3_600_000)),
            "flush.ms" => Text(_broker.LongOrNull("log.flush.interval.ms") ?? _broker.LongOrNull("log.flush.scheduler.interval.ms")),
            _ => ConfigTable.Topic.Find(name) is { } key ? (key.Synonym is null ? null : _broker.Text(key.Synonym)) ?? key.Default : null,
        };
    }

    /// <summary>Whether a key of type boolean is true.</summary>
    internal bool IsTrue(string name) => Value(name).AsSpan().Trim().Equals("true", StringComparison.OrdinalIgnoreCase);

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    /// <summary>A retention below zero means for ever, in whatever unit it is written.</summary>
    private long? InMs(string name, long unitMs) => _broker.LongOrNull(name) is { } number ? (number < 0 ? -1 : number * unitMs) : null;

    private long Long(string name) => Long(name, 0);

    private long Long(string name, long whenUnset) =>
        Value(name) is { } text ? long.Parse(text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : whenUnset;
}
