using System.Buffers.Binary;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Network;

/// <summary>The bytes of one request without their length. Whoever holds it past the turn retains the lease.</summary>
internal readonly record struct Frame(BufferLease Lease, int Offset, int Length);

/// <summary>What one look at the socket brought.</summary>
internal enum ReceiveOutcome
{
    /// <summary>Bytes, which <see cref="FrameReader.TryNext"/> now cuts into frames.</summary>
    Received,

    /// <summary>Nothing now.</summary>
    Nothing,

    /// <summary>No room in the bounds of all connections: look again when there is.</summary>
    Stalled,

    /// <summary>The peer has ended or is gone.</summary>
    Ended,
}

/// <summary>
/// Cuts what a connection receives into frames. Owned by the connection's loop. Between frames it owns no memory: bytes come into the
/// loop's block; a frame that is not whole moves into a block of its own, which grows as its bytes arrive and never by what is announced.
/// </summary>
internal sealed class FrameReader(NetworkLoop network)
{
    private const int CopyBytesMax = 32 * 1024;
    private const int GrowthFactor = 4;

    /// <summary>Where large frames come, the first look is short: what it takes is copied, the rest comes to its place at once.</summary>
    private const int FirstLookBytes = 16 * 1024;
    private const int LargeFrameBytes = 128 * 1024;
    private const int ProvenBytesMax = 1024 * 1024;

    // A frame that is not whole yet, in a block of its own.
    private BufferLease? _partial;
    private int _partialFilled;
    private int _partialLength;

    // What the last frame had, if it was too large for one look: the next may have as much memory before its bytes are there.
    private int _provenBytes;

    // The first bytes of a frame's length, where the other ones have not come.
    private int _length;
    private int _lengthBytes;

    // Bytes that are received and not cut: in the loop's block, or kept beyond the turn.
    private BufferLease? _window;
    private int _windowStart;
    private int _windowEnd;
    private bool _windowOwned;

    // The block of a large frame that was handed out last.
    private BufferLease? _handedOut;
    private long _heldBytes;

    /// <summary>True when there is something for <see cref="TryNext"/> to look at, which comes before what is in the socket.</summary>
    public bool HasInput => _windowStart < _windowEnd || (_partial is not null && _partialFilled == _partialLength);

    /// <summary>True when the last <see cref="Receive"/> ended a frame that had come in pieces.</summary>
    public bool HasEndedPartial { get; private set; }

    /// <summary>Receives once. Not while there is input, nor before <see cref="Settle"/>.</summary>
    public ReceiveOutcome Receive(IWireSocket socket)
    {
        Check.That(_window is null && !HasInput);
        HasEndedPartial = false;
        return _partial is null ? ReceiveIntoLoopBlock(socket) : ReceiveIntoPartial(socket);
    }

    /// <summary>The next whole frame; its lease is held until the next call or <see cref="Settle"/>.</summary>
    /// <exception cref="MalformedException">The length is one that no request has.</exception>
    public bool TryNext(out Frame frame)
    {
        ReleaseHandedOut();
        if (_partial is not null && _partialFilled == _partialLength)
        {
            _handedOut = _partial;
            frame = new Frame(_partial, 0, _partialLength);
            _partial = null;
            return true;
        }

        frame = default;
        if (_window is null || !TakeLength())
        {
            return false;
        }

        if (_windowEnd - _windowStart < _length)
        {
            BeginPartial();
            return false;
        }

        frame = new Frame(_window, _windowStart, _length);
        _windowStart += _length;
        _lengthBytes = 0;
        _provenBytes = 0;
        return true;
    }

    /// <summary>Ends the turn's use: lets go what is cut, keeps what is not.</summary>
    public void Settle()
    {
        ReleaseHandedOut();
        if (_window is null)
        {
            return;
        }

        if (_windowStart == _windowEnd)
        {
            DropWindow();
        }
        else if (!_windowOwned)
        {
            KeepWindow();
        }
    }

    /// <summary>Lets everything go, at the connection's end.</summary>
    public void Release()
    {
        ReleaseHandedOut();
        if (_window is not null)
        {
            DropWindow();
        }

        _partial?.Release();
        _partial = null;
        GiveHeld();
    }

    private ReceiveOutcome ReceiveIntoLoopBlock(IWireSocket socket)
    {
        if (network.Admission.IsFullOfBytes)
        {
            return ReceiveOutcome.Stalled;
        }

        var block = network.BeginScratch(out var offset);
        var room = block.Span[offset..];
        var count = socket.Receive(_provenBytes >= LargeFrameBytes && room.Length > FirstLookBytes ? room[..FirstLookBytes] : room);
        if (count <= 0)
        {
            return count == WireResult.WouldBlock ? ReceiveOutcome.Nothing : ReceiveOutcome.Ended;
        }

        _window = block;
        _windowStart = offset;
        _windowEnd = offset + count;
        _windowOwned = false;
        return ReceiveOutcome.Received;
    }

    /// <summary>Exactly the bytes that the frame lacks, so that nothing behind it has to be moved.</summary>
    private ReceiveOutcome ReceiveIntoPartial(IWireSocket socket)
    {
        if (_partialFilled == _partial!.CapacityBytes && !GrowPartial())
        {
            return ReceiveOutcome.Stalled;
        }

        var end = Math.Min(_partial.CapacityBytes, _partialLength);
        var count = socket.Receive(_partial.Span[_partialFilled..end]);
        if (count <= 0)
        {
            return count == WireResult.WouldBlock ? ReceiveOutcome.Nothing : ReceiveOutcome.Ended;
        }

        _partialFilled += count;
        HasEndedPartial = _partialFilled == _partialLength;
        if (HasEndedPartial)
        {
            _provenBytes = Math.Min(_partialLength, ProvenBytesMax);
        }

        return ReceiveOutcome.Received;
    }

    private bool TakeLength()
    {
        if (_lengthBytes == sizeof(int))
        {
            return true;
        }

        while (_lengthBytes < sizeof(int))
        {
            if (_windowStart == _windowEnd)
            {
                return false;
            }

            var left = sizeof(int) - _lengthBytes;
            if (_lengthBytes == 0 && _windowEnd - _windowStart >= left)
            {
                _length = BinaryPrimitives.ReadInt32BigEndian(_window!.Span[_windowStart..]);
                _windowStart += left;
                break;
            }

            _length = (_lengthBytes == 0 ? 0 : _length << 8) | _window!.Span[_windowStart++];
            _lengthBytes++;
        }

        _lengthBytes = sizeof(int);
        if (_length <= 0 || _length > network.Limits.RequestBytesMax)
        {
            throw new MalformedException($"a frame of {_length} bytes, where 1 to {network.Limits.RequestBytesMax} are allowed");
        }

        return true;
    }

    private void BeginPartial()
    {
        var arrived = _windowEnd - _windowStart;
        _partial = FrameBlocks.Rent((int)Math.Min(_length, Math.Max(_provenBytes, Math.Max(1L, arrived) * GrowthFactor)));
        _window!.Span.Slice(_windowStart, arrived).CopyTo(_partial.Span);
        _partialFilled = arrived;
        _partialLength = _length;
        _windowStart = _windowEnd;
        _lengthBytes = 0;
        Hold(_partial.CapacityBytes);
    }

    private bool GrowPartial()
    {
        var before = _partial!.CapacityBytes;
        var wanted = (int)Math.Min(_partialLength, (long)before * GrowthFactor);
        if (!network.Admission.TryAddBytes(wanted - before, this))
        {
            return false;
        }

        _partial = FrameBlocks.Enlarge(_partial, _partialFilled, wanted);
        _heldBytes += wanted - before;
        return true;
    }

    private void KeepWindow()
    {
        var left = _windowEnd - _windowStart;
        if (left <= CopyBytesMax)
        {
            var copy = FrameBlocks.Rent(left);
            _window!.Span.Slice(_windowStart, left).CopyTo(copy.Span);
            EndScratch();
            _window = copy;
            _windowStart = 0;
            _windowEnd = left;
        }
        else
        {
            _window!.Retain();
            EndScratch();
        }

        _windowOwned = true;
        Hold(left);
    }

    private void DropWindow()
    {
        if (_windowOwned)
        {
            _window!.Release();
            if (_partial is null)
            {
                GiveHeld();
            }
        }
        else
        {
            EndScratch();
        }

        _window = null;
        _windowOwned = false;
        _windowStart = 0;
        _windowEnd = 0;
    }

    private void EndScratch() => network.EndScratch(_windowEnd);

    private void ReleaseHandedOut()
    {
        if (_handedOut is not null)
        {
            _handedOut.Release();
            _handedOut = null;
            GiveHeld();
        }
    }

    private void Hold(long bytes)
    {
        _heldBytes += bytes;
        network.Admission.AddBytes(bytes);
    }

    private void GiveHeld()
    {
        if (_heldBytes > 0)
        {
            network.Admission.GiveBytes(_heldBytes, this);
            _heldBytes = 0;
        }
    }
}
