using Barnabas.Broker.Config;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>The cleaner rests far longer than it works, so that requests hardly meet it, unless it falls behind.</summary>
public sealed class CleanerPaceTests : IDisposable
{
    private const int StepMs = 2;

    private readonly CleanerBench _bench = new("log.cleaner.backoff.ms=1000000");
    private int _steps;

    public CleanerPaceTests() => _bench.Disk.Before = (kind, path) =>
    {
        // Time passes only where the copy is written, which is once in a step of a large batch.
        if (kind == "write" && path.EndsWith(".log.cleaned", StringComparison.Ordinal))
        {
            _steps++;
            _bench.Host.WallMs += StepMs;
        }
    };

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void It_rests_for_fifteen_times_as_long_as_it_works()
    {
        var replica = Written(batches: 12, batchBytes: 1_000_000);
        Start();
        Assert.InRange(RestsUntilClean(replica), 15 * StepMs * (_steps - 2), 15 * StepMs * _steps);
        Assert.InRange(_steps, 8, int.MaxValue);
    }

    [Fact]
    public void It_does_not_take_a_wait_for_work()
    {
        var replica = Written(batches: 200, batchBytes: 20_000);
        Start();
        Assert.InRange(RestsUntilClean(replica), 1, 15 * StepMs * _steps / 4);
        Assert.InRange(_steps, 8, int.MaxValue);
    }

    [Fact]
    public void An_operators_limit_says_how_fast_it_works()
    {
        _bench.Config = BrokerConfig.Of([KeyValuePair.Create("log.cleaner.io.max.bytes.per.second", "1000000000")]);
        var replica = Written(batches: 12, batchBytes: 1_000_000);
        Start();
        Assert.InRange(RestsUntilClean(replica), 0, 3 * StepMs * _steps);
    }

    [Fact]
    public void It_does_not_rest_in_a_log_that_is_dirty_again_as_soon_as_it_is_clean()
    {
        var replica = Written(batches: 12, batchBytes: 1_000_000);
        Start();
        Write(replica, 24, 1_000_000);
        var first = replica.View.FirstDirtyOffset;
        var rests = RestsUntilClean(replica, watch: () => Assert.Equal(first, replica.View.FirstDirtyOffset));
        Assert.InRange(rests, 1, 15 * StepMs * _steps / 2);
    }

    private void Start()
    {
        _bench.Cleaner.Start();
        _bench.Host.Pump();
    }

    /// <summary>How many milliseconds it rested.</summary>
    private int RestsUntilClean(Replica replica, Action? watch = null)
    {
        var restsMs = 0;
        for (; !CleanerBench.IsClean(replica); restsMs++)
        {
            watch?.Invoke();
            Assert.InRange(restsMs, 0, 100_000);
            _bench.Host.Advance(1);
        }

        return restsMs;
    }

    private Replica Written(int batches, int batchBytes)
    {
        var replica = _bench.Add("t", "internal.segment.bytes=50000000");
        Write(replica, batches, batchBytes);
        return replica;
    }

    /// <summary>Records that stay, and one that does not.</summary>
    private void Write(Replica replica, int batches, int batchBytes)
    {
        var value = new string('v', batchBytes);
        for (var i = 0; i < batches; i++)
        {
            _bench.Append(replica, $"k{i}={value}");
        }

        _bench.Append(replica, "k0=last");
        _bench.Roll(replica);
    }
}
