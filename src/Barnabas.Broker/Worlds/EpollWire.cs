using System.Net;
using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// The wire on own epoll loops: Linux, plain text. Its loops must be hosted by <see cref="EpollIoLoop"/>s. Stateless; any thread.
/// </summary>
public sealed class EpollWire : IWire
{
    /// <inheritdoc/>
    public IWireListener Listen(IPEndPoint endPoint, int backlogMax, IReadOnlyList<Loop> loops, IWireAcceptor acceptor, bool paused)
    {
        var listener = new EpollListener(ListenSocket.Open(endPoint, backlogMax), loops, acceptor, paused);
        loops[0].Post(new ActionTask(listener.Begin));
        return listener;
    }

    /// <summary>The epoll thread that a loop lives on.</summary>
    internal static EpollIoLoop ThreadOf(Loop loop)
    {
        var thread = (loop.Host as LoopHost)?.Thread as EpollIoLoop;
        Check.That(thread is not null);
        return thread;
    }
}
