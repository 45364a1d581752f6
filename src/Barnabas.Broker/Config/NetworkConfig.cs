namespace Barnabas.Broker.Config;

/// <summary>What limits connections and requests. Immutable, for any thread.</summary>
public sealed class NetworkConfig
{
    internal NetworkConfig(BrokerConfig config)
    {
        ConnectionsMaxIdleMs = config.Long("connections.max.idle.ms");
        MaxConnections = config.Int("max.connections");
        MaxConnectionsPerIp = config.Int("max.connections.per.ip");
        MaxConnectionsPerIpOverrides = config.Text("max.connections.per.ip.overrides") ?? "";
        MaxConnectionCreationRate = config.Int("max.connection.creation.rate");
        QueuedMaxRequests = config.Int("queued.max.requests");
        QueuedMaxRequestBytes = config.Long("queued.max.request.bytes");
        SocketRequestBytesMax = config.Int("socket.request.max.bytes");
        SocketSendBufferBytes = config.Int("socket.send.buffer.bytes");
        SocketReceiveBufferBytes = config.Int("socket.receive.buffer.bytes");
        SocketListenBacklog = config.Int("socket.listen.backlog.size");
        FetchBytesMax = config.Int("fetch.max.bytes");
        FetchSessionSlots = config.Int("max.incremental.fetch.session.cache.slots");
        DescribePartitionsMax = config.Int("max.request.partition.size.limit");
    }

    /// <summary>A connection without a request for so long is closed; below 0 never.</summary>
    public long ConnectionsMaxIdleMs { get; }

    /// <summary>Most connections in all.</summary>
    public int MaxConnections { get; }

    /// <summary>Most connections from one address.</summary>
    public int MaxConnectionsPerIp { get; }

    /// <summary>Limits of single hosts, as host:limit, separated by commas.</summary>
    public string MaxConnectionsPerIpOverrides { get; }

    /// <summary>Most new connections a second.</summary>
    public int MaxConnectionCreationRate { get; }

    /// <summary>Requests in flight before sockets are no longer read.</summary>
    public int QueuedMaxRequests { get; }

    /// <summary>Bytes of requests in flight before sockets are no longer read; -1 leaves it to the broker.</summary>
    public long QueuedMaxRequestBytes { get; }

    /// <summary>Largest frame that is read.</summary>
    public int SocketRequestBytesMax { get; }

    /// <summary>Send buffer of a socket; -1 leaves it to the operating system.</summary>
    public int SocketSendBufferBytes { get; }

    /// <summary>Receive buffer of a socket; -1 leaves it to the operating system.</summary>
    public int SocketReceiveBufferBytes { get; }

    /// <summary>Connections that may wait to be accepted.</summary>
    public int SocketListenBacklog { get; }

    /// <summary>Most bytes in the answer to a fetch.</summary>
    public int FetchBytesMax { get; }

    /// <summary>Fetch sessions that are kept.</summary>
    public int FetchSessionSlots { get; }

    /// <summary>Most partitions in an answer to DescribeTopicPartitions.</summary>
    public int DescribePartitionsMax { get; }
}
