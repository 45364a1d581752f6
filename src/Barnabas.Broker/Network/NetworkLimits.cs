namespace Barnabas.Broker.Network;

/// <summary>Every bound of the network, with Kafka's name and default where Kafka has one. Immutable.</summary>
public sealed record NetworkLimits
{
    /// <summary><c>socket.request.max.bytes</c>: a larger frame is refused before it is read.</summary>
    public int RequestBytesMax { get; init; } = 100 * 1024 * 1024;

    /// <summary>
    /// <c>queued.max.request.bytes</c>: bytes of requests held in memory by all connections. Kafka's default is no bound; here -1 means
    /// <see cref="RequestBytesHeldDefault"/>, because memory is never what gives way.
    /// </summary>
    public long RequestBytesHeldMax { get; init; } = -1;

    /// <summary><c>queued.max.requests</c>: requests of all connections that were started and have not taken effect.</summary>
    public int RequestsQueuedMax { get; init; } = 500;

    /// <summary>Requests of one connection whose replies have not left: further ones wait in the socket.</summary>
    public int RequestsPerConnectionMax { get; init; } = 128;

    /// <summary>
    /// Bytes of replies that one connection may have waiting for a slow reader, files not counted, before it is not read any more.
    /// </summary>
    public int ReplyBytesPerConnectionMax { get; init; } = 1024 * 1024;

    /// <summary><c>connections.max.idle.ms</c>; 0 or less for never.</summary>
    public long IdleMsMax { get; init; } = 600_000;

    /// <summary><c>max.connections</c>: at this many, the others wait in the listener's backlog.</summary>
    public int ConnectionsMax { get; init; } = int.MaxValue;

    /// <summary><c>max.connections.per.ip</c>: one more is closed at once.</summary>
    public int ConnectionsPerIpMax { get; init; } = int.MaxValue;

    /// <summary><c>max.connections.per.ip.overrides</c> by address.</summary>
    public IReadOnlyDictionary<System.Net.IPAddress, int> ConnectionsPerIpOverrides { get; init; } =
        new Dictionary<System.Net.IPAddress, int>();

    /// <summary><c>socket.listen.backlog.size</c>.</summary>
    public int BacklogMax { get; init; } = 50;

    /// <summary>Bound of <see cref="RequestBytesHeldMax"/> when it is not set.</summary>
    public const long RequestBytesHeldDefault = 512L * 1024 * 1024;

    /// <summary>Frames of one connection that are started in one turn, so that a busy one does not hold the others.</summary>
    public const int FramesPerTurnMax = 64;

    /// <summary>Bytes that are sent to one connection in one turn, for the same reason.</summary>
    public const int SentBytesPerTurnMax = 1024 * 1024;

    /// <summary>Requests that one loop keeps for reuse.</summary>
    public const int RequestsKeptMax = 512;
}
