using System.Net;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Simulation.Seams;

/// <summary>What the client's end of a simulated connection is told.</summary>
internal interface ISimPeer
{
    /// <summary>Bytes have come from the server.</summary>
    void OnBytes(ReadOnlySpan<byte> bytes);

    /// <summary>The connection is gone.</summary>
    void OnClosed();
}

/// <summary>
/// A network in memory: bytes arrive in order, in pieces and after delays that the seed picks; connections may break at any time. Owned by
/// the world; what the server has open dies with its process.
/// </summary>
internal sealed class SimWire(SimClock clock, SimEvents events, Randomness network) : IWire
{
    private readonly List<SimSocket> _sockets = [];
    private SimListener? _listener;
    private int _lastPort = 40_000;

    /// <summary>Longest delay of one piece, microseconds.</summary>
    public int DelayUsMax { get; init; } = 2_000;

    /// <summary>True when nothing is on its way: who waits now waits for the server or for time.</summary>
    public bool IsQuiet => _sockets.TrueForAll(socket => socket.OnTheWay == 0);

    internal SimClock Clock => clock;

    internal SimEvents Events => events;

    internal Randomness Network => network;

    /// <inheritdoc/>
    public IWireListener Listen(IPEndPoint endPoint, int backlogMax, IReadOnlyList<Loop> loops, IWireAcceptor acceptor, bool paused) =>
        _listener = new SimListener(endPoint, loops, acceptor) { Paused = paused };

    /// <summary>Connects a client; null when nobody listens.</summary>
    public SimSocket? Connect(ISimPeer peer)
    {
        if (_listener is not { Paused: false, IsClosed: false } listener)
        {
            return null;
        }

        var remote = new IPEndPoint(IPAddress.Loopback, ++_lastPort);
        var loop = listener.NextLoop();
        var socket = new SimSocket(this, remote, loop, peer);
        _sockets.Add(socket);
        listener.AcceptLoop.Post(new ActionTask(() => Accept(listener, socket, loop)));
        return socket;
    }

    /// <summary>The server's process is gone, and with it everything that it had open and what was on its way.</summary>
    public void ResetAll()
    {
        _listener = null;
        foreach (var socket in _sockets.ToArray())
        {
            socket.Reset();
        }

        _sockets.Clear();
    }

    internal void Forget(SimSocket socket) => _sockets.Remove(socket);

    private static void Accept(SimListener listener, SimSocket socket, Loop loop)
    {
        if (!listener.Acceptor.Admit(socket.RemoteEndPoint))
        {
            socket.Close();
            return;
        }

        loop.Post(new ActionTask(() => socket.Begin(listener.Acceptor.Accepted(socket, loop))));
    }

    /// <summary>The one listening address.</summary>
    private sealed class SimListener(IPEndPoint endPoint, IReadOnlyList<Loop> loops, IWireAcceptor acceptor) : IWireListener
    {
        private int _next;

        public IPEndPoint EndPoint => endPoint;

        public bool Paused { get; set; }

        public bool IsClosed { get; private set; }

        public IWireAcceptor Acceptor => acceptor;

        public Loop AcceptLoop => loops[0];

        public Loop NextLoop() => loops[_next++ % loops.Count];

        public void Close() => IsClosed = true;
    }
}
