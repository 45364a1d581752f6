using System.Net;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// The wire on asynchronous .NET sockets, for every platform. Completions come on the thread pool and are posted to the loop of their
/// socket. Stateless; any thread.
/// </summary>
public sealed class SocketWire : IWire
{
    /// <inheritdoc/>
    public IWireListener Listen(IPEndPoint endPoint, int backlogMax, IReadOnlyList<Loop> loops, IWireAcceptor acceptor, bool paused)
    {
        var listener = new AsyncListener(ListenSocket.Open(endPoint, backlogMax), loops, acceptor, paused);
        loops[0].Post(new ActionTask(listener.Begin));
        return listener;
    }
}
