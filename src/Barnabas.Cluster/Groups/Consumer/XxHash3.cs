using System.Buffers.Binary;
using System.Numerics;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>The hash XXH3 of 64 bits without a seed, by which Kafka notices that topics have changed. Stateless.</summary>
public static class XxHash3
{
    private const ulong Prime1 = 0x9E3779B185EBCA87, Prime2 = 0xC2B2AE3D27D4EB4F, Prime3 = 0x165667B19E3779F9;
    private const ulong Prime4 = 0x85EBCA77C2B2AE63, Prime5 = 0x27D4EB2F165667C5;
    private const uint Short1 = 0x9E3779B1, Short2 = 0x85EBCA77, Short3 = 0xC2B2AE3D;
    private const int StripeBytes = 64, StripesPerBlock = 16, BlockBytes = StripeBytes * StripesPerBlock;

    // The secret that the definition of the hash gives.
    private static ReadOnlySpan<byte> Secret =>
    [
        0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
        0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
        0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
        0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
        0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
        0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
        0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
        0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
        0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
        0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
        0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
        0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
    ];

    /// <summary>The hash of the bytes.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => AvalancheLong(Key(56) ^ Key(64)),
        <= 3 => Hash3(bytes),
        <= 8 => Hash8(bytes),
        <= 16 => Hash16(bytes),
        <= 128 => Hash128(bytes),
        <= 240 => Hash240(bytes),
        _ => HashLong(bytes),
    };

    private static ulong Hash3(ReadOnlySpan<byte> bytes)
    {
        var combined = ((uint)bytes[0] << 16) | ((uint)bytes[bytes.Length >> 1] << 24) | bytes[^1] | ((uint)bytes.Length << 8);
        return AvalancheLong(combined ^ (ulong)((uint)Key(0) ^ (uint)(Key(0) >> 32)));
    }

    private static ulong Hash8(ReadOnlySpan<byte> bytes)
    {
        var first = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var last = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]);
        var hash = (last + ((ulong)first << 32)) ^ Key(8) ^ Key(16);
        hash ^= BitOperations.RotateLeft(hash, 49) ^ BitOperations.RotateLeft(hash, 24);
        hash *= 0x9FB21C651E98DF25;
        hash ^= (hash >> 35) + (ulong)bytes.Length;
        hash *= 0x9FB21C651E98DF25;
        return hash ^ (hash >> 28);
    }

    private static ulong Hash16(ReadOnlySpan<byte> bytes)
    {
        var low = Word(bytes, 0) ^ Key(24) ^ Key(32);
        var high = Word(bytes, bytes.Length - 8) ^ Key(40) ^ Key(48);
        return Avalanche((ulong)bytes.Length + BinaryPrimitives.ReverseEndianness(low) + high + Fold(low, high));
    }

    private static ulong Hash128(ReadOnlySpan<byte> bytes)
    {
        var sum = (ulong)bytes.Length * Prime1;
        for (var i = (bytes.Length - 1) / 32; i >= 0; i--)
        {
            sum += Mix(bytes, i * 16, i * 32) + Mix(bytes, bytes.Length - (i * 16) - 16, (i * 32) + 16);
        }

        return Avalanche(sum);
    }

    private static ulong Hash240(ReadOnlySpan<byte> bytes)
    {
        var sum = (ulong)bytes.Length * Prime1;
        for (var i = 0; i < 8; i++)
        {
            sum += Mix(bytes, i * 16, i * 16);
        }

        sum = Avalanche(sum);
        for (var i = 8; i < bytes.Length / 16; i++)
        {
            sum += Mix(bytes, i * 16, ((i - 8) * 16) + 3);
        }

        return Avalanche(sum + Mix(bytes, bytes.Length - 16, 136 - 17));
    }

    private static ulong HashLong(ReadOnlySpan<byte> bytes)
    {
        Span<ulong> sums = [Short3, Prime1, Prime2, Prime3, Prime4, Short2, Prime5, Short1];
        var at = 0;
        for (; at < (bytes.Length - 1) / BlockBytes * BlockBytes; at += BlockBytes)
        {
            Accumulate(sums, bytes.Slice(at, BlockBytes), StripesPerBlock);
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i] = (sums[i] ^ (sums[i] >> 47) ^ Key(Secret.Length - StripeBytes + (i * 8))) * Short1;
            }
        }

        Accumulate(sums, bytes[at..], (bytes.Length - 1 - at) / StripeBytes);
        AddStripe(sums, bytes[^StripeBytes..], Secret.Length - StripeBytes - 7);
        var hash = (ulong)bytes.Length * Prime1;
        for (var i = 0; i < 4; i++)
        {
            hash += Fold(sums[2 * i] ^ Key(11 + (16 * i)), sums[(2 * i) + 1] ^ Key(19 + (16 * i)));
        }

        return Avalanche(hash);
    }

    private static void Accumulate(Span<ulong> sums, ReadOnlySpan<byte> bytes, int stripes)
    {
        for (var i = 0; i < stripes; i++)
        {
            AddStripe(sums, bytes.Slice(i * StripeBytes, StripeBytes), i * 8);
        }
    }

    private static void AddStripe(Span<ulong> sums, ReadOnlySpan<byte> stripe, int key)
    {
        for (var i = 0; i < sums.Length; i++)
        {
            var word = Word(stripe, i * 8);
            var keyed = word ^ Key(key + (i * 8));
            sums[i ^ 1] += word;
            sums[i] += (uint)keyed * (keyed >> 32);
        }
    }

    private static ulong Mix(ReadOnlySpan<byte> bytes, int at, int key) =>
        Fold(Word(bytes, at) ^ Key(key), Word(bytes, at + 8) ^ Key(key + 8));

    private static ulong Fold(ulong one, ulong other) => Math.BigMul(one, other, out var low) ^ low;

    private static ulong Avalanche(ulong hash)
    {
        hash = (hash ^ (hash >> 37)) * 0x165667919E3779F9;
        return hash ^ (hash >> 32);
    }

    private static ulong AvalancheLong(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * Prime2;
        hash = (hash ^ (hash >> 29)) * Prime3;
        return hash ^ (hash >> 32);
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private static ulong Key(int at) => BinaryPrimitives.ReadUInt64LittleEndian(Secret[at..]);
}
