using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Node;

namespace Barnabas.App;

/// <summary>Starts the broker of this process. Stateless.</summary>
internal static class BrokerStarter
{
    /// <summary>Returns when the broker answers.</summary>
    public static StartedBroker Start(BrokerConfig config, OperatorLog log)
    {
        var node = BrokerNode.StartAsync(new BrokerNodeSetup { Config = config, Log = log }).GetAwaiter().GetResult();
        return new StartedBroker(node.ClientAddresses, () => node.DisposeAsync().AsTask(), node.Failed);
    }
}
