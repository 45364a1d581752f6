using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Messages;

namespace Barnabas.Broker.Node;

/// <summary>
/// The listeners of a node with the ports that were bound: bound first, so that a port in use is told before anything is written, and open
/// to clients last. Used by whoever starts and stops the node.
/// </summary>
internal sealed class NodeNetwork
{
    private static readonly TimeSpan DrainMax = TimeSpan.FromSeconds(10);
    private readonly NetworkServer _server;
    private readonly List<(ListenerConfig Config, Listener Open)> _listeners = [];

    /// <summary>Binds every listener; connections wait until <see cref="Open"/>.</summary>
    public NodeNetwork(BrokerConfig config, IoLoopGroup group, IClock clock, bool opensController, OperatorLog log)
    {
        IWire wire = group.Kind == WireKind.Epoll ? new EpollWire() : new SocketWire();
        Loops = group.Io.Select((host, index) => new Loop($"network-{index}", host, clock)).ToArray();
        _server = new NetworkServer(wire, Loops, config.Network.Limits, new NetworkLog(
            (what, fault) => log.Error("network", what, fault), notice => log.Debug("network", notice)));
        foreach (var listener in config.Listeners.Where(l => opensController || !l.IsController))
        {
            var table = listener.IsController ? ControllerApis : BrokerApis;
            _listeners.Add((listener, _server.Listen(listener.Name, listener.Bind, table, paused: true)));
        }
    }

    /// <summary>The loops of the connections.</summary>
    public Loop[] Loops { get; }

    /// <summary>What clients are served; filled before <see cref="Open"/>.</summary>
    public HandlerTable BrokerApis { get; } = new(ApiListeners.Broker);

    /// <summary>What is served on the quorum's listener; filled before <see cref="Open"/>.</summary>
    public HandlerTable ControllerApis { get; } = new(ApiListeners.Controller);

    /// <summary>The network, for its counts.</summary>
    public NetworkServer Server => _server;

    /// <summary>The addresses to give to clients.</summary>
    public IReadOnlyList<HostAndPort> ClientAddresses =>
        [.. _listeners.Where(l => !l.Config.IsController).Select(l => Advertised(l.Config, l.Open))];

    /// <summary>What the registration of the broker says, one per client listener.</summary>
    public IReadOnlyList<NodeEndpoint> BrokerEndpoints =>
        [.. _listeners.Where(l => !l.Config.IsController).Select(l => ToEndpoint(l.Config, Advertised(l.Config, l.Open)))];

    /// <summary>What the registration of the controller says.</summary>
    public IReadOnlyList<NodeEndpoint> ControllerEndpoints =>
        [.. _listeners.Where(l => l.Config.IsController).Select(l => ToEndpoint(l.Config, Advertised(l.Config, l.Open)))];

    /// <summary>
    /// Where the voter says that it listens: an embedded broker without a controller listener names the address it would have.
    /// </summary>
    public VoterEndpoint Voter(BrokerConfig config)
    {
        var controller = ControllerEndpoints.Count > 0
            ? ControllerEndpoints[0]
            : config.Listeners.Where(l => l.IsController).Select(l => ToEndpoint(l, l.Advertised)).FirstOrDefault()
                ?? new NodeEndpoint("CONTROLLER", "localhost", 9093, 0);
        return new VoterEndpoint(controller.Name, controller.Host, controller.Port);
    }

    /// <summary>Lets connections in.</summary>
    public void Open() => _server.Resume();

    /// <summary>Stops accepting, finishes what is in flight, closes.</summary>
    public Task StopAsync() => _server.StopAsync(DrainMax);

    private static NodeEndpoint ToEndpoint(ListenerConfig listener, HostAndPort address) =>
        new(listener.Name, address.Host, (ushort)address.Port, (short)listener.Protocol);

    private static HostAndPort Advertised(ListenerConfig listener, Listener open) =>
        listener.Advertised.Port != 0 ? listener.Advertised : listener.Advertised with { Port = open.EndPoint.Port };
}
