using System.Text;
using Barnabas.Log.Compaction;

namespace Barnabas.Tests.Log.Compaction;

public sealed class OffsetMapTests
{
    /// <summary>The first vectors that the authors of SipHash publish for 128 bits: secret 00 to 0f, messages of ascending bytes.</summary>
    [Theory]
    [InlineData(0, "a3817f04ba25a8e66df67214c7550293")]
    [InlineData(1, "da87c1d86b99af44347659119b22fc45")]
    public void The_hash_is_SipHash(int length, string expected)
    {
        var hash = new KeyHash(0x0706050403020100UL, 0x0f0e0d0c0b0a0908UL).Of([.. Enumerable.Range(0, length).Select(i => (byte)i)]);
        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(bytes, hash);
        Assert.Equal(expected, Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void The_last_offset_counts_and_a_full_map_takes_no_new_key()
    {
        using var map = new OffsetMap(new CleaningMemory(10 * OffsetMap.EntryBytes, 0.5, 1), new KeyHash(3, 4), 1_000_000);
        Assert.Equal(5, map.CountMax);
        for (var i = 0; i < 5; i++)
        {
            Assert.True(map.TryPut(Key(i), i));
        }

        Assert.False(map.TryPut(Key(5), 5));
        Assert.True(map.TryPut(Key(2), 6));
        Assert.Equal([0L, 1, 6, 3, 4, -1], Enumerable.Range(0, 6).Select(i => map.OffsetOf(Key(i))));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(9), InlineData(100_000)]
    public void It_takes_every_key_that_it_was_made_for(int count)
    {
        using var map = new OffsetMap(CleaningMemory.Default, new KeyHash(5, 6), count);
        for (var i = 0; i < count; i++)
        {
            Assert.True(map.TryPut(Key(i), i));
        }

        Assert.Equal(count, map.Count);
        Assert.All(Enumerable.Range(0, count), i => Assert.Equal(i, map.OffsetOf(Key(i))));
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes($"key number {number}");
}
