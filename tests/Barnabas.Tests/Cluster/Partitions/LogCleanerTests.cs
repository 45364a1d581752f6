using Barnabas.Cluster.Partitions;

namespace Barnabas.Tests.Cluster.Partitions;

public sealed class LogCleanerTests : IDisposable
{
    private readonly CleanerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Dirty_logs_are_cleaned_and_their_old_files_removed()
    {
        var replica = _bench.AddDirty("t");
        var before = LogBytes();
        _bench.Cleaner.Start();
        _bench.Host.Pump();
        Assert.Equal(["a=7", "b=7", "c=7"], CleanerBench.Read(replica));
        Assert.True(CleanerBench.IsClean(replica));
        _bench.Host.Advance(1);
        Assert.True(LogBytes() < before / 2);
        Assert.DoesNotContain(_bench.Files("t"), f => f.EndsWith(".cleaned") || f.EndsWith(".swap") || f.EndsWith(".deleted"));
        Assert.Empty(_bench.Faults);
        Assert.True(_bench.Checkpoints >= 2);

        long LogBytes() => _bench.Files("t").Where(f => f.EndsWith(".log")).Sum(f => new FileInfo(f).Length);
    }

    [Fact]
    public void What_a_crash_left_unflushed_is_cleaned_though_nobody_writes_to_it()
    {
        var replica = _bench.Crash(_bench.AddDirty("t"));
        _bench.Cleaner.Start();
        _bench.Host.Pump();
        Assert.Equal(["a=7", "b=7", "c=7"], CleanerBench.Read(replica));
    }

    [Fact]
    public void The_dirtiest_log_comes_first()
    {
        var less = _bench.AddDirty("a", "min.cleanable.dirty.ratio=0");
        var more = _bench.AddDirty("b", "min.cleanable.dirty.ratio=0");
        _bench.Cleaner.Start();
        _bench.Host.Pump();
        _bench.Append(less, "a=9");
        _bench.Roll(less);
        for (var i = 0; i < 20; i++)
        {
            _bench.Append(more, $"a={i}", $"b={i}", "c=0");
        }

        _bench.Roll(more);
        _bench.Host.Advance(15_000, pumps: false);
        while (!CleanerBench.IsClean(less) && !CleanerBench.IsClean(more))
        {
            Assert.True(_bench.Host.Step());
        }

        Assert.Equal((false, true), (CleanerBench.IsClean(less), CleanerBench.IsClean(more)));
        _bench.Host.Pump();
        Assert.True(CleanerBench.IsClean(less));
    }

    [Fact]
    public void Other_policies_are_left_alone()
    {
        var deletes = _bench.AddDirty("d", "cleanup.policy=delete");
        var neither = _bench.AddDirty("n", "cleanup.policy=");
        var both = _bench.AddDirty("b", "cleanup.policy=compact,delete");
        _bench.Cleaner.Start();
        _bench.Host.Pump();
        Assert.Equal([24, 24, 3], new[] { deletes, neither, both }.Select(r => CleanerBench.Read(r).Count));
    }

    [Fact]
    public void A_log_that_cannot_be_compacted_is_named_once_and_hinders_no_other()
    {
        var rotten = _bench.AddDirty("r");
        using (var file = File.OpenWrite(_bench.Files("r").Order().First(f => f.EndsWith(".log"))))
        {
            file.Position = 70;
            file.WriteByte(1);
        }

        var good = _bench.AddDirty("g");
        _bench.Cleaner.Start();
        _bench.Host.Pump();
        _bench.Host.Advance(20_000);
        Assert.True(CleanerBench.IsClean(good));
        Assert.Equal(-1, rotten.View.FirstDirtyOffset);
        Assert.Contains("r-0", Assert.Single(_bench.Reports));
        Assert.Null(rotten.Failure);
    }

    [Fact]
    public void A_disk_that_fails_takes_the_log_out_of_service()
    {
        var replica = _bench.AddDirty("t");
        _bench.Disk.FailAt = _bench.Disk.Changes + 2;
        _bench.Cleaner.Start();
        _bench.Host.Pump();
        Assert.NotNull(replica.Failure);
        Assert.NotEmpty(_bench.Faults);
    }

    [Fact]
    public void A_topic_that_is_deleted_meanwhile_ends_its_cleaning()
    {
        var replica = _bench.AddDirty("t");
        _bench.Cleaner.Start();
        for (var i = 0; i < 6; i++)
        {
            Assert.True(_bench.Host.Step());
        }

        _bench.Table.Remove(replica);
        _bench.OnShard(() =>
        {
            replica.Fail(new ReplicaFailure(Barnabas.Base.ErrorCode.UnknownTopicOrPartition, "deleted"));
            replica.Log.Abandon();
        });
        _bench.Host.Pump();
        Assert.Empty(_bench.Faults);
        Assert.DoesNotContain(_bench.Files("t"), f => f.EndsWith(".cleaned"));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(7), InlineData(12)]
    public void A_stop_ends_at_the_next_step_and_leaves_nothing_open(int steps)
    {
        _bench.AddDirty("t", "file.delete.delay.ms=100000");
        _bench.Cleaner.Start();
        for (var i = 0; i < steps && _bench.Host.Step(); i++)
        {
        }

        var stops = 0;
        _bench.Cleaner.Stop(() => stops++);
        _bench.Host.Pump();
        _bench.Host.Advance(100);
        Assert.Equal(1, stops);
        Assert.DoesNotContain(_bench.Files("t"), f => f.EndsWith(".cleaned") || f.EndsWith(".swap"));
    }

    [Fact]
    public void A_cleaner_that_was_never_started_stops_too()
    {
        var stops = 0;
        _bench.Cleaner.Stop(() => stops++);
        _bench.Host.Pump();
        Assert.Equal(1, stops);
    }
}
