using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Tests.Base.Bytes;

public sealed class BufferPoolTests
{
    [Fact]
    public void A_block_comes_back_when_the_last_reference_goes()
    {
        var pool = new BufferPool(1024, 4);
        var lease = pool.Rent();
        Assert.True(lease.IsSole);
        lease.Span.Fill(7);
        lease.Retain();
        Assert.False(lease.IsSole);
        lease.Release();
        Assert.True(lease.IsSole);
        Assert.Equal(7, lease.Span[1023]);
        lease.Release();
        Assert.Same(lease, pool.Rent());
        Assert.NotSame(lease, pool.Rent());
    }

#if DEBUG
    [Fact]
    public void What_a_block_held_is_poisoned_on_return()
    {
        var pool = new BufferPool(1024, 4);
        var lease = pool.Rent();
        lease.Span.Fill(7);
        lease.Release();
        Assert.Equal(-1, pool.Rent().Span.IndexOfAnyExcept((byte)0xDB));
    }
#endif

    [Fact]
    public void No_more_than_the_bound_is_kept()
    {
        var pool = new BufferPool(64, 2);
        var first = Enumerable.Range(0, 5).Select(_ => pool.Rent()).ToList();
        first.ForEach(lease => lease.Release());
        var second = Enumerable.Range(0, 5).Select(_ => pool.Rent()).ToList();
        Assert.Equal(2, second.Count(lease => first.Contains(lease)));
        second.ForEach(lease => lease.Release());
        pool.Trim();
        Assert.DoesNotContain(pool.Rent(), second);
    }

    [Fact]
    public void An_unpooled_block_grows_and_keeps_its_bytes()
    {
        var lease = BufferPool.RentUnpooled(100);
        lease.Span.Fill(9);
        BufferPool.Resize(lease, 1_000_000);
        Assert.Equal(1_000_000, lease.CapacityBytes);
        Assert.Equal(-1, lease.Span[..100].IndexOfAnyExcept((byte)9));
        lease.Release();
    }

    [Fact]
    public void Many_threads_never_share_a_block()
    {
        var pool = new BufferPool(256, 8);
        var faults = 0;
        var threads = Enumerable.Range(1, 4).Select(mark => new Thread(() =>
        {
            for (var i = 0; i < 50_000; i++)
            {
                var lease = pool.Rent();
                lease.Span.Fill((byte)mark);
                if (lease.Span.IndexOfAnyExcept((byte)mark) >= 0)
                {
                    Interlocked.Increment(ref faults);
                }

                lease.Release();
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(0, faults);
    }

    [Theory]
    [InlineData("release")]
    [InlineData("retain")]
    [InlineData("read")]
    public void A_block_that_was_given_back_must_not_be_used(string how)
    {
        var pool = new BufferPool(64, 1);
        var lease = pool.Rent();
        lease.Release();
        Check.OnFailure = _ => { };
        Assert.Throws<CheckFailedException>(() =>
        {
            switch (how)
            {
                case "release":
                    lease.Release();
                    break;
                case "retain":
                    lease.Retain();
                    break;
                default:
                    _ = lease.Span.Length;
                    break;
            }
        });
    }
}
