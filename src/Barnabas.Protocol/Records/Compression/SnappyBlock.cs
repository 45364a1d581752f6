using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Protocol.Records.Compression;

/// <summary>
/// The raw snappy format: the length of the content as a varint, then literals and copies from what came before. Written here because a
/// decoder has to believe no length of the peer's and to use pooled memory.
/// </summary>
internal static class SnappyBlock
{
    /// <summary>The largest block that <see cref="Compress"/> takes: its table holds positions in 16 bits.</summary>
    public const int CompressBytesMax = 64 * 1024;

    /// <summary>No element yields more than 64 bytes from 3, so no block holds more than this many times its size.</summary>
    private const int ExpansionMax = 22;

    private const int HashBits = 14;

    /// <summary>Reads the content's length, which is possible for the size of the block, and takes the elements behind it.</summary>
    public static int ReadLength(ReadOnlySpan<byte> block, out ReadOnlySpan<byte> elements)
    {
        var reader = new ByteReader(block);
        var length = reader.ReadUVarInt();
        elements = block[reader.Position..];
        return length <= (ulong)elements.Length * ExpansionMax && length <= Array.MaxLength
            ? (int)length
            : throw new MalformedException($"snappy: {elements.Length} bytes cannot hold {length}");
    }

    /// <summary>Fills <paramref name="output"/>, whose length the block declared.</summary>
    public static void Decompress(ReadOnlySpan<byte> elements, Span<byte> output)
    {
        int at = 0, to = 0;
        while (at < elements.Length)
        {
            var tag = elements[at++];
            if ((tag & 3) == 0)
            {
                var length = ReadLiteralLength(elements, tag >> 2, ref at);
                if (length > elements.Length - at || length > output.Length - to)
                {
                    throw new MalformedException("snappy: a literal runs over the block");
                }

                elements.Slice(at, (int)length).CopyTo(output[to..]);
                at += (int)length;
                to += (int)length;
            }
            else
            {
                var length = (tag & 3) == 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
                var distance = ReadDistance(elements, tag, ref at);
                if (distance == 0 || distance > to || length > output.Length - to)
                {
                    throw new MalformedException("snappy: a copy runs over the block");
                }

                Copy(output, to, (int)distance, length);
                to += length;
            }
        }

        if (to != output.Length)
        {
            throw new MalformedException($"snappy: {to} bytes where {output.Length} were declared");
        }
    }

    /// <summary>
    /// Writes one block of at most <see cref="CompressBytesMax"/> bytes, greedily, by a table of the last place of each four bytes.
    /// </summary>
    public static void Compress(ReadOnlySpan<byte> plain, ByteWriter output)
    {
        Check.That(plain.Length <= CompressBytesMax);
        output.WriteUVarInt((uint)plain.Length);
        var table = ArrayPool<ushort>.Shared.Rent(1 << HashBits);
        table.AsSpan(0, 1 << HashBits).Clear();
        int at = 0, literalAt = 0, misses = 32;
        while (at <= plain.Length - 4)
        {
            var four = MemoryMarshal.Read<uint>(plain[at..]);
            ref var slot = ref table[(four * 0x1E35A7BDu) >> (32 - HashBits)];
            var candidate = slot;
            slot = (ushort)at;
            if (candidate >= at || MemoryMarshal.Read<uint>(plain[candidate..]) != four)
            {
                at += misses++ >> 5;
                continue;
            }

            WriteLiteral(plain[literalAt..at], output);
            var length = 4 + plain[(at + 4)..].CommonPrefixLength(plain[(candidate + 4)..]);
            WriteCopies(at - candidate, length, output);
            at += length;
            literalAt = at;
            misses = 32;
        }

        WriteLiteral(plain[literalAt..], output);
        ArrayPool<ushort>.Shared.Return(table);
    }

    private static uint ReadLiteralLength(ReadOnlySpan<byte> elements, int code, ref int at)
    {
        if (code < 60)
        {
            return (uint)code + 1;
        }

        var value = ReadLittleEndian(elements, code - 59, ref at);
        return value == uint.MaxValue ? throw new MalformedException("snappy: a literal runs over the block") : value + 1;
    }

    private static uint ReadDistance(ReadOnlySpan<byte> elements, byte tag, ref int at) => (tag & 3) switch
    {
        1 => ((uint)(tag & 0xE0) << 3) | ReadLittleEndian(elements, 1, ref at),
        2 => ReadLittleEndian(elements, 2, ref at),
        _ => ReadLittleEndian(elements, 4, ref at),
    };

    private static uint ReadLittleEndian(ReadOnlySpan<byte> elements, int size, ref int at)
    {
        if (size > elements.Length - at)
        {
            throw new MalformedException("snappy: the block ends in an element");
        }

        uint value = 0;
        for (var i = 0; i < size; i++)
        {
            value |= (uint)elements[at++] << (8 * i);
        }

        return value;
    }

    /// <summary>Copies bytes from behind, where the two ranges may overlap: then the pattern between them repeats.</summary>
    private static void Copy(Span<byte> output, int to, int distance, int length)
    {
        if (distance >= length)
        {
            output.Slice(to - distance, length).CopyTo(output[to..]);
            return;
        }

        for (var i = 0; i < length; i++)
        {
            output[to + i] = output[to + i - distance];
        }
    }

    private static void WriteLiteral(ReadOnlySpan<byte> literal, ByteWriter output)
    {
        var last = literal.Length - 1;
        if (last < 0)
        {
            return;
        }

        if (last < 60)
        {
            output.WriteUInt8((byte)(last << 2));
        }
        else if (last < 256)
        {
            output.WriteUInt8(60 << 2);
            output.WriteUInt8((byte)last);
        }
        else
        {
            output.WriteUInt8(61 << 2);
            BinaryPrimitives.WriteUInt16LittleEndian(output.Take(2), (ushort)last);
        }

        output.WriteSpan(literal);
    }

    private static void WriteCopies(int distance, int length, ByteWriter output)
    {
        for (; length > 0; length -= Math.Min(64, length))
        {
            output.WriteUInt8((byte)(((Math.Min(64, length) - 1) << 2) | 2));
            BinaryPrimitives.WriteUInt16LittleEndian(output.Take(2), (ushort)distance);
        }
    }
}
