using System.Net;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Network;

/// <summary>A named listener of a broker: where it listens and what it serves. Safe from any thread.</summary>
public sealed class Listener : IWireAcceptor
{
    private readonly NetworkServer _server;
    private IWireListener? _wire;

    internal Listener(NetworkServer server, string name, HandlerTable handlers)
    {
        _server = server;
        Name = name;
        Handlers = handlers;
    }

    /// <summary>The name, such as PLAINTEXT: Metadata answers with the address that is advertised under it.</summary>
    public string Name { get; }

    /// <summary>What is served here.</summary>
    public HandlerTable Handlers { get; }

    /// <summary>The address with the real port.</summary>
    public IPEndPoint EndPoint => _wire!.EndPoint;

    bool IWireAcceptor.Admit(IPEndPoint remote) => _server.Admit(remote);

    IWireEvents? IWireAcceptor.Accepted(IWireSocket socket, Loop loop) => _server.Accept(this, socket, loop);

    void IWireAcceptor.Refused(string reason) => _server.OnRefused(this, reason);

    internal void Open(IWire wire, IPEndPoint endPoint, int backlogMax, IReadOnlyList<Loop> loops, bool paused) =>
        _wire = wire.Listen(endPoint, backlogMax, loops, this, paused);

    internal void Pause(bool paused)
    {
        if (_wire is not null && _wire.Paused != paused)
        {
            _wire.Paused = paused;
        }
    }

    internal void Close() => _wire?.Close();
}
