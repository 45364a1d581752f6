using System.Net;
using System.Net.Sockets;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// A listening .NET socket with one accept under way. Owned by the first of its loops; <see cref="Paused"/> and <see cref="Close"/> may be
/// used by any thread. A spare socket is kept so that, when the process has run out of descriptors, waiting peers can be turned away.
/// </summary>
internal sealed class AsyncListener : IWireListener
{
    private const int RetryMs = 100;

    private readonly Socket _socket;
    private readonly IReadOnlyList<Loop> _loops;
    private readonly IWireAcceptor _acceptor;
    private readonly SocketAsyncEventArgs _accept = new();
    private readonly ActionTask _accepted;
    private readonly ActionTimer _retry;
    private Socket? _spare;
    private int _next;
    private bool _accepting;
    private bool _paused;
    private bool _closed;

    public AsyncListener(Socket socket, IReadOnlyList<Loop> loops, IWireAcceptor acceptor, bool paused)
    {
        _socket = socket;
        _loops = loops;
        _acceptor = acceptor;
        _paused = paused;
        _accepted = new ActionTask(Accepted);
        _retry = new ActionTimer(AcceptNext);
        _accept.Completed += (_, _) => _loops[0].Post(_accepted);
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint EndPoint { get; }

    public bool Paused
    {
        get => Volatile.Read(ref _paused);
        set
        {
            Volatile.Write(ref _paused, value);
            _loops[0].Post(new ActionTask(AcceptNext));
        }
    }

    /// <summary>Starts accepting. On the first loop.</summary>
    public void Begin()
    {
        _spare = OpenSpare();
        AcceptNext();
    }

    public void Close()
    {
        if (_loops[0].IsOwned)
        {
            CloseOnLoop();
        }
        else
        {
            _loops[0].Post(new ActionTask(CloseOnLoop));
        }
    }

    private void AcceptNext()
    {
        if (_accepting || _closed || Paused)
        {
            return;
        }

        _accepting = true;
        _accept.AcceptSocket = null;
        if (!_socket.AcceptAsync(_accept))
        {
            // Posted rather than handled here, so that a storm of connections shares the loop with everybody else.
            _loops[0].Post(_accepted);
        }
    }

    private void Accepted()
    {
        _accepting = false;
        var socket = _accept.AcceptSocket;
        switch (_accept.SocketError)
        {
            case SocketError.Success when !_closed:
                Take(socket!);
                AcceptNext();
                break;
            case SocketError.TooManyOpenSockets:
                _acceptor.Refused("out of file descriptors");
                TurnOneAway();
                break;
            case SocketError.NoBufferSpaceAvailable:
                _acceptor.Refused("the system is out of memory for sockets");
                RestForAWhile();
                break;
            default:
                socket?.Dispose();
                AcceptNext();
                break;
        }
    }

    private void Take(Socket socket)
    {
        if (socket.RemoteEndPoint is not IPEndPoint remote)
        {
            socket.Dispose();
            return;
        }

        if (remote.Address.IsIPv4MappedToIPv6)
        {
            remote = new IPEndPoint(remote.Address.MapToIPv4(), remote.Port);
        }

        if (!_acceptor.Admit(remote))
        {
            socket.Dispose();
            return;
        }

        var owner = _loops[_next];
        _next = (_next + 1) % _loops.Count;
        var connection = new AsyncSocket(socket, remote, owner);
        owner.Post(new ActionTask(() => connection.Begin(_acceptor)));
    }

    /// <summary>Spends the spare descriptor to take one peer and close it, which tells it at once that nobody is home.</summary>
    private void TurnOneAway()
    {
        try
        {
            _spare?.Dispose();
            _socket.Accept().Dispose();
            _spare = OpenSpare();
            AcceptNext();
        }
        catch (SocketException)
        {
            // The peer gave up first, or somebody else took the descriptor.
            _spare = OpenSpare();
            RestForAWhile();
        }
    }

    private void RestForAWhile()
    {
        if (!_closed)
        {
            _loops[0].Timers.Set(_retry, _loops[0].NowUs + (RetryMs * 1000L));
        }
    }

    private void CloseOnLoop()
    {
        if (!_closed)
        {
            _closed = true;
            _loops[0].Timers.Cancel(_retry);
            _socket.Dispose();
            _spare?.Dispose();
            _accept.Dispose();
        }
    }

    private static Socket? OpenSpare()
    {
        try
        {
            return new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
