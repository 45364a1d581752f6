using Barnabas.Log;
using Barnabas.Protocol.Records;

namespace Barnabas.Broker.Config;

/// <summary>What a topic's configuration means to its logs. Stateless.</summary>
internal static class TopicLogConfig
{
    /// <summary>The settings of the logs of a topic.</summary>
    public static LogConfig ToLogConfig(this TopicConfig topic, BrokerConfig broker) => new()
    {
        SegmentBytes = topic.SegmentBytes,
        SegmentMs = topic.SegmentMs,
        SegmentJitterMs = topic.SegmentJitterMs,
        RetentionMs = topic.RetentionMs,
        RetentionBytes = topic.RetentionBytes,
        IndexIntervalBytes = topic.IndexIntervalBytes,
        IndexBytesMax = topic.IndexBytesMax,
        MaxMessageBytes = topic.MessageBytesMax,
        FlushMessages = topic.FlushMessages,
        FlushMs = topic.FlushMs,
        Cleanup = (topic.IsDeleted ? CleanupPolicy.Delete : CleanupPolicy.None)
            | (topic.IsCompacted ? CleanupPolicy.Compact : CleanupPolicy.None),
        TimestampType = topic.UsesAppendTime ? TimestampType.LogAppendTime : TimestampType.CreateTime,
        TimestampBeforeMaxMs = topic.TimestampBeforeMsMax,
        TimestampAfterMaxMs = topic.TimestampAfterMsMax,
        Preallocate = topic.Preallocates,
        FileDeleteDelayMs = topic.FileDeleteDelayMs,
        ProducerIdExpirationMs = broker.Long("producer.id.expiration.ms"),
        MinInsyncReplicas = topic.MinInsyncReplicas,
        MinCleanableDirtyRatio = topic.DirtyRatioMin,
        MinCompactionLagMs = topic.CompactionLagMsMin,
        MaxCompactionLagMs = topic.CompactionLagMsMax,
        DeleteRetentionMs = topic.DeleteRetentionMs,
        StoredCompression = Compression(topic.CompressionType),
        StoredCompressionLevel = Level(topic),
        FlushOnAck = topic.FlushesOnAck,
    };

    private static CompressionType? Compression(string name) => name switch
    {
        "uncompressed" => CompressionType.None,
        "gzip" => CompressionType.Gzip,
        "snappy" => CompressionType.Snappy,
        "lz4" => CompressionType.Lz4,
        "zstd" => CompressionType.Zstd,
        _ => null,
    };

    private static int Level(TopicConfig topic)
    {
        var name = topic.CompressionType is "gzip" or "lz4" or "zstd" ? $"compression.{topic.CompressionType}.level" : null;

        // Kafka writes -1 for the default of gzip.
        return name is not null && int.TryParse(topic.Value(name), out var level) && (level != -1 || topic.CompressionType != "gzip")
            ? level
            : CompressionLevels.Default;
    }
}
