using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Barnabas.Base.Bytes;

/// <summary>
/// Writes Kafka's big-endian primitives into one growing, pooled buffer. Owned by one thread at a time; <see cref="Dispose"/> gives the
/// buffer back, after which <see cref="Written"/> must not be used; writing again rents another.
/// </summary>
public sealed class ByteWriter(int capacityBytes = 512) : IDisposable
{
    private const int SmallestBytes = 512;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(capacityBytes);

    /// <summary>Bytes written so far, which is the position of the next one.</summary>
    public int Length { get; private set; }

    /// <summary>What was written. Valid until the next write, <see cref="Reset"/> or <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>As <see cref="Written"/>, for the callers that need memory.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, Length);

    /// <summary>Starts again with the same buffer.</summary>
    public void Reset() => Length = 0;

    /// <summary>Forgets what was written from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        Check.That(length >= 0 && length <= Length);
        Length = length;
    }

    /// <summary>Room for <paramref name="length"/> bytes, counted as written; the caller fills all of it.</summary>
    public Span<byte> Take(int length)
    {
        if (_buffer.Length - Length < length)
        {
            Grow(length);
        }

        var span = _buffer.AsSpan(Length, length);
        Length += length;
        return span;
    }

    /// <summary>Bytes written earlier, to be filled in late (a length, a count).</summary>
    public Span<byte> At(int position, int length)
    {
        Check.That(position >= 0 && position + length <= Length);
        return _buffer.AsSpan(position, length);
    }

    public void WriteUInt8(byte value) => Take(1)[0] = value;

    public void WriteInt8(sbyte value) => Take(1)[0] = (byte)value;

    public void WriteBool(bool value) => Take(1)[0] = value ? (byte)1 : (byte)0;

    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), value);

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);

    public void WriteUuid(Uuid value) => value.Write(Take(16));

    public void WriteSpan(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    public void WriteUVarInt(uint value)
    {
        while (value >= 0x80)
        {
            WriteUInt8((byte)(value | 0x80));
            value >>= 7;
        }

        WriteUInt8((byte)value);
    }

    public void WriteVarInt(int value) => WriteUVarInt((uint)((value << 1) ^ (value >> 31)));

    public void WriteVarLong(long value)
    {
        var bits = (ulong)((value << 1) ^ (value >> 63));
        while (bits >= 0x80)
        {
            WriteUInt8((byte)(bits | 0x80));
            bits >>= 7;
        }

        WriteUInt8((byte)bits);
    }

    /// <summary>UTF-8 bytes without a length.</summary>
    public void WriteUtf8(string value) => Encoding.UTF8.GetBytes(value, Take(Encoding.UTF8.GetByteCount(value)));

    /// <summary>Puts an unsigned varint length before the bytes written since <paramref name="start"/>.</summary>
    public void PrefixUVarIntLength(int start)
    {
        var length = Length - start;
        var prefix = UVarIntSize((uint)length);
        Take(prefix);
        _buffer.AsSpan(start, length).CopyTo(_buffer.AsSpan(start + prefix));
        var value = (uint)length;
        for (var i = start; ; i++)
        {
            if (value < 0x80)
            {
                _buffer[i] = (byte)value;
                return;
            }

            _buffer[i] = (byte)(value | 0x80);
            value >>= 7;
        }
    }

    /// <summary>Bytes that an unsigned varint takes: 1 to 5.</summary>
    public static int UVarIntSize(uint value) => (38 - BitOperations.LeadingZeroCount(value | 1)) / 7;

    /// <summary>As <see cref="Dispose"/>, but keeps a buffer of at most <paramref name="bytesKeptMax"/> for what is written next.</summary>
    public void Release(int bytesKeptMax)
    {
        Length = 0;
        if (_buffer.Length > bytesKeptMax)
        {
            Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            Length = 0;
        }
    }

    private void Grow(int more)
    {
        var size = Math.Max(Math.Max(checked(Length + more), SmallestBytes), (int)Math.Min((long)_buffer.Length * 2, Array.MaxLength));
        var bigger = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(0, Length).CopyTo(bigger);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = bigger;
    }
}
