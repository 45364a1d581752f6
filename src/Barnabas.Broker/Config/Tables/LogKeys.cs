namespace Barnabas.Broker.Config.Tables;

/// <summary>Partitions on disk: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class LogKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        log.dir | list | /tmp/kafka-logs | read-only
            The data directory, when log.dirs is not set.
        log.dirs | list | null | read-only
            The data directories; partitions are spread over them.
        cordoned.log.dirs | list | "" | per-broker
            Data directories that receive no new partitions.
        log.dir.failure.timeout.ms | long | 30000 | read-only | [1,...]
            A broker that cannot report a failed directory to the controller for so long stops.
        log.cleaner.backoff.ms | long | 15000 | cluster-wide | [0,...]
            How long the cleaner sleeps when nothing is to be compacted.
        log.cleaner.dedupe.buffer.size | long | 134217728 | cluster-wide
            Memory, over all cleaner threads, for finding repeated keys.
        log.cleaner.delete.retention.ms | long | 86400000 | cluster-wide | [0,...]
            How long tombstones stay in compacted topics.
        log.cleaner.enable | boolean | true | read-only
            Whether the cleaner runs at all.
        log.cleaner.io.buffer.load.factor | double | 0.9 | cluster-wide
            How full the cleaner's map of keys may become.
        log.cleaner.io.buffer.size | int | 524288 | cluster-wide | [0,...]
            Memory, over all cleaner threads, for reading and writing.
        log.cleaner.io.max.bytes.per.second | double | 1.7976931348623157E308 | cluster-wide
            The most bytes that the cleaner reads and writes in a second; without a limit it rests 15 times its work.
        log.cleaner.max.compaction.lag.ms | long | 9223372036854775807 | cluster-wide | [1,...]
            The longest that a record may stay without being considered for compaction.
        log.cleaner.min.cleanable.ratio | double | 0.5 | cluster-wide | [0,...,1]
            The share of a log that must be dirty before it is compacted.
        log.cleaner.min.compaction.lag.ms | long | 0 | cluster-wide | [0,...]
            The shortest time that a record stays uncompacted.
        log.cleaner.threads | int | 1 | cluster-wide | [0,...]
            Threads that compact logs.
        log.cleanup.policy | list | delete | cluster-wide | [compact, delete]
            What becomes of old segments: delete, compact, both, or neither.
        log.flush.interval.messages | long | 9223372036854775807 | cluster-wide | [1,...]
            A partition is flushed to disk after so many records.
        log.flush.interval.ms | long | null | cluster-wide
            A partition is flushed to disk at the latest this long after a record; the scheduler's interval when not set.
        log.flush.offset.checkpoint.interval.ms | int | 60000 | read-only | [0,...]
            How often the recovery points are written.
        log.flush.scheduler.interval.ms | long | 9223372036854775807 | read-only
            How often it is looked for partitions that are due to be flushed.
        log.flush.start.offset.checkpoint.interval.ms | int | 60000 | read-only | [0,...]
            How often the log start offsets are written.
        log.index.interval.bytes | int | 4096 | cluster-wide | [0,...]
            An entry is added to the indexes after so many bytes of records.
        log.index.size.max.bytes | int | 10485760 | cluster-wide | [4,...]
            The largest size of an index file.
        log.initial.task.delay.ms | long | 30000 | read-only internal | [0,...]
            How long after the start the periodic tasks over logs begin.
        log.local.retention.bytes | long | -2 | cluster-wide | [-2,...]
            How much of a tiered partition stays on local disk; -2 takes log.retention.bytes.
        log.local.retention.ms | long | -2 | cluster-wide | [-2,...]
            How long segments of a tiered partition stay on local disk; -2 takes log.retention.ms.
        log.message.timestamp.after.max.ms | long | 3600000 | cluster-wide | [0,...]
            How far a record's timestamp may lie ahead of the broker's clock.
        log.message.timestamp.before.max.ms | long | 9223372036854775807 | cluster-wide | [0,...]
            How far a record's timestamp may lie behind the broker's clock.
        log.message.timestamp.type | string | CreateTime | cluster-wide | [CreateTime, LogAppendTime]
            Whether a record carries the producer's time or the time of its append.
        log.preallocate | boolean | false | cluster-wide
            Whether space for a new segment is reserved at once.
        log.retention.bytes | long | -1 | cluster-wide
            The size of a partition beyond which its oldest segments are deleted; -1 sets no limit.
        log.retention.check.interval.ms | long | 300000 | read-only | [1,...]
            How often it is looked for segments to delete.
        log.retention.hours | int | 168 | read-only
            How long segments are kept, in hours; log.retention.minutes and log.retention.ms go before it.
        log.retention.minutes | int | null | read-only
            How long segments are kept, in minutes; log.retention.ms goes before it.
        log.retention.ms | long | null | cluster-wide
            How long segments are kept, in milliseconds; -1 keeps them for ever.
        log.roll.hours | int | 168 | read-only | [1,...]
            Age at which a segment is closed, in hours; log.roll.ms goes before it.
        log.roll.jitter.hours | int | 0 | read-only | [0,...]
            The random share taken off log.roll.hours, in hours.
        log.roll.jitter.ms | long | null | cluster-wide
            The random share taken off the age at which a segment is closed, in milliseconds.
        log.roll.ms | long | null | cluster-wide
            Age at which a segment is closed, in milliseconds.
        log.segment.bytes | int | 1073741824 | cluster-wide | [1048576,...]
            Size at which a segment is closed.
        log.segment.delete.delay.ms | long | 60000 | cluster-wide | [0,...]
            How long the files of a deleted segment stay on disk.
        compression.type | string | producer | cluster-wide | [uncompressed, zstd, lz4, snappy, gzip, producer]
            The codec that topics are stored with; producer keeps that of the producer.
        compression.gzip.level | int | -1 | cluster-wide | [1,...,9] or -1
            Level of gzip where the broker compresses; -1 is the codec's own default.
        compression.lz4.level | int | 9 | cluster-wide | [1,...,17]
            Level of lz4 where the broker compresses.
        compression.zstd.level | int | 3 | cluster-wide | [-131072,...,22]
            Level of zstd where the broker compresses.
        message.max.bytes | int | 1048588 | cluster-wide | [0,...]
            The largest batch of records that is taken.
        num.recovery.threads.per.data.dir | int | 2 | cluster-wide | [1,...]
            Threads per data directory that recover logs at start and flush them at the end.
        num.replica.alter.log.dirs.threads | int | null | read-only
            Threads that move replicas between data directories.
        auto.create.topics.enable | boolean | true | read-only
            Whether a topic comes into being when a client asks for it.
        num.partitions | int | 1 | read-only | [1,...]
            Partitions of a topic that is created without a number.
        delete.topic.enable | boolean | true | read-only
            Whether topics may be deleted.
        create.topic.policy.class.name | class | null | read-only
            A policy that every new topic has to satisfy.
        alter.config.policy.class.name | class | null | read-only
            A policy that every change of configuration has to satisfy.
        """u8;
}
