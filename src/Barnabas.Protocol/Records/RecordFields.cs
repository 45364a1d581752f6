using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Barnabas.Protocol.Records;

/// <summary>What is wrong with the bytes of a record.</summary>
internal enum RecordFault : byte
{
    None,

    /// <summary>The record says that it goes on behind the bytes that are there.</summary>
    Incomplete,

    /// <summary>A length, a count or a varint is not what the format allows, or the fields do not fill the record.</summary>
    Malformed,

    /// <summary>The varint before the record never ends. Kafka answers this one with another error than the rest.</summary>
    LengthOverlong,
}

/// <summary>
/// Where the fields of one record lie in a buffer of uncompressed records. Reading checks every length against the bytes of the record,
/// headers included, so that whoever holds this may slice without further checks.
/// </summary>
internal struct RecordFields
{
    public sbyte Attributes;
    public int OffsetDelta, KeyAt, KeyLength, ValueAt, ValueLength, HeadersAt, HeaderCount, End;
    public long TimestampDelta;

    /// <summary>
    /// Reads the record that begins at <paramref name="at"/>. Null keys and values have length -1, as has any negative length.
    /// </summary>
    public static RecordFault Read(ReadOnlySpan<byte> bytes, int at, ref RecordFields record)
    {
        var lengthBytes = bytes.Length - at >= 5 ? 5 : bytes.Length - at;
        ref var start = ref MemoryMarshal.GetReference(bytes);
        if (!TryVarInt(ref start, ref at, at + lengthBytes, out var length))
        {
            return lengthBytes < 5 ? RecordFault.Incomplete
                : Unsafe.Add(ref start, at - 1) < 0x80 ? RecordFault.Malformed : RecordFault.LengthOverlong;
        }

        if (length < 0)
        {
            return RecordFault.Malformed;
        }

        if (length > bytes.Length - at)
        {
            return RecordFault.Incomplete;
        }

        var end = at + length;
        record.End = end;
        if (at == end)
        {
            return RecordFault.Malformed;
        }

        record.Attributes = (sbyte)Unsafe.Add(ref start, at++);
        if (!TryVarLong(ref start, ref at, end, out record.TimestampDelta)
            || !TryVarInt(ref start, ref at, end, out record.OffsetDelta)
            || !TryField(ref start, ref at, end, out record.KeyAt, out record.KeyLength)
            || !TryField(ref start, ref at, end, out record.ValueAt, out record.ValueLength)
            || !TryVarInt(ref start, ref at, end, out record.HeaderCount))
        {
            return RecordFault.Malformed;
        }

        record.HeadersAt = at;
        return at == end && record.HeaderCount == 0 || HeadersFill(ref start, at, end, record.HeaderCount)
            ? RecordFault.None
            : RecordFault.Malformed;
    }

    /// <summary>Reads one header of a record that <see cref="Read"/> found good, and moves <paramref name="at"/> behind it.</summary>
    public static void ReadHeader(ReadOnlySpan<byte> bytes, scoped ref int at, out OptionalBytes key, out OptionalBytes value)
    {
        ref var start = ref MemoryMarshal.GetReference(bytes);
        TryField(ref start, ref at, bytes.Length, out var keyAt, out var keyLength);
        TryField(ref start, ref at, bytes.Length, out var valueAt, out var valueLength);
        key = Slice(bytes, keyAt, keyLength);
        value = Slice(bytes, valueAt, valueLength);
    }

    /// <summary>The bytes of a field, or null for a negative length.</summary>
    public static OptionalBytes Slice(ReadOnlySpan<byte> bytes, int at, int length) =>
        length < 0 ? OptionalBytes.Null : bytes.Slice(at, length);

    private static bool HeadersFill(ref byte start, int at, int end, int count)
    {
        if (count < 0 || count > end - at)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            if (!TryField(ref start, ref at, end, out _, out var keyLength)
                || keyLength < 0
                || !TryField(ref start, ref at, end, out _, out _))
            {
                return false;
            }
        }

        return at == end;
    }

    /// <summary>A varint length and as many bytes; negative lengths have none and come out as -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryField(ref byte start, scoped ref int at, int end, out int fieldAt, out int length)
    {
        if (!TryVarInt(ref start, ref at, end, out length))
        {
            fieldAt = 0;
            return false;
        }

        fieldAt = at;
        if (length < 0)
        {
            length = -1;
            return true;
        }

        if (length > end - at)
        {
            return false;
        }

        at += length;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryVarInt(ref byte start, ref int at, int end, out int value)
    {
        if (TryShort(ref start, ref at, end, out value))
        {
            return true;
        }

        var isGood = TryLong(ref start, ref at, end, bitsMax: 32, out var wide);
        value = (int)wide;
        return isGood;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryVarLong(ref byte start, ref int at, int end, out long value)
    {
        var isShort = TryShort(ref start, ref at, end, out var narrow);
        value = narrow;
        return isShort || TryLong(ref start, ref at, end, bitsMax: 64, out value);
    }

    /// <summary>One or two bytes, inline: lengths up to 8 KiB, and deltas within a batch of a client.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryShort(ref byte start, ref int at, int end, out int value)
    {
        if (at + 1 < end)
        {
            int bits = Unsafe.Add(ref start, at);
            if (bits < 0x80)
            {
                at++;
                value = (bits >> 1) ^ -(bits & 1);
                return true;
            }

            int second = Unsafe.Add(ref start, at + 1);
            if (second < 0x80)
            {
                at += 2;
                value = ((bits & 0x7E) >> 1 | second << 6) ^ -(bits & 1);
                return true;
            }
        }

        value = 0;
        return false;
    }

    /// <summary>A varint of any length, of which the last byte may only fill the bits that are left.</summary>
    private static bool TryLong(ref byte start, ref int at, int end, int bitsMax, out long value)
    {
        ulong bits = 0;
        for (var shift = 0; shift < bitsMax && at < end; shift += 7)
        {
            var b = Unsafe.Add(ref start, at++);
            bits |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                value = (long)(bits >> 1) ^ -(long)(bits & 1);
                return shift + 7 <= bitsMax || b >> (bitsMax - shift) == 0;
            }
        }

        value = 0;
        return false;
    }
}
