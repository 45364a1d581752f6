using System.Net;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Simulation.Seams;

/// <summary>
/// One connection, both ends: the server's is an <see cref="IWireSocket"/> on its loop, the client's is for the world. Owned by the wire.
/// </summary>
internal sealed class SimSocket : IWireSocket
{
    private readonly SimWire _wire;
    private readonly Loop _loop;
    private readonly ISimPeer _peer;
    private readonly ActionTask _readable;
    private readonly List<byte> _inbox = [];
    private IWireEvents? _events;
    private bool _reading = true;
    private bool _readablePosted;
    private bool _clientHasEnded;
    private bool _closed;
    private bool _isReset;
    private long _toServerUs;
    private long _toClientUs;

    public SimSocket(SimWire wire, IPEndPoint remote, Loop loop, ISimPeer peer)
    {
        _wire = wire;
        _loop = loop;
        _peer = peer;
        RemoteEndPoint = remote;
        _readable = new ActionTask(TellReadable);
    }

    /// <inheritdoc/>
    public IPEndPoint RemoteEndPoint { get; }

    /// <summary>Pieces that were sent and have not arrived, both ways, and room that is still to come.</summary>
    public int OnTheWay { get; private set; }

    /// <inheritdoc/>
    public bool Reading
    {
        get => _reading;
        set
        {
            _reading = value;
            Notify();
        }
    }

    /// <summary>The server has taken the connection; null when it does not want it.</summary>
    public void Begin(IWireEvents? events)
    {
        _events = events;
        if (events is null)
        {
            Close();
        }

        Notify();
    }

    /// <summary>The client sends; the bytes arrive later, perhaps in pieces.</summary>
    /// <param name="bytes">What is sent.</param>
    /// <param name="heldUpUs">How long they, and all behind them, stay on their way before that.</param>
    public void SendToServer(ReadOnlySpan<byte> bytes, int heldUpUs = 0)
    {
        _toServerUs = Math.Max(_toServerUs, _wire.Clock.MonotonicUs + heldUpUs);
        while (!_closed && bytes.Length > 0)
        {
            var piece = bytes[..Cut(bytes.Length)].ToArray();
            bytes = bytes[piece.Length..];
            Deliver(ref _toServerUs, () =>
            {
                _inbox.AddRange(piece);
                Notify();
            });
        }
    }

    /// <summary>The client closes its end: the server reads what is there, then the end.</summary>
    public void CloseByClient() => Deliver(ref _toServerUs, () =>
    {
        _clientHasEnded = true;
        Notify();
    });

    /// <summary>The connection breaks, seen by both ends; what was on its way is lost.</summary>
    public void Break()
    {
        if (!_closed)
        {
            var events = _events;
            Reset();
            _loop.Post(new ActionTask(() => events?.OnBroken()));
        }
    }

    /// <summary>The connection is gone, as the client sees when the server's process has died.</summary>
    public void Reset()
    {
        if (!_isReset)
        {
            _isReset = true;
            _closed = true;
            _wire.Forget(this);
            _peer.OnClosed();
        }
    }

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer)
    {
        if (_closed)
        {
            return WireResult.Broken;
        }

        var count = Math.Min(buffer.Length, _inbox.Count);
        if (count == 0)
        {
            return _clientHasEnded ? WireResult.Ended : WireResult.WouldBlock;
        }

        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_inbox)[..count].CopyTo(buffer);
        _inbox.RemoveRange(0, count);
        return count;
    }

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<byte> bytes, bool more)
    {
        if (_closed)
        {
            return WireResult.Broken;
        }

        // A full window takes part of it, and says so when there is room again.
        var taken = _wire.Network.Chance(0.1) ? _wire.Network.Next(bytes.Length + 1) : bytes.Length;
        if (taken < bytes.Length)
        {
            var roomUs = 0L;
            Deliver(ref roomUs, () => _loop.Post(new ActionTask(TellWritable)));
        }

        if (taken > 0)
        {
            var piece = bytes[..taken].ToArray();
            Deliver(ref _toClientUs, () => _peer.OnBytes(piece));
        }

        return taken;
    }

    /// <inheritdoc/>
    public int SendFile(IByteSource file, long position, int length)
    {
        var bytes = new byte[length];
        var read = file.Read(bytes, position);
        return read == 0 ? WireResult.FileEnded : Send(bytes.AsSpan(0, read), more: false);
    }

    /// <inheritdoc/>
    public void Close()
    {
        if (_closed)
        {
            return;
        }

        // What the server sent before it closed still arrives.
        _closed = true;
        Deliver(ref _toClientUs, Reset);
    }

    private int Cut(int length) => _wire.Network.Chance(0.2) ? 1 + _wire.Network.Next(length) : length;

    private void Deliver(ref long lastUs, Action arrive)
    {
        lastUs = Math.Max(lastUs, _wire.Clock.MonotonicUs + _wire.Network.Next(_wire.DelayUsMax));
        OnTheWay++;
        _wire.Events.At(lastUs, () =>
        {
            OnTheWay--;
            if (!_isReset)
            {
                arrive();
            }
        });
    }

    private void Notify()
    {
        if (_events is not null && !_closed && _reading && !_readablePosted && (_inbox.Count > 0 || _clientHasEnded))
        {
            _readablePosted = true;
            _loop.Post(_readable);
        }
    }

    private void TellReadable()
    {
        _readablePosted = false;
        if (!_closed)
        {
            _events!.OnReadable();
            Notify();
        }
    }

    private void TellWritable()
    {
        if (!_closed)
        {
            _events!.OnWritable();
        }
    }
}
