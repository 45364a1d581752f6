using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// One connection on asynchronous .NET sockets. Owned by its loop: completions come on the pool and only post. It waits for bytes with an
/// empty receive, and for room by sending a copied piece asynchronously, which the next send then counts as taken.
/// </summary>
internal sealed class AsyncSocket : IWireSocket
{
    private const int PieceBytesMax = 64 * 1024;

    private readonly Socket _socket;
    private readonly Loop _loop;
    private readonly SocketAsyncEventArgs _receive = new();
    private readonly ActionTask _readable;
    private SocketAsyncEventArgs? _send;
    private ActionTask? _writable;
    private IWireEvents? _events;
    private byte[]? _piece;
    private int _pieceBytes;
    private int _sentAhead;
    private bool _reading = true;
    private bool _waiting;
    private bool _sending;
    private bool _closed;

    public AsyncSocket(Socket socket, IPEndPoint remote, Loop loop)
    {
        _socket = socket;
        _loop = loop;
        RemoteEndPoint = remote;
        _readable = new ActionTask(Readable);
        _receive.SetBuffer(Array.Empty<byte>(), 0, 0);
        _receive.Completed += (_, _) => _loop.Post(_readable);
    }

    public IPEndPoint RemoteEndPoint { get; }

    public bool Reading
    {
        get => _reading;
        set
        {
            _reading = value;
            WaitForBytes();
        }
    }

    /// <summary>Gives the connection to its owner. On its loop.</summary>
    public void Begin(IWireAcceptor acceptor)
    {
        try
        {
            _socket.Blocking = false;
            _socket.NoDelay = true;
        }
        catch (SocketException)
        {
            // The peer is gone already; the first receive says so to the owner.
        }

        _events = acceptor.Accepted(this, _loop);
        if (_events is null)
        {
            Close();
            return;
        }

        WaitForBytes();
    }

    public int Receive(Span<byte> buffer)
    {
        var count = _socket.Receive(buffer, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => count,
            SocketError.WouldBlock => WireResult.WouldBlock,
            _ => WireResult.Broken,
        };
    }

    public int Send(ReadOnlySpan<byte> bytes, bool more)
    {
        if (_sending)
        {
            return 0;
        }

        var taken = Math.Min(_sentAhead, bytes.Length);
        _sentAhead -= taken;
        if (taken == bytes.Length)
        {
            return taken;
        }

        var count = _socket.Send(bytes[taken..], SocketFlags.None, out var error);
        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            return WireResult.Broken;
        }

        taken += Math.Max(count, 0);
        if (taken < bytes.Length)
        {
            SendPiece(bytes[taken..]);
        }

        return taken;
    }

    public int SendFile(IByteSource file, long position, int length) => FileSender.ReadAndSend(this, file, position, length);

    public void Close()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        _socket.Dispose();
        _receive.Dispose();
        _send?.Dispose();
    }

    private void WaitForBytes()
    {
        if (_reading && !_waiting && !_closed && _events is not null)
        {
            _waiting = true;
            if (!_socket.ReceiveAsync(_receive))
            {
                _loop.Post(_readable);
            }
        }
    }

    private void Readable()
    {
        _waiting = false;
        if (_closed || !_reading)
        {
            return;
        }

        _events!.OnReadable();
        WaitForBytes();
    }

    /// <summary>
    /// Sends a copy of the first bytes as room comes. They count as not taken until then, so that closing loses nothing unseen.
    /// </summary>
    private void SendPiece(ReadOnlySpan<byte> bytes)
    {
        _pieceBytes = Math.Min(bytes.Length, PieceBytesMax);
        _piece = ArrayPool<byte>.Shared.Rent(_pieceBytes);
        bytes[.._pieceBytes].CopyTo(_piece);
        if (_send is null)
        {
            _writable = new ActionTask(Writable);
            _send = new SocketAsyncEventArgs();
            _send.Completed += (_, _) => _loop.Post(_writable);
        }

        _sending = true;
        _send.SetBuffer(_piece, 0, _pieceBytes);
        if (!_socket.SendAsync(_send))
        {
            _loop.Post(_writable!);
        }
    }

    private void Writable()
    {
        _sending = false;
        ArrayPool<byte>.Shared.Return(_piece!);
        _piece = null;
        if (_closed)
        {
            return;
        }

        if (_send!.SocketError != SocketError.Success)
        {
            _events!.OnBroken();
            return;
        }

        _sentAhead = _send.BytesTransferred;
        _events!.OnWritable();
    }
}
