using Barnabas.Cluster.Partitions;
using Barnabas.Shared;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>Each key of compaction, changed, and what becomes of a log.</summary>
public sealed class CleanerKeyTests : IDisposable
{
    private CleanerBench? _bench;

    public void Dispose() => _bench?.Dispose();

    [Theory]
    [InlineData("log.cleaner.min.cleanable.ratio=0.99", "unclean.leader.election.enable=false", false)]
    [InlineData("log.cleaner.min.cleanable.ratio=0.99", "min.cleanable.dirty.ratio=0.1", true)]
    [InlineData("log.cleaner.min.cleanable.ratio=0.1", "unclean.leader.election.enable=false", true)]
    [ConfigKey("log.cleaner.min.cleanable.ratio")]
    [ConfigKey("min.cleanable.dirty.ratio")]
    public void A_log_is_left_until_it_is_dirty_enough(string ofBroker, string ofTopic, bool expected)
    {
        var replica = Start([ofBroker], ofTopic, "delete.retention.ms=0");
        Assert.True(CleanerBench.IsClean(replica)); // wholly dirty at first
        _bench!.Append(replica, "a=x", new string('y', 150));
        _bench.Roll(replica);
        _bench.Host.Advance(15_000);
        Assert.Equal(expected, CleanerBench.IsClean(replica));
    }

    [Theory]
    [InlineData("log.cleaner.min.compaction.lag.ms=60000", null)]
    [InlineData(null, "min.compaction.lag.ms=60000")]
    [ConfigKey("log.cleaner.min.compaction.lag.ms")]
    [ConfigKey("min.compaction.lag.ms")]
    public void Young_records_are_left_alone(string? ofBroker, string? ofTopic)
    {
        var replica = Start(ofBroker is null ? [] : [ofBroker], ofTopic is null ? [] : [ofTopic]);
        Assert.Equal(24, CleanerBench.Read(replica).Count);
        _bench!.Host.Advance(45_000);
        Assert.Equal(24, CleanerBench.Read(replica).Count);
        _bench.Host.Advance(30_000);
        Assert.Equal(3, CleanerBench.Read(replica).Count);
    }

    [Theory]
    [InlineData("log.cleaner.max.compaction.lag.ms=60000", null)]
    [InlineData(null, "max.compaction.lag.ms=60000")]
    [ConfigKey("log.cleaner.max.compaction.lag.ms")]
    [ConfigKey("max.compaction.lag.ms")]
    public void Overdue_records_are_cleaned_however_few_they_are(string? ofBroker, string? ofTopic)
    {
        string[] settings = ["min.cleanable.dirty.ratio=1", .. ofTopic is null ? Array.Empty<string>() : [ofTopic]];
        var replica = Start(ofBroker is null ? [] : [ofBroker], settings);
        Assert.Equal(24, CleanerBench.Read(replica).Count);
        _bench!.Host.Advance(45_000);
        Assert.Equal(24, CleanerBench.Read(replica).Count);
        _bench.Host.Advance(30_000);
        Assert.Equal(3, CleanerBench.Read(replica).Count);

        // The active segment cannot be cleaned: it rolls as early as its records have to be.
        _bench.Append(replica, "z=1");
        var segments = _bench.Files("t").Count(f => f.EndsWith(".log"));
        _bench.Host.Advance(70_000);
        _bench.Append(replica, "z=2");
        Assert.Equal(segments + 1, _bench.Files("t").Count(f => f.EndsWith(".log")));
    }

    [Theory]
    [InlineData("log.cleaner.delete.retention.ms=30000", null)]
    [InlineData(null, "delete.retention.ms=30000")]
    [ConfigKey("log.cleaner.delete.retention.ms")]
    [ConfigKey("delete.retention.ms")]
    public void Tombstones_stay_so_long(string? ofBroker, string? ofTopic)
    {
        string[] settings = ["min.cleanable.dirty.ratio=0", .. ofTopic is null ? Array.Empty<string>() : [ofTopic]];
        var replica = Start(ofBroker is null ? [] : [ofBroker], settings);
        Dirty(replica, "a");
        Assert.Equal(["b=7", "c=7", "a"], CleanerBench.Read(replica));
        _bench!.Host.Advance(14_000);
        Dirty(replica, "b=8");
        Assert.Contains("a", CleanerBench.Read(replica));
        _bench.Host.Advance(16_000);
        Dirty(replica, "b=9");
        Assert.Equal(["c=7", "b=9"], CleanerBench.Read(replica));
    }

    [Fact]
    [ConfigKey("log.cleaner.backoff.ms")]
    public void An_idle_cleaner_rests_so_long()
    {
        _bench = new CleanerBench("log.cleaner.backoff.ms=5000");
        _bench.Cleaner.Start();
        _bench.Host.Pump();
        var replica = _bench.AddDirty("t");
        _bench.Host.Advance(4999);
        Assert.Equal(24, CleanerBench.Read(replica).Count);
        _bench.Host.Advance(1);
        Assert.Equal(3, CleanerBench.Read(replica).Count);
    }

    [Fact]
    [ConfigKey("log.cleaner.io.max.bytes.per.second")]
    public void A_throttled_cleaner_takes_its_time_and_holds_no_thread()
    {
        var replica = Start(["log.cleaner.io.max.bytes.per.second=1100"]);
        var bytes = replica.View.SizeBytes; // read twice
        Assert.Equal(24, CleanerBench.Read(replica).Count);
        var tookMs = 0;
        for (; !CleanerBench.IsClean(replica); tookMs += 100)
        {
            Assert.True(tookMs < 60_000);
            _bench!.Host.Advance(100);
        }

        Assert.InRange(tookMs, (bytes * 2000 / 1100) - 2500, (bytes * 2000 / 1100) + 2500);
    }

    [Theory]
    [InlineData("log.cleaner.dedupe.buffer.size=96", 3)]
    [InlineData("log.cleaner.dedupe.buffer.size=96,log.cleaner.io.buffer.load.factor=0.3", 1)]
    [InlineData("log.cleaner.dedupe.buffer.size=9600", 24)]
    [ConfigKey("log.cleaner.dedupe.buffer.size")]
    [ConfigKey("log.cleaner.io.buffer.load.factor")]
    public void The_map_of_keys_decides_how_far_a_cleaning_comes(string settings, int expected)
    {
        _bench = new CleanerBench(settings.Split(','));
        var replica = _bench.Add("t");
        for (var i = 0; i < 24; i++)
        {
            _bench.Append(replica, $"key{i}={new string('.', 40)}");
        }

        _bench.Roll(replica);
        _bench.Cleaner.Start();
        while (replica.View.FirstDirtyOffset < 0)
        {
            Assert.True(_bench.Host.Step());
        }

        Assert.Equal(expected, replica.View.FirstDirtyOffset);
    }

    [Theory, InlineData(1500, true), InlineData(512 << 10, false)]
    [ConfigKey("log.cleaner.io.buffer.size")]
    public void The_buffer_decides_how_much_is_done_in_one_step(int bytes, bool isStepwise)
    {
        _bench = new CleanerBench($"log.cleaner.io.buffer.size={bytes}");
        var replica = _bench.Add("t", "internal.segment.bytes=1000000");
        for (var i = 0; i < 200; i++)
        {
            _bench.Append(replica, $"a={new string('.', 100)}");
        }

        _bench.Roll(replica);
        _bench.Cleaner.Start();
        var steps = 0;
        while (!CleanerBench.IsClean(replica) && _bench.Host.Step())
        {
            steps++;
        }

        Assert.Equal(isStepwise, steps > 25);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(5)]
    [ConfigKey("log.cleaner.threads")]
    public void So_many_logs_are_compacted_at_once(int threads)
    {
        _bench = new CleanerBench($"log.cleaner.threads={threads}");
        string[] topics = ["a", "b", "c"];
        var replicas = Array.ConvertAll(topics, topic => _bench.AddDirty(topic));
        _bench.Cleaner.Start();
        var most = 0;
        while (_bench.Host.Step())
        {
            most = Math.Max(most, topics.Count(topic => Array.Exists(_bench.Files(topic), file => file.EndsWith(".cleaned"))));
        }

        Assert.Equal(Math.Min(threads, 3), most);
        Assert.All(replicas, replica => Assert.Equal(threads > 0, CleanerBench.IsClean(replica)));
    }

    [Fact]
    public void Threads_that_are_wanted_later_begin_at_the_next_look()
    {
        _bench = new CleanerBench("log.cleaner.threads=0");
        var replica = _bench.AddDirty("t");
        _bench.Cleaner.Start();
        _bench.Host.Advance(15_000);
        Assert.False(CleanerBench.IsClean(replica));
        _bench.Config = Barnabas.Broker.Config.BrokerConfig.Of([new("log.cleaner.threads", "1")]);
        _bench.Host.Advance(15_000);
        Assert.True(CleanerBench.IsClean(replica));
    }

    [Fact]
    public void No_two_threads_work_on_one_log_and_they_share_what_may_be_moved()
    {
        _bench = new CleanerBench("log.cleaner.threads=3", "log.cleaner.io.max.bytes.per.second=1100");
        var first = AddLarge("a");
        _bench.Cleaner.Start();
        _bench.Host.Advance(500);
        Assert.Equal(1, _bench.Cleaner.Busy);
        var aloneMs = 500 + UntilClean(first);

        var (second, third) = (AddLarge("b"), AddLarge("c"));
        _bench.Host.Advance(15_000, pumps: false);
        while (_bench.Cleaner.Busy < 2)
        {
            Assert.True(_bench.Host.Step());
        }

        Assert.InRange(UntilClean(second, third), aloneMs * 3 / 2, aloneMs * 3);
    }

    private Replica AddLarge(string topic)
    {
        var replica = _bench!.Add(topic);
        for (var i = 0; i < 50; i++)
        {
            _bench.Append(replica, $"a={new string('.', 100)}");
        }

        _bench.Roll(replica);
        return replica;
    }

    private long UntilClean(params Replica[] replicas)
    {
        var tookMs = 0L;
        for (; !Array.TrueForAll(replicas, CleanerBench.IsClean); tookMs += 100)
        {
            Assert.True(tookMs < 60_000);
            _bench!.Host.Advance(100);
        }

        return tookMs;
    }

    private Replica Start(string[] ofBroker, params string[] ofTopic)
    {
        _bench = new CleanerBench(ofBroker);
        var replica = _bench.AddDirty("t", ofTopic);
        _bench.Cleaner.Start();
        _bench.Host.Pump();
        return replica;
    }

    /// <summary>Appends and lets the cleaner look.</summary>
    private void Dirty(Replica replica, string record)
    {
        _bench!.Append(replica, record);
        _bench.Roll(replica);
        _bench.Host.Advance(15_000);
    }
}
