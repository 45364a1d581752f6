using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Handlers;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Metrics;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.App;

/// <summary>Starts the broker of this process. Stateless.</summary>
internal static class BrokerStarter
{
    /// <summary>Returns when the broker answers.</summary>
    public static StartedBroker Start(BrokerConfig config, OperatorLog log)
    {
        var clock = SystemClock.Instance;
        var loops = IoLoopGroup.Acquire(IoLoopGroup.DefaultKind, clock);
        IWire wire = loops.Kind == WireKind.Epoll ? new EpollWire() : new SocketWire();
        var network = new NetworkServer(
            wire, loops.Io.Select((host, index) => new Loop($"network-{index}", host, clock)).ToArray(), config.Network.Limits,
            new NetworkLog((what, fault) => log.Error("network", what, fault), notice => log.Debug("network", notice)));
        var clients = new HandlerTable(ApiListeners.Broker).Add(new ApiVersionsHandler(() => FeatureView.Empty));
        var controllers = new HandlerTable(ApiListeners.Controller).Add(new ApiVersionsHandler(() => FeatureView.Empty));
        var told = new List<HostAndPort>();
        foreach (var listener in config.Listeners)
        {
            var opened = network.Listen(listener.Name, listener.Bind, listener.IsController ? controllers : clients);
            if (!listener.IsController)
            {
                var port = listener.Advertised.Port;
                told.Add(listener.Advertised with { Port = port == 0 ? opened.EndPoint.Port : port });
            }
        }

        // Instruments are made beside the first answers: nothing is lost, as the loops count from the first request on.
        var meter = Task.Run(() => new BrokerMeter(config.NodeId, network, loops, () => 0));
        return new StartedBroker(told, async () =>
        {
            (await meter.ConfigureAwait(false)).Dispose();
            await network.StopAsync(TimeSpan.FromSeconds(10)).ConfigureAwait(false);
            loops.Dispose();
        }, new TaskCompletionSource<Exception>().Task);
    }
}
