namespace Barnabas.Broker.Config.Tables;

/// <summary>Replicas, leaders and quotas among brokers: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class ReplicationKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        default.replication.factor | int | 1 | read-only
            Replicas of a topic that is created without a number.
        min.insync.replicas | int | 1 | cluster-wide | [1,...]
            In-sync replicas that an acks=all produce needs.
        unclean.leader.election.enable | boolean | false | cluster-wide
            Whether a replica that is not in sync may become leader as a last resort.
        unclean.leader.election.interval.ms | long | 300000 | read-only internal | [1,...]
            How often it is looked for partitions that need an unclean leader.
        auto.leader.rebalance.enable | boolean | true | read-only
            Whether leadership returns to preferred replicas by itself.
        leader.imbalance.check.interval.seconds | long | 300 | read-only | [1,...]
            How often it is looked for leaders that are not the preferred replica.
        num.replica.fetchers | int | 1 | cluster-wide | [1,...]
            Fetcher threads per source broker.
        replica.fetch.backoff.ms | int | 1000 | read-only | [0,...]
            The wait after a failed fetch of a follower.
        replica.fetch.max.bytes | int | 1048576 | read-only | [0,...]
            The most bytes of one partition that a follower asks for.
        replica.fetch.min.bytes | int | 1 | read-only
            The fewest bytes that a follower's fetch waits for.
        replica.fetch.response.max.bytes | int | 10485760 | read-only | [0,...]
            The most bytes in one answer to a follower.
        replica.fetch.wait.max.ms | int | 500 | read-only
            The longest that a follower's fetch waits for bytes.
        replica.high.watermark.checkpoint.interval.ms | long | 5000 | read-only
            How often high watermarks are written to disk.
        replica.lag.time.max.ms | long | 30000 | read-only
            A follower that has not caught up for so long leaves the in-sync replicas.
        replica.selector.class | string | null | read-only
            What chooses the replica that a consumer reads from.
        replica.socket.receive.buffer.bytes | int | 65536 | read-only
            Receive buffer of a follower's sockets.
        replica.socket.timeout.ms | int | 30000 | read-only
            Socket timeout of a follower's fetches.
        alter.log.dirs.replication.quota.window.num | int | 11 | read-only | [1,...]
            Samples kept for the quota on moves between directories.
        alter.log.dirs.replication.quota.window.size.seconds | int | 1 | read-only | [1,...]
            Span of a sample for the quota on moves between directories.
        controller.quota.window.num | int | 11 | read-only | [1,...]
            Samples kept for the quota on changes of metadata.
        controller.quota.window.size.seconds | int | 1 | read-only | [1,...]
            Span of a sample for the quota on changes of metadata.
        quota.window.num | int | 11 | read-only | [1,...]
            Samples kept for the quotas of clients.
        quota.window.size.seconds | int | 1 | read-only | [1,...]
            Span of a sample for the quotas of clients.
        replication.quota.window.num | int | 11 | read-only | [1,...]
            Samples kept for the quota on replication.
        replication.quota.window.size.seconds | int | 1 | read-only | [1,...]
            Span of a sample for the quota on replication.
        leader.replication.throttled.rate | long | null | cluster-wide when-set | [0,...]
            The most bytes in a second that leaders send to throttled replicas.
        follower.replication.throttled.rate | long | null | cluster-wide when-set | [0,...]
            The most bytes in a second that throttled replicas fetch.
        replica.alter.log.dirs.io.max.bytes.per.second | long | null | cluster-wide when-set | [0,...]
            The most bytes in a second that are copied between data directories; no limit when not set.
        client.quota.callback.class | class | null | read-only
            What decides the quota of a client, instead of the built-in rules.
        """u8;
}
