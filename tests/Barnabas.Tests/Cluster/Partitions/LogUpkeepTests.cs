using Barnabas.Base;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>What becomes of the jobs of a log whose partition goes: they name its files by their paths.</summary>
public sealed class LogUpkeepTests : IDisposable
{
    private readonly CleanerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void What_comes_behind_the_jobs_of_a_log_runs_when_they_have_run()
    {
        var replica = _bench.Add("t");
        _bench.Append(replica, "a=1");
        var indexes = -1;
        _bench.OnShard(() =>
        {
            replica.Log.Roll(_bench.Host.WallMs);
            replica.Shard.Upkeep.Flush(replica, includeActive: false);
            replica.Shard.Upkeep.Behind(replica.Log, () => indexes = Indexes("t"));
        });
        _bench.Host.Pump();
        Assert.Equal(1, indexes);
    }

    [Fact]
    public void What_waits_for_room_is_dropped_with_its_log_and_others_go_on()
    {
        var (gone, other) = (_bench.Add("g"), _bench.Add("o"));
        foreach (var replica in (Replica[])[gone, other])
        {
            _bench.Disk.IsFull = false;
            _bench.Append(replica, "a=1");
            _bench.OnShard(() =>
            {
                replica.Log.Roll(_bench.Host.WallMs);
                _bench.Disk.IsFull = true;
                replica.Touch();
            });
            _bench.Host.Pump();
        }

        var isBehind = false;
        _bench.Table.Remove(gone);
        _bench.OnShard(() =>
        {
            gone.Fail(new ReplicaFailure(ErrorCode.UnknownTopicOrPartition, "deleted"));
            gone.Log.Abandon();
            gone.Shard.Upkeep.Behind(gone.Log, () => isBehind = true);
        });
        _bench.Host.Pump();
        Assert.True(isBehind);

        // From here on the directory's name may be another partition's.
        _bench.Disk.IsFull = false;
        _bench.Host.Advance(1000);
        Assert.Equal((0, 1), (Indexes("g"), Indexes("o")));
        Assert.Empty(_bench.Faults);
    }

    private int Indexes(string topic) => _bench.Files(topic).Count(file => file.EndsWith(".index", StringComparison.Ordinal));
}
