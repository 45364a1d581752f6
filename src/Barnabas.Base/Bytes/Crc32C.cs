using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Barnabas.Base.Bytes;

/// <summary>
/// CRC-32C (Castagnoli), the checksum of record batches and of producer snapshots. Long data is folded by carry-less multiplication over
/// vectors as wide as the processor has; short data, what is left of long data, and other processors take eight bytes an instruction.
/// </summary>
/// <remarks>
/// Folding keeps a remainder that is congruent to the bytes read so far: moving a 128-bit lane over D bits of further data multiplies it
/// by x^D, which is one multiplication of each half by a constant. With bits reflected, as CRC-32C has them, the constants are x^(D+31) for
/// the low half and x^(D-33) for the high half, both modulo the polynomial.
/// </remarks>
public static class Crc32C
{
    /// <summary>Below this many bytes a serial pass wins, and nothing of the vector code has to be compiled at start.</summary>
    internal const int FoldBytesMin = 512;

    private const ulong By2048Low = 0xdcb17aa4, By2048High = 0xb9e02b86;
    private const ulong By512Low = 0x740eef02, By512High = 0x9e4addf8;
    private const ulong By128Low = 0xf20c0dfe, By128High = 0x493c7d27;

    /// <summary>The checksum of <paramref name="bytes"/>; 0 for none.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The checksum of data whose checksum so far is <paramref name="crc"/>, followed by <paramref name="bytes"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FoldBytesMin)
        {
            return ~Serial(~crc, bytes);
        }

        if (Pclmulqdq.V512.IsSupported)
        {
            return ~Fold512(~crc, bytes);
        }

        return Pclmulqdq.IsSupported ? ~Fold128(~crc, bytes) : ~Serial(~crc, bytes);
    }

    /// <summary>Eight bytes at a time with the processor's instruction, or by table where it has none.</summary>
    internal static uint Serial(uint state, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (var b in bytes)
        {
            state = BitOperations.Crc32C(state, b);
        }

        return state;
    }

    /// <summary>Four 512-bit remainders side by side, 256 bytes a turn. Needs <see cref="Pclmulqdq.V512"/> and 256 bytes.</summary>
    internal static uint Fold512(uint state, ReadOnlySpan<byte> bytes)
    {
        ref var at = ref MemoryMarshal.GetReference(bytes);
        var left = bytes.Length - 256;
        var a = Vector512.LoadUnsafe(ref at).AsUInt64() ^ Vector512.CreateScalar((ulong)state);
        var b = Vector512.LoadUnsafe(ref at, 64).AsUInt64();
        var c = Vector512.LoadUnsafe(ref at, 128).AsUInt64();
        var d = Vector512.LoadUnsafe(ref at, 192).AsUInt64();
        var by = Vector512.Create(Vector256.Create(Vector128.Create(By2048Low, By2048High)));
        for (; left >= 256; left -= 256)
        {
            at = ref Unsafe.Add(ref at, 256);
            a = Move(a, by) ^ Vector512.LoadUnsafe(ref at).AsUInt64();
            b = Move(b, by) ^ Vector512.LoadUnsafe(ref at, 64).AsUInt64();
            c = Move(c, by) ^ Vector512.LoadUnsafe(ref at, 128).AsUInt64();
            d = Move(d, by) ^ Vector512.LoadUnsafe(ref at, 192).AsUInt64();
        }

        by = Vector512.Create(Vector256.Create(Vector128.Create(By512Low, By512High)));
        a = Move(Move(Move(a, by) ^ b, by) ^ c, by) ^ d;
        for (at = ref Unsafe.Add(ref at, 256); left >= 64; left -= 64)
        {
            a = Move(a, by) ^ Vector512.LoadUnsafe(ref at).AsUInt64();
            at = ref Unsafe.Add(ref at, 64);
        }

        state = 0;
        for (var i = 0; i < 8; i++)
        {
            state = BitOperations.Crc32C(state, a[i]);
        }

        return Serial(state, bytes[^left..]);
    }

    /// <summary>Four 128-bit remainders side by side, 64 bytes a turn. Needs <see cref="Pclmulqdq"/> and 64 bytes.</summary>
    internal static uint Fold128(uint state, ReadOnlySpan<byte> bytes)
    {
        ref var at = ref MemoryMarshal.GetReference(bytes);
        var left = bytes.Length - 64;
        var a = Vector128.LoadUnsafe(ref at).AsUInt64() ^ Vector128.CreateScalar((ulong)state);
        var b = Vector128.LoadUnsafe(ref at, 16).AsUInt64();
        var c = Vector128.LoadUnsafe(ref at, 32).AsUInt64();
        var d = Vector128.LoadUnsafe(ref at, 48).AsUInt64();
        var by = Vector128.Create(By512Low, By512High);
        for (; left >= 64; left -= 64)
        {
            at = ref Unsafe.Add(ref at, 64);
            a = Move(a, by) ^ Vector128.LoadUnsafe(ref at).AsUInt64();
            b = Move(b, by) ^ Vector128.LoadUnsafe(ref at, 16).AsUInt64();
            c = Move(c, by) ^ Vector128.LoadUnsafe(ref at, 32).AsUInt64();
            d = Move(d, by) ^ Vector128.LoadUnsafe(ref at, 48).AsUInt64();
        }

        by = Vector128.Create(By128Low, By128High);
        a = Move(Move(Move(a, by) ^ b, by) ^ c, by) ^ d;
        state = BitOperations.Crc32C(BitOperations.Crc32C(0u, a[0]), a[1]);
        return Serial(state, bytes[^left..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Move(Vector512<ulong> lane, Vector512<ulong> by) =>
        Pclmulqdq.V512.CarrylessMultiply(lane, by, 0x00) ^ Pclmulqdq.V512.CarrylessMultiply(lane, by, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Move(Vector128<ulong> lane, Vector128<ulong> by) =>
        Pclmulqdq.CarrylessMultiply(lane, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(lane, by, 0x11);
}
