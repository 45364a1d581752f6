using Barnabas.Cluster.Partitions;
using Barnabas.Log.Compaction;

namespace Barnabas.Broker.Config;

/// <summary>
/// Partitions on disk, beyond what topics decide for themselves, and what new topics are made with. Immutable, for any thread.
/// </summary>
public sealed class LogsConfig
{
    internal LogsConfig(BrokerConfig config)
    {
        AutoCreateTopics = config.Boolean("auto.create.topics.enable");
        DeleteTopics = config.Boolean("delete.topic.enable");
        Partitions = config.Int("num.partitions");
        ReplicationFactor = (short)config.Int("default.replication.factor");
        RetentionCheckIntervalMs = config.Long("log.retention.check.interval.ms");
        FlushSchedulerIntervalMs = config.Long("log.flush.scheduler.interval.ms");
        RecoveryPointIntervalMs = config.Int("log.flush.offset.checkpoint.interval.ms");
        LogStartIntervalMs = config.Int("log.flush.start.offset.checkpoint.interval.ms");
        HighWatermarkIntervalMs = config.Long("replica.high.watermark.checkpoint.interval.ms");
        InitialTaskDelayMs = config.Long("log.initial.task.delay.ms");
        RecoveryThreads = config.Int("num.recovery.threads.per.data.dir");
        CleanerEnabled = config.Boolean("log.cleaner.enable");
        var cleaners = config.Int("log.cleaner.threads");
        var memory = new CleaningMemory(
            config.Long("log.cleaner.dedupe.buffer.size") / Math.Max(1, cleaners),
            config.Double("log.cleaner.io.buffer.load.factor"),
            config.Int("log.cleaner.io.buffer.size") / Math.Max(1, cleaners));
        Cleaner = new CleanerSettings(
            config.Long("log.cleaner.backoff.ms"), config.Double("log.cleaner.io.max.bytes.per.second"), memory, cleaners);
        ReplicaLagTimeMsMax = config.Long("replica.lag.time.max.ms");
    }

    /// <summary>Whether a topic comes into being when a client asks for it.</summary>
    public bool AutoCreateTopics { get; }

    /// <summary>Whether topics may be deleted.</summary>
    public bool DeleteTopics { get; }

    /// <summary>Partitions of a topic that is created without a number.</summary>
    public int Partitions { get; }

    /// <summary>Replicas of a topic that is created without a number.</summary>
    public short ReplicationFactor { get; }

    /// <summary>How often segments to delete are looked for.</summary>
    public long RetentionCheckIntervalMs { get; }

    /// <summary>How often partitions that are due to be flushed are looked for.</summary>
    public long FlushSchedulerIntervalMs { get; }

    /// <summary>How often recovery points are written.</summary>
    public int RecoveryPointIntervalMs { get; }

    /// <summary>How often log start offsets are written.</summary>
    public int LogStartIntervalMs { get; }

    /// <summary>How often high watermarks are written.</summary>
    public long HighWatermarkIntervalMs { get; }

    /// <summary>How long after the start periodic tasks begin.</summary>
    public long InitialTaskDelayMs { get; }

    /// <summary>Threads per directory for recovery and for the last flush.</summary>
    public int RecoveryThreads { get; }

    /// <summary>Whether logs are compacted.</summary>
    public bool CleanerEnabled { get; }

    /// <summary>How they are compacted.</summary>
    public CleanerSettings Cleaner { get; }

    /// <summary>A follower that has not caught up for so long leaves the ISR.</summary>
    public long ReplicaLagTimeMsMax { get; }
}
