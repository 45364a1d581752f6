using System.Runtime.Intrinsics.X86;
using System.Text;
using Barnabas.Base.Bytes;

namespace Barnabas.Tests.Base;

public sealed class Crc32CTests
{
    private delegate uint Kernel(uint state, ReadOnlySpan<byte> bytes);

    [Fact]
    public void KnownAnswers()
    {
        Assert.Equal(0u, Crc32C.Compute([]));
        Assert.Equal(0xE3069283u, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
    }

    [Fact]
    public void EveryLengthUpTo4096AgreesWithTheBitwiseDefinition()
    {
        var bytes = SeededBytes(4096 + 7);
        for (var shift = 0; shift < 8; shift += 7)
        {
            var state = ~0u;
            for (var length = 0; length <= 4096; length++)
            {
                Assert.Equal(~state, Crc32C.Compute(bytes.AsSpan(shift, length)));
                state = length < 4096 ? Bitwise(state, bytes[shift + length]) : state;
            }
        }
    }

    [Fact]
    public void AnySplitGivesTheChecksumOfTheWhole()
    {
        var random = new Random(7);
        var bytes = SeededBytes(20_000);
        for (var turn = 0; turn < 2_000; turn++)
        {
            var whole = bytes.AsSpan(random.Next(64), random.Next(bytes.Length - 64));
            var first = random.Next(whole.Length + 1);
            var second = first + random.Next(whole.Length - first + 1);
            var crc = Crc32C.Append(Crc32C.Append(Crc32C.Compute(whole[..first]), whole[first..second]), whole[second..]);
            Assert.Equal(Crc32C.Compute(whole), crc);
        }
    }

    [Fact]
    public void EachKernelThatThisProcessorHasAgreesWithTheBitwiseDefinition()
    {
        var kernels = new List<(Kernel Kernel, int BytesMin)> { (Crc32C.Serial, 0) };
        if (Pclmulqdq.IsSupported)
        {
            kernels.Add((Crc32C.Fold128, 64));
        }

        if (Pclmulqdq.V512.IsSupported)
        {
            kernels.Add((Crc32C.Fold512, 256));
        }

        var bytes = SeededBytes(1500);
        foreach (var start in new[] { 0u, ~0u, 0x12345678u })
        {
            var state = start;
            for (var length = 0; length <= 1500; length++)
            {
                foreach (var (kernel, bytesMin) in kernels)
                {
                    if (length >= bytesMin)
                    {
                        Assert.Equal(state, kernel(start, bytes.AsSpan(0, length)));
                    }
                }

                state = length < 1500 ? Bitwise(state, bytes[length]) : state;
            }
        }
    }

    private static byte[] SeededBytes(int length)
    {
        var bytes = new byte[length];
        new Random(42).NextBytes(bytes);
        return bytes;
    }

    private static uint Bitwise(uint state, byte next)
    {
        state ^= next;
        for (var bit = 0; bit < 8; bit++)
        {
            state = (state >> 1) ^ ((state & 1) * 0x82F63B78u);
        }

        return state;
    }
}
