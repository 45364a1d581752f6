namespace Barnabas.Broker.Config.Tables;

/// <summary>
/// Keys of a topic; the fourth column is the broker key that gives the default: rows as <see cref="ConfigTable"/> reads them.
/// </summary>
internal static class TopicKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        cleanup.policy | list | delete | log.cleanup.policy | [compact, delete]
            What becomes of old segments: delete, compact, both, or neither.
        compression.gzip.level | int | -1 | compression.gzip.level | [1,...,9] or -1
            Level of gzip where the broker compresses; -1 is the codec's own default.
        compression.lz4.level | int | 9 | compression.lz4.level | [1,...,17]
            Level of lz4 where the broker compresses.
        compression.type | string | producer | compression.type | [uncompressed, zstd, lz4, snappy, gzip, producer]
            The codec that the topic is stored with; producer keeps that of the producer.
        compression.zstd.level | int | 3 | compression.zstd.level | [-131072,...,22]
            Level of zstd where the broker compresses.
        delete.retention.ms | long | 86400000 | log.cleaner.delete.retention.ms | [0,...]
            How long tombstones stay after compaction.
        file.delete.delay.ms | long | 60000 | log.segment.delete.delay.ms | [0,...]
            How long the files of a deleted segment stay on disk.
        flush.messages | long | 9223372036854775807 | log.flush.interval.messages | [1,...]
            A partition is flushed to disk after so many records.
        flush.ms | long | 9223372036854775807 | log.flush.interval.ms | [0,...]
            A partition is flushed to disk at the latest this long after a record.
        follower.replication.throttled.replicas | list | "" | - | [partitionId]:[brokerId],[partitionId]:[brokerId],...
            Followers whose replication is throttled: a list of partition:broker, or * for all.
        index.interval.bytes | int | 4096 | log.index.interval.bytes | [0,...]
            An entry is added to the indexes after so many bytes of records.
        internal.segment.bytes | int | null | - internal
            Segment size without a lower bound; for tests.
        leader.replication.throttled.replicas | list | "" | - | [partitionId]:[brokerId],[partitionId]:[brokerId],...
            Leaders whose replication is throttled: a list of partition:broker, or * for all.
        local.retention.bytes | long | -2 | log.local.retention.bytes | [-2,...]
            How much of a tiered partition stays on local disk; -2 takes retention.bytes.
        local.retention.ms | long | -2 | log.local.retention.ms | [-2,...]
            How long segments of a tiered partition stay on local disk; -2 takes retention.ms.
        max.compaction.lag.ms | long | 9223372036854775807 | log.cleaner.max.compaction.lag.ms | [1,...]
            The longest that a record may stay without being considered for compaction.
        max.message.bytes | int | 1048588 | message.max.bytes | [0,...]
            The largest batch of records that is taken.
        message.timestamp.after.max.ms | long | 3600000 | log.message.timestamp.after.max.ms | [0,...]
            How far a record's timestamp may lie ahead of the broker's clock.
        message.timestamp.before.max.ms | long | 9223372036854775807 | log.message.timestamp.before.max.ms | [0,...]
            How far a record's timestamp may lie behind the broker's clock.
        message.timestamp.type | string | CreateTime | log.message.timestamp.type | [CreateTime, LogAppendTime]
            Whether a record carries the producer's time or the time of its append.
        min.cleanable.dirty.ratio | double | 0.5 | log.cleaner.min.cleanable.ratio | [0,...,1]
            The share of a log that must be dirty before it is compacted.
        min.compaction.lag.ms | long | 0 | log.cleaner.min.compaction.lag.ms | [0,...]
            The shortest time that a record stays uncompacted.
        min.insync.replicas | int | 1 | min.insync.replicas | [1,...]
            In-sync replicas that an acks=all produce needs.
        preallocate | boolean | false | log.preallocate
            Whether space for a new segment is reserved at once.
        remote.log.copy.disable | boolean | false | -
            Whether copying to remote storage is stopped, so that the topic's remote part becomes read-only.
        remote.log.delete.on.disable | boolean | false | -
            Whether the remote part is deleted when tiered storage is switched off for the topic.
        remote.storage.enable | boolean | false | -
            Whether closed segments are copied to remote storage.
        retention.bytes | long | -1 | log.retention.bytes
            The size of a partition beyond which its oldest segments are deleted; -1 sets no limit.
        retention.ms | long | 604800000 | log.retention.ms | [-1,...]
            How long segments are kept; -1 keeps them for ever.
        segment.bytes | int | 1073741824 | log.segment.bytes | [1048576,...]
            Size at which a segment is closed.
        segment.index.bytes | int | 10485760 | log.index.size.max.bytes | [4,...]
            The largest size of an index file.
        segment.jitter.ms | long | 0 | log.roll.jitter.ms | [0,...]
            The random share taken off the age at which a segment is closed.
        segment.ms | long | 604800000 | log.roll.ms | [1,...]
            Age at which a segment is closed.
        unclean.leader.election.enable | boolean | false | unclean.leader.election.enable
            Whether a replica that is not in sync may become leader as a last resort.
        """u8;
}
