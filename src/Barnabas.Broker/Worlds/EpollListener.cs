using System.Net;
using System.Net.Sockets;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// A listening socket in an epoll loop. Owned by the first of its loops; <see cref="Paused"/> and <see cref="Close"/> may be used by any
/// thread. A spare descriptor is kept so that, when the process has run out of them, waiting peers can be taken and turned away.
/// </summary>
internal sealed unsafe class EpollListener : EpollItem, IWireListener
{
    private const int AcceptsPerTurnMax = 64;
    private const int AddressBytesMax = 128;
    private const int RetryMs = 100;

    private readonly Socket _socket;
    private readonly IReadOnlyList<Loop> _loops;
    private readonly IWireAcceptor _acceptor;
    private readonly ActionTimer _retry;
    private int _next;
    private int _spare = -1;
    private bool _paused;
    private bool _closed;

    public EpollListener(Socket socket, IReadOnlyList<Loop> loops, IWireAcceptor acceptor, bool paused)
    {
        _socket = socket;
        _loops = loops;
        _acceptor = acceptor;
        _paused = paused;
        _retry = new ActionTimer(Arm);
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint EndPoint { get; }

    public bool Paused
    {
        get => Volatile.Read(ref _paused);
        set
        {
            Volatile.Write(ref _paused, value);
            _loops[0].Post(new ActionTask(Arm));
        }
    }

    private EpollIoLoop Epoll => EpollWire.ThreadOf(_loops[0]);

    /// <summary>Starts watching. On the first loop.</summary>
    public void Begin()
    {
        if (!_closed)
        {
            _spare = OpenSpare();
            Epoll.Add(this, (int)_socket.Handle, SystemCalls.EpollIn, _loops[0]);
            Arm();
        }
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

    public override void OnEvents(uint events)
    {
        for (var i = 0; i < AcceptsPerTurnMax && !_closed && !Paused; i++)
        {
            if (!AcceptOne())
            {
                return;
            }
        }
    }

    private bool AcceptOne()
    {
        var address = stackalloc byte[AddressBytesMax];
        var length = AddressBytesMax;
        var descriptor = SystemCalls.Accept((int)_socket.Handle, address, &length, SystemCalls.NonBlocking | SystemCalls.CloseOnExec);
        if (descriptor < 0)
        {
            return AcceptFailed(SystemCalls.LastError);
        }

        var remote = ToEndPoint(new ReadOnlySpan<byte>(address, length));
        if (!_acceptor.Admit(remote))
        {
            SystemCalls.Close(descriptor);
            return true;
        }

        var socket = new EpollSocket(descriptor, remote, _loops[_next], _acceptor);
        _next = (_next + 1) % _loops.Count;
        socket.Adopt();
        return true;
    }

    /// <summary>True to go on accepting.</summary>
    private bool AcceptFailed(int error)
    {
        switch (error)
        {
            case SystemCalls.ErrorAgain:
                return false;
            case SystemCalls.ErrorTooManyFiles or SystemCalls.ErrorTooManyFilesInAll:
                _acceptor.Refused("out of file descriptors");
                return TurnOneAway();
            case SystemCalls.ErrorNoBuffers or SystemCalls.ErrorNoMemory:
                _acceptor.Refused("the system is out of memory for sockets");
                RestForAWhile();
                return false;
            default:
                // The peer that waited is gone, or its network is: the next one may be well.
                return true;
        }
    }

    /// <summary>Spends the spare descriptor to take one peer and close it, which tells it at once that nobody is home.</summary>
    private bool TurnOneAway()
    {
        if (_spare >= 0)
        {
            SystemCalls.Close(_spare);
            var descriptor = SystemCalls.Accept((int)_socket.Handle, null, null, SystemCalls.CloseOnExec);
            if (descriptor >= 0)
            {
                SystemCalls.Close(descriptor);
            }

            _spare = OpenSpare();
            if (_spare >= 0 && descriptor >= 0)
            {
                return true;
            }
        }

        RestForAWhile();
        return false;
    }

    private void RestForAWhile()
    {
        Epoll.Modify(this, 0);
        _loops[0].Timers.Set(_retry, _loops[0].NowUs + (RetryMs * 1000L));
    }

    private void Arm()
    {
        if (Handle == 0)
        {
            return;
        }

        if (_spare < 0)
        {
            _spare = OpenSpare();
        }

        Epoll.Modify(this, Paused ? 0u : SystemCalls.EpollIn);
    }

    private void CloseOnLoop()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        _loops[0].Timers.Cancel(_retry);
        if (Handle != 0)
        {
            Epoll.Remove(this);
        }

        _socket.Dispose();
        if (_spare >= 0)
        {
            SystemCalls.Close(_spare);
        }
    }

    private static int OpenSpare() => SystemCalls.Open("/dev/null", SystemCalls.CloseOnExec);

    private static IPEndPoint ToEndPoint(ReadOnlySpan<byte> address)
    {
        const ushort V6 = 10;
        var port = (address[2] << 8) | address[3];
        return BitConverter.ToUInt16(address) == V6
            ? new IPEndPoint(Unmapped(new IPAddress(address.Slice(8, 16), BitConverter.ToUInt32(address.Slice(24, 4)))), port)
            : new IPEndPoint(new IPAddress(address.Slice(4, 4)), port);
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
