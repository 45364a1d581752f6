namespace Barnabas.Broker.Config.Tables;

/// <summary>Listeners, connections, sockets and requests: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class NetworkKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        listeners | list | PLAINTEXT://:9092 | per-broker
            The listeners to open, as NAME://host:port; an empty host means loopback, unless barnabas.insecure.allow.public is set.
        advertised.listeners | list | null | read-only
            The addresses that clients are told to use, one per listener; those of listeners when not set.
        listener.security.protocol.map | string | SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT | per-broker
            The security protocol of each listener name, as NAME:PROTOCOL.
        inter.broker.listener.name | string | null | read-only
            The listener over which brokers talk to each other.
        security.inter.broker.protocol | string | PLAINTEXT | read-only | [PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL]
            The security protocol among brokers where no listener is named for it.
        connections.max.idle.ms | long | 600000 | read-only
            A connection without a request for so long is closed.
        connections.max.reauth.ms | long | 0 | read-only
            The longest life of an authenticated session; 0 sets no limit.
        connection.failed.authentication.delay.ms | int | 100 | read-only | [0,...]
            How long a connection that failed to authenticate stays open before it is closed.
        max.connection.creation.rate | int | 2147483647 | cluster-wide | [0,...]
            The most new connections a second.
        max.connections | int | 2147483647 | cluster-wide | [0,...]
            The most connections of this broker, or of one listener under its prefix.
        max.connections.per.ip | int | 2147483647 | cluster-wide | [0,...]
            The most connections from one address.
        max.connections.per.ip.overrides | string | "" | cluster-wide
            Limits for single addresses or host names, as host:limit.
        num.network.threads | int | 3 | cluster-wide | [1,...]
            Threads that read requests and write answers.
        num.io.threads | int | 8 | cluster-wide | [1,...]
            Threads that serve requests, disks included.
        background.threads | int | 10 | cluster-wide | [1,...]
            Threads for tasks in the background.
        queued.max.requests | int | 500 | read-only | [1,...]
            Requests that may wait before sockets are no longer read.
        queued.max.request.bytes | long | -1 | read-only
            Bytes of requests that may wait before sockets are no longer read; -1 sets no limit.
        request.timeout.ms | int | 30000 | read-only
            How long this broker as a client waits for an answer.
        socket.connection.setup.timeout.max.ms | long | 30000 | read-only
            The longest wait for a connection to come about, after all backoff.
        socket.connection.setup.timeout.ms | long | 10000 | read-only
            The first wait for a connection to come about.
        socket.listen.backlog.size | int | 50 | read-only | [1,...]
            Connections that may wait to be accepted.
        socket.receive.buffer.bytes | int | 102400 | read-only
            Receive buffer of server sockets; -1 leaves it to the operating system.
        socket.request.max.bytes | int | 104857600 | read-only | [1,...]
            The largest request that is read; a larger one closes its connection.
        socket.send.buffer.bytes | int | 102400 | read-only
            Send buffer of server sockets; -1 leaves it to the operating system.
        max.request.partition.size.limit | int | 2000 | read-only | [1,...]
            The most partitions in one answer to DescribeTopicPartitions.
        fetch.max.bytes | int | 57671680 | read-only | [1024,...]
            The most bytes in the answer to one fetch request.
        max.incremental.fetch.session.cache.slots | int | 1000 | read-only | [0,...]
            How many incremental fetch sessions are kept.
        fetch.purgatory.purge.interval.requests | int | 1000 | read-only
            After how many requests finished waiting fetches are cleared away.
        producer.purgatory.purge.interval.requests | int | 1000 | read-only
            After how many requests finished waiting produces are cleared away.
        delete.records.purgatory.purge.interval.requests | int | 1 | read-only
            After how many requests finished waiting record deletions are cleared away.
        share.fetch.purgatory.purge.interval.requests | int | 1000 | read-only
            After how many requests finished waiting share fetches are cleared away.
        telemetry.max.bytes | int | 1048576 | read-only | [1,...]
            The largest batch of metrics that a client may push.
        """u8;
}
