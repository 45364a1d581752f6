using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Network;

/// <summary>
/// Bytes of one reply with slices of files between them, and how much of it has left. Owned by whoever answers until the request is
/// complete, then by the connection's loop.
/// </summary>
internal sealed class Reply
{
    private const int BytesKeptMax = 4096;

    private readonly ByteWriter _bytes = new();
    private ReplySlice[] _slices = [];
    private int _sliceCount;
    private int _sliceIndex;
    private int _sliceSent;
    private int _bytesSent;

    /// <summary>What is written so far, and where more is written.</summary>
    public ByteWriter Bytes => _bytes;

    /// <summary>Bytes of memory that the reply holds.</summary>
    public int HeldBytes => _bytes.Length;

    /// <summary>True when all of it has been sent.</summary>
    public bool IsSent => _bytesSent == _bytes.Length && _sliceIndex == _sliceCount;

    /// <summary>True when bytes of a file come next.</summary>
    public bool IsAtSlice => _sliceIndex < _sliceCount && _bytesSent == _slices[_sliceIndex].BytesBefore;

    /// <summary>The bytes that come next, up to the next slice.</summary>
    public ReadOnlySpan<byte> NextBytes =>
        _bytes.Written[_bytesSent..(_sliceIndex < _sliceCount ? _slices[_sliceIndex].BytesBefore : _bytes.Length)];

    /// <summary>What is left of the slice that comes next.</summary>
    public (IByteSource File, long Position, int Length) NextSlice
    {
        get
        {
            ref var slice = ref _slices[_sliceIndex];
            return (slice.File, slice.Position + _sliceSent, slice.Length - _sliceSent);
        }
    }

    /// <summary>
    /// Adds bytes of a file between what is written: before the byte at <paramref name="at"/>, and behind all slices added before.
    /// </summary>
    public void AddSlice(int at, IByteSource file, long position, int length, IFileLease? lease)
    {
        Check.That(position >= 0 && length >= 0 && at <= _bytes.Length);
        Check.That(_sliceCount == 0 || at >= _slices[_sliceCount - 1].BytesBefore);
        if (length == 0)
        {
            lease?.Release();
            return;
        }

        if (_sliceCount == _slices.Length)
        {
            Array.Resize(ref _slices, Math.Max(4, _sliceCount * 2));
        }

        _slices[_sliceCount++] = new ReplySlice(file, position, length, lease, at);
    }

    /// <summary>Bytes of the whole, with its length in front; known when it is finished.</summary>
    public int TotalBytes { get; private set; }

    /// <summary>Writes the length of the whole in front of it: what Kafka's framing begins with.</summary>
    public void Finish()
    {
        long total = _bytes.Length - sizeof(int);
        for (var i = 0; i < _sliceCount; i++)
        {
            total += _slices[i].Length;
        }

        Check.That(total <= int.MaxValue - sizeof(int));
        TotalBytes = (int)total + sizeof(int);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(_bytes.At(0, sizeof(int)), (int)total);
    }

    /// <summary>True when the connection ends behind what is left of this reply.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Leaves only the first bytes of the whole, for a scripted fault; the length in front stays as it was.</summary>
    public void Cut(int bytesKept)
    {
        IsCut = true;
        long before = 0;
        var keptSlices = 0;
        for (; keptSlices < _sliceCount && _slices[keptSlices].BytesBefore + before < bytesKept; keptSlices++)
        {
            var room = bytesKept - before - _slices[keptSlices].BytesBefore;
            _slices[keptSlices] = _slices[keptSlices] with { Length = (int)Math.Min(_slices[keptSlices].Length, room) };
            before += _slices[keptSlices].Length;
        }

        for (var i = keptSlices; i < _sliceCount; i++)
        {
            _slices[i].Lease?.Release();
            _slices[i] = default;
        }

        _sliceCount = keptSlices;
        _bytes.Truncate((int)Math.Min(_bytes.Length, Math.Max(0, bytesKept - before)));
    }

    /// <summary>True when bytes of files are still to come.</summary>
    public bool HasSlicesLeft => _sliceIndex < _sliceCount;

    /// <summary>
    /// Copies what comes next, with slices of at most <paramref name="sliceBytesMax"/> read from their files, as far as there is room;
    /// nothing is counted as sent. -1 when a file is shorter than was promised.
    /// </summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="sliceBytesMax">Larger slices are left for the kernel to send.</param>
    /// <param name="isWhole">True when all that was left of the reply has been copied.</param>
    public int CopyTo(Span<byte> buffer, int sliceBytesMax, out bool isWhole)
    {
        var filled = 0;
        var bytesAt = _bytesSent;
        isWhole = false;
        for (var index = _sliceIndex; index <= _sliceCount; index++)
        {
            var bytesEnd = index < _sliceCount ? _slices[index].BytesBefore : _bytes.Length;
            var count = Math.Min(bytesEnd - bytesAt, buffer.Length - filled);
            _bytes.Written.Slice(bytesAt, count).CopyTo(buffer[filled..]);
            filled += count;
            bytesAt += count;
            if (bytesAt < bytesEnd)
            {
                return filled;
            }

            if (index < _sliceCount)
            {
                var sent = index == _sliceIndex ? _sliceSent : 0;
                ref var slice = ref _slices[index];
                var left = slice.Length - sent;
                if (left > sliceBytesMax || left > buffer.Length - filled)
                {
                    return filled;
                }

                if (slice.File.Read(buffer.Slice(filled, left), slice.Position + sent) < left)
                {
                    return -1;
                }

                filled += left;
            }
        }

        isWhole = true;
        return filled;
    }

    /// <summary>At most so many bytes have left; how many of them were of this reply.</summary>
    public int Advance(int count)
    {
        var left = count;
        while (left > 0 && !IsSent)
        {
            if (IsAtSlice)
            {
                var ofSlice = Math.Min(left, _slices[_sliceIndex].Length - _sliceSent);
                AdvanceSlice(ofSlice);
                left -= ofSlice;
            }
            else
            {
                var ofBytes = Math.Min(left, NextBytes.Length);
                _bytesSent += ofBytes;
                left -= ofBytes;
            }
        }

        return count - left;
    }

    /// <summary>So many of <see cref="NextSlice"/> have left; a slice that is out is released.</summary>
    public void AdvanceSlice(int count)
    {
        _sliceSent += count;
        if (_sliceSent == _slices[_sliceIndex].Length)
        {
            _slices[_sliceIndex].Lease?.Release();
            _slices[_sliceIndex++] = default;
            _sliceSent = 0;
        }
    }

    /// <summary>Drops all, sent or not, and releases the slices that are left.</summary>
    public void Clear()
    {
        for (; _sliceIndex < _sliceCount; _sliceIndex++)
        {
            _slices[_sliceIndex].Lease?.Release();
            _slices[_sliceIndex] = default;
        }

        IsCut = false;
        _sliceCount = 0;
        _sliceIndex = 0;
        _sliceSent = 0;
        _bytesSent = 0;
        _bytes.Release(BytesKeptMax);
    }

    private readonly record struct ReplySlice(IByteSource File, long Position, int Length, IFileLease? Lease, int BytesBefore);
}
