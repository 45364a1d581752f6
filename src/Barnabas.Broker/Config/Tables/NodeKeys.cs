namespace Barnabas.Broker.Config.Tables;

/// <summary>What this process is, and the quorum that it belongs to: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class NodeKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        process.roles | list | null | read-only | [broker, controller]
            The parts of the cluster that this process takes: broker, controller, or both.
        node.id | int | null | read-only | [0,...]
            The id of this node in the cluster; unique among brokers and controllers.
        broker.id | int | -1 | read-only
            An older name of node.id; -1 leaves the choice to node.id.
        broker.rack | string | null | read-only
            The rack or zone of this broker, for spreading replicas and for fetching from near by.
        broker.heartbeat.interval.ms | int | 2000 | read-only
            Time between two heartbeats of a broker to the controller.
        broker.session.timeout.ms | int | 9000 | read-only
            After this long without a heartbeat the controller fences the broker.
        initial.broker.registration.timeout.ms | int | 60000 | read-only
            How long a starting broker tries to register before it gives up.
        controlled.shutdown.enable | boolean | true | read-only
            Whether a broker that stops first hands its leaderships over.
        server.max.startup.time.ms | long | 9223372036854775807 | read-only internal | [0,...]
            The longest that a start may take before the process ends.
        controller.listener.names | list | null | read-only
            The listeners, by name, over which controllers are reached.
        controller.performance.always.log.threshold.ms | long | 2000 | read-only internal | [0,...]
            A controller event that takes longer than this is always logged.
        controller.performance.sample.period.ms | long | 60000 | read-only internal | [100,...]
            How often the performance of the controller's events is summed up in the log.
        controller.quorum.append.linger.ms | int | 25 | read-only | [0,...]
            How long the leader gathers metadata records before it writes them.
        controller.quorum.auto.join.enable | boolean | false | read-only
            Whether a controller adds itself to the voters of the quorum.
        controller.quorum.bootstrap.servers | list | "" | read-only | non-empty
            Endpoints where the quorum can be found, as host:port.
        controller.quorum.election.backoff.max.ms | int | 1000 | read-only | [0,...]
            The longest random wait before a lost election is tried again.
        controller.quorum.election.timeout.ms | int | 1000 | read-only | [0,...]
            How long a candidate waits for votes.
        controller.quorum.fetch.max.bytes | int | 1048576 | read-only | [1,...]
            The most bytes of metadata log in one fetch of the quorum.
        controller.quorum.fetch.snapshot.max.bytes | int | 1048576 | read-only | [1,...]
            The most bytes of a metadata snapshot in one fetch.
        controller.quorum.fetch.timeout.ms | int | 2000 | read-only | [0,...]
            After this long without a successful fetch a voter starts an election.
        controller.quorum.request.timeout.ms | int | 2000 | read-only | [0,...]
            How long a request inside the quorum may stay unanswered.
        controller.quorum.retry.backoff.ms | int | 20 | read-only | [0,...]
            The wait before a failed request inside the quorum is sent again.
        controller.quorum.voters | list | "" | read-only | non-empty
            A fixed set of voters as id@host:port; empty when voters stand in the log.
        controller.socket.timeout.ms | int | 30000 | read-only
            Socket timeout of a broker's channel to the controller.
        metadata.log.dir | string | null | read-only
            Where the metadata log lies; the first of log.dirs when not set.
        metadata.log.max.record.bytes.between.snapshots | long | 20971520 | read-only | [1,...]
            A snapshot is taken after this many bytes of new metadata records.
        metadata.log.max.snapshot.interval.ms | long | 3600000 | read-only | [0,...]
            A snapshot is taken at the latest this long after the last; 0 sets no time.
        metadata.log.segment.bytes | int | 1073741824 | read-only | [8388608,...]
            Size at which the metadata log begins a new segment.
        metadata.log.segment.ms | long | 604800000 | read-only
            Age at which the metadata log begins a new segment.
        metadata.max.idle.interval.ms | int | 500 | read-only | [0,...]
            The active controller writes a no-op record when idle for so long; 0 writes none.
        metadata.max.retention.bytes | long | 104857600 | read-only
            Old metadata snapshots and segments beyond this size are deleted; -1 keeps them.
        metadata.max.retention.ms | long | 604800000 | read-only
            Metadata snapshots and segments older than this are deleted; -1 keeps them.
        internal.metadata.delete.delay.millis | long | 60000 | read-only internal
            How long deleted metadata files linger before they are removed from disk.
        internal.metadata.log.segment.bytes | int | null | read-only internal
            Segment size of the metadata log, without a lower bound; for tests.
        internal.metadata.max.batch.size.in.bytes | int | 8388608 | read-only internal
            The largest batch that the metadata log takes.
        unstable.api.versions.enable | boolean | false | read-only internal
            Whether request versions that are still in development are served.
        unstable.feature.versions.enable | boolean | false | read-only internal
            Whether feature levels that are still in development may be used.
        config.providers | list | "" | cluster-wide
            Names of the providers that resolve placeholders in values.
        early.start.listeners | list | null | read-only
            Listeners that open before authorization is ready.
        """u8;
}
