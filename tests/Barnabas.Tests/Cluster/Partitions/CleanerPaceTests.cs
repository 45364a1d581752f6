using Barnabas.Broker.Config;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>The cleaner rests far longer than it works, so that requests hardly meet it, unless it falls behind.</summary>
public sealed class CleanerPaceTests : IDisposable
{
    private const int StepMs = 2;

    private readonly CleanerBench _bench = new("log.cleaner.backoff.ms=1000000");
    private readonly string _value = new('v', 20_000);
    private int _steps;

    public CleanerPaceTests() => _bench.Disk.Before = (kind, path) =>
    {
        // Time passes only where the copy is written, which is once in some steps.
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
        var replica = _bench.Add("t", "internal.segment.bytes=20000000");
        Write(replica);
        Start();
        Assert.InRange(RestsUntilClean(replica), 15 * StepMs * (_steps - 2), 15 * StepMs * _steps);
        Assert.InRange(_steps, 6, int.MaxValue);
    }

    [Fact]
    public void An_operators_limit_says_how_fast_it_works()
    {
        _bench.Config = BrokerConfig.Of([KeyValuePair.Create("log.cleaner.io.max.bytes.per.second", "1000000000")]);
        var replica = _bench.Add("t", "internal.segment.bytes=20000000");
        Write(replica);
        Start();
        Assert.InRange(RestsUntilClean(replica), 0, StepMs * _steps);
    }

    [Fact]
    public void It_does_not_rest_in_a_log_that_is_dirty_again_as_soon_as_it_is_clean()
    {
        var replica = _bench.Add("t", "internal.segment.bytes=20000000");
        Write(replica);
        Start();
        Write(replica, times: 2);
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

    /// <summary>Records that stay, and some that do not.</summary>
    private void Write(Replica replica, int times = 1)
    {
        for (var i = 0; i < 120 * times; i++)
        {
            _bench.Append(replica, $"k{i}={_value}");
        }

        _bench.Append(replica, "k0=last");
        _bench.Roll(replica);
    }
}
