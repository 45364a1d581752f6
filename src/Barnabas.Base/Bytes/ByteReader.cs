using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Barnabas.Base.Bytes;

/// <summary>
/// Reads Kafka's big-endian primitives from bytes that are not trusted: every length is checked against the bytes that are there, and a
/// wrong one is a <see cref="MalformedException"/>.
/// </summary>
public ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Utf8 = new(false, true);
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Index of the next byte.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _bytes.Length - Position;

    /// <summary>All the bytes, read or not.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Takes <paramref name="length"/> bytes without copying.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> ReadSpan(int length)
    {
        if ((uint)length > (uint)Remaining)
        {
            ThrowShort(length, Remaining);
        }

        var span = _bytes.Slice(Position, length);
        Position += length;
        return span;
    }

    /// <summary>Passes over <paramref name="length"/> bytes.</summary>
    public void Skip(int length) => ReadSpan(length);

    public byte ReadUInt8() => ReadSpan(1)[0];

    public sbyte ReadInt8() => (sbyte)ReadSpan(1)[0];

    public bool ReadBool() => ReadSpan(1)[0] != 0;

    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(ReadSpan(2));

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(ReadSpan(2));

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(ReadSpan(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(ReadSpan(4));

    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(ReadSpan(8));

    public double ReadFloat64() => BinaryPrimitives.ReadDoubleBigEndian(ReadSpan(8));

    public Uuid ReadUuid() => Uuid.Read(ReadSpan(16));

    /// <summary>Unsigned LEB128 of at most five bytes.</summary>
    public uint ReadUVarInt()
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var b = ReadUInt8();
            if (shift == 28 && (b & 0xF0) != 0)
            {
                break;
            }

            value |= (uint)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new MalformedException("a varint runs over 32 bits");
    }

    /// <summary>Zigzag varint of at most five bytes.</summary>
    public int ReadVarInt()
    {
        var value = ReadUVarInt();
        return (int)(value >> 1) ^ -(int)(value & 1);
    }

    /// <summary>Zigzag varint of at most ten bytes.</summary>
    public long ReadVarLong()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var b = ReadUInt8();
            if (shift == 63 && b > 1)
            {
                break;
            }

            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        throw new MalformedException("a varlong runs over 64 bits");
    }

    /// <summary>UTF-8 text of a known length; malformed UTF-8 is a fault.</summary>
    public string ReadUtf8(int length)
    {
        var span = ReadSpan(length);
        try
        {
            return Utf8.GetString(span);
        }
        catch (DecoderFallbackException)
        {
            throw new MalformedException("a string is not UTF-8");
        }
    }

    private static void ThrowShort(int wanted, int there) =>
        throw new MalformedException($"a field wants {wanted} bytes where {there} are left");
}
