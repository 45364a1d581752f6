namespace Barnabas.Broker.Config.Tables;

/// <summary>Tiered storage: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class TieredKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        follower.fetch.last.tiered.offset.enable | boolean | false | cluster-wide
            Whether an empty follower begins after what is already in remote storage.
        remote.fetch.max.wait.ms | int | 500 | cluster-wide | [1,...]
            The longest that a fetch waits for remote storage.
        remote.list.offsets.request.timeout.ms | long | 30000 | cluster-wide | [1,...]
            The longest that a look-up of offsets waits for remote storage.
        remote.log.index.file.cache.total.size.bytes | long | 1073741824 | cluster-wide | [1,...]
            Disk for cached indexes of remote segments.
        remote.log.index.file.cache.ttl.ms | long | 900000 | read-only internal | [-1,...]
            How long the cached index of a remote segment stays unused; -1 sets no time.
        remote.log.manager.copier.thread.pool.size | int | 10 | cluster-wide | [1,...]
            Threads that copy segments to remote storage.
        remote.log.manager.copy.max.bytes.per.second | long | 9223372036854775807 | cluster-wide | [1,...]
            The most bytes a second that are copied to remote storage.
        remote.log.manager.copy.quota.window.num | int | 11 | read-only | [1,...]
            Samples kept for the quota on copying to remote storage.
        remote.log.manager.copy.quota.window.size.seconds | int | 1 | read-only | [1,...]
            Span of a sample for the quota on copying to remote storage.
        remote.log.manager.expiration.thread.pool.size | int | 10 | cluster-wide | [1,...]
            Threads that delete expired segments from remote storage.
        remote.log.manager.fetch.max.bytes.per.second | long | 9223372036854775807 | cluster-wide | [1,...]
            The most bytes a second that are fetched from remote storage.
        remote.log.manager.fetch.quota.window.num | int | 11 | read-only | [1,...]
            Samples kept for the quota on fetching from remote storage.
        remote.log.manager.fetch.quota.window.size.seconds | int | 1 | read-only | [1,...]
            Span of a sample for the quota on fetching from remote storage.
        remote.log.manager.follower.thread.pool.size | int | 2 | cluster-wide | [1,...]
            Threads of followers for tiered partitions.
        remote.log.manager.task.interval.ms | long | 30000 | read-only | [1,...]
            How often tasks over tiered partitions run.
        remote.log.manager.task.retry.backoff.max.ms | long | 30000 | read-only internal | [1,...]
            The longest wait before a failed task over a tiered partition runs again.
        remote.log.manager.task.retry.backoff.ms | long | 500 | read-only internal | [1,...]
            The first wait before a failed task over a tiered partition runs again.
        remote.log.manager.task.retry.jitter | double | 0.2 | read-only internal | [0,...,0.5]
            The random share of that wait.
        remote.log.manager.thread.pool.size | int | 2 | read-only | [1,...]
            Threads for scheduling the tasks over tiered partitions.
        remote.log.metadata.custom.metadata.max.bytes | int | 128 | read-only | [0,...]
            The most bytes of its own that a storage plug-in may keep per segment.
        remote.log.metadata.manager.class.name | string
            | org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager | read-only | non-empty
            What keeps the metadata of remote segments.
        remote.log.metadata.manager.class.path | string | null | read-only
            Where that plug-in's code lies.
        remote.log.metadata.manager.impl.prefix | string | rlmm.config. | read-only | non-empty
            Prefix of the keys that are handed to the metadata plug-in.
        remote.log.metadata.manager.listener.name | string | null | read-only | non-empty
            The listener over which the metadata plug-in reaches the brokers.
        remote.log.reader.max.pending.tasks | int | 100 | read-only | [1,...]
            Reads of remote storage that may wait.
        remote.log.reader.threads | int | 10 | cluster-wide | [1,...]
            Threads that read from remote storage.
        remote.log.storage.manager.class.name | string | null | read-only | non-empty
            What stores remote segments.
        remote.log.storage.manager.class.path | string | null | read-only
            Where that plug-in's code lies.
        remote.log.storage.manager.impl.prefix | string | rsm.config. | read-only | non-empty
            Prefix of the keys that are handed to the storage plug-in.
        remote.log.storage.system.enable | boolean | false | read-only
            Whether topics may use tiered storage at all.
        """u8;
}
