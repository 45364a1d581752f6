using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;

namespace Barnabas.App;

/// <summary>Starts a broker and returns when it answers.</summary>
internal delegate StartedBroker StartBroker(BrokerConfig config, OperatorLog log);

/// <summary>A broker that answers.</summary>
/// <param name="Clients">The addresses that clients are to be told, with the ports that were bound.</param>
/// <param name="StopAsync">Shuts it down cleanly: finishes what is in flight, flushes, says on disk that it was clean.</param>
/// <param name="Failed">Completes when the broker cannot go on by itself, with the fault.</param>
internal sealed record StartedBroker(IReadOnlyList<HostAndPort> Clients, Func<Task> StopAsync, Task<Exception> Failed);
