using System.Globalization;
using Barnabas.Log;
using Barnabas.Protocol.Records;

namespace Barnabas.Broker.Config;

/// <summary>
/// The configuration of a topic in force: its own values over the broker's, over the defaults. Immutable, for any thread; topics that set
/// nothing share one.
/// </summary>
public sealed class TopicConfig
{
    private readonly Dictionary<string, string> _overrides;
    private readonly BrokerConfig _broker;
    private LogConfig? _log;

    internal TopicConfig(BrokerConfig broker, Dictionary<string, string> overrides)
    {
        _broker = broker;
        _overrides = overrides;
    }

    /// <summary>The keys that the topic sets itself.</summary>
    public IReadOnlyDictionary<string, string> Overrides => _overrides;

    /// <summary>How the topic's logs behave. Made when first asked for; two threads that ask at once may each make one.</summary>
    public LogConfig Log => Volatile.Read(ref _log) ?? (_log = ReadLog());

    /// <summary>uncompressed, gzip, snappy, lz4, zstd, or producer.</summary>
    public string CompressionType => Value("compression.type")!;

    /// <summary>Whether a replica that is not in sync may lead as a last resort.</summary>
    public bool UncleanLeaderElection => IsTrue("unclean.leader.election.enable");

    /// <summary>The value of a topic's key in force, as text; null for none.</summary>
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

    /// <summary>The value of a key of type int or long.</summary>
    internal long Long(string name) =>
        long.Parse(Value(name).AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private LogConfig ReadLog()
    {
        var policies = ConfigRules.Items(Value("cleanup.policy") ?? "");
        return new LogConfig
        {
            Cleanup = (policies.Contains("delete") ? CleanupPolicy.Delete : CleanupPolicy.None)
                | (policies.Contains("compact") ? CleanupPolicy.Compact : CleanupPolicy.None),
            TimestampType = Value("message.timestamp.type") == "LogAppendTime" ? TimestampType.LogAppendTime : TimestampType.CreateTime,
            TimestampBeforeMaxMs = Long("message.timestamp.before.max.ms"),
            TimestampAfterMaxMs = Long("message.timestamp.after.max.ms"),
            MaxMessageBytes = (int)Long("max.message.bytes"),
            MinInsyncReplicas = (int)Long("min.insync.replicas"),
            SegmentBytes = (int)Long(Value("internal.segment.bytes") is null ? "segment.bytes" : "internal.segment.bytes"),
            SegmentMs = Long("segment.ms"),
            SegmentJitterMs = Long("segment.jitter.ms"),
            RetentionMs = Long("retention.ms"),
            RetentionBytes = Long("retention.bytes"),
            IndexIntervalBytes = (int)Long("index.interval.bytes"),
            IndexBytesMax = (int)Long("segment.index.bytes"),
            StoredCompression = StoredCompression(),
            StoredCompressionLevel = StoredLevel(),
            FlushMessages = Long("flush.messages"),
            FlushMs = Long("flush.ms"),
            FileDeleteDelayMs = Long("file.delete.delay.ms"),
            DeleteRetentionMs = Long("delete.retention.ms"),
            MinCompactionLagMs = Long("min.compaction.lag.ms"),
            MaxCompactionLagMs = Long("max.compaction.lag.ms"),
            MinCleanableDirtyRatio = double.Parse(
                Value("min.cleanable.dirty.ratio")!, NumberStyles.Float, CultureInfo.InvariantCulture),
            Preallocate = IsTrue("preallocate"),
            ProducerIdExpirationMs = _broker.Transactions.ProducerIdExpirationMs,
            FlushOnAck = IsTrue("barnabas.flush.on.ack"),
        };
    }

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    /// <summary>A time below zero means for ever, in whatever unit it is written.</summary>
    private long? InMs(string name, long unitMs) => _broker.LongOrNull(name) is { } number ? (number < 0 ? -1 : number * unitMs) : null;

    private CompressionType? StoredCompression() => CompressionType switch
    {
        "uncompressed" => Protocol.Records.CompressionType.None,
        "gzip" => Protocol.Records.CompressionType.Gzip,
        "snappy" => Protocol.Records.CompressionType.Snappy,
        "lz4" => Protocol.Records.CompressionType.Lz4,
        "zstd" => Protocol.Records.CompressionType.Zstd,
        _ => null,
    };

    private int StoredLevel()
    {
        if (CompressionType is not ("gzip" or "lz4" or "zstd"))
        {
            return CompressionLevels.Default;
        }

        // Kafka writes -1 for the default of gzip.
        var level = (int)Long($"compression.{CompressionType}.level");
        return level == -1 && CompressionType == "gzip" ? CompressionLevels.Default : level;
    }
}
