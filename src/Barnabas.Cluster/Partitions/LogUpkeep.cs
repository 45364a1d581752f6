using Barnabas.Base.Loops;
using Barnabas.Log.Compaction;
using Barnabas.Log.Flushing;
using Barnabas.Log.Retention;

namespace Barnabas.Cluster.Partitions;

/// <summary>How often the logs are looked after; Kafka's keys and defaults. Milliseconds.</summary>
public sealed record UpkeepTimes
{
    /// <summary><c>log.retention.check.interval.ms</c>.</summary>
    public long RetentionCheckMs { get; init; } = 300_000;

    /// <summary><c>log.initial.task.delay.ms</c>: how long after the start the first look at retention comes.</summary>
    public long InitialDelayMs { get; init; } = 30_000;

    /// <summary><c>log.flush.offset.checkpoint.interval.ms</c>: recovery points.</summary>
    public long RecoveryCheckpointMs { get; init; } = 60_000;

    /// <summary><c>log.flush.start.offset.checkpoint.interval.ms</c>: log starts.</summary>
    public long LogStartCheckpointMs { get; init; } = 60_000;

    /// <summary><c>replica.high.watermark.checkpoint.interval.ms</c>.</summary>
    public long HighWatermarkCheckpointMs { get; init; } = 5_000;

    /// <summary><c>producer.id.expiration.check.interval.ms</c>.</summary>
    public long ProducerExpiryCheckMs { get; init; } = 600_000;
}

/// <summary>What the upkeep does to the log directory as a whole, on its own loop.</summary>
/// <param name="WriteRecoveryPoints">Writes the recovery points.</param>
/// <param name="WriteLogStarts">Writes the log starts.</param>
/// <param name="WriteHighWatermarks">Writes the high watermarks.</param>
/// <param name="Failed">The disk failed beside any one log.</param>
public sealed record UpkeepDisk(
    Action WriteRecoveryPoints, Action WriteLogStarts, Action WriteHighWatermarks, Action<IOException> Failed);

/// <summary>
/// The slow work on logs: flushes of what has rolled, retention, checkpoints. Owned by its own loop on the background pool; shards hand it
/// closed jobs and take the results back in turns of their own.
/// </summary>
public sealed class LogUpkeep
{
    private readonly Loop _loop;
    private readonly ReplicaTable _table;
    private readonly UpkeepTimes _times;
    private readonly UpkeepDisk _disk;
    private readonly List<ActionTimer> _timers = [];
    private readonly Dictionary<Action, ActionTimer> _removals = [];
    private AgeClock? _ages;

    /// <summary>Takes a loop of its own.</summary>
    public LogUpkeep(Loop loop, ReplicaTable table, UpkeepTimes times, UpkeepDisk disk)
    {
        _loop = loop;
        _table = table;
        _times = times;
        _disk = disk;
    }

    /// <summary>Sets the timers. Any thread, once.</summary>
    public void Start() => Post(() =>
    {
        _ages = new AgeClock(_loop.NowWallMs, _loop.NowUs);
        Every(_times.RetentionCheckMs, _times.InitialDelayMs, ApplyRetention);
        Every(_times.RecoveryCheckpointMs, _times.RecoveryCheckpointMs, () => Guard(_disk.WriteRecoveryPoints));
        Every(_times.LogStartCheckpointMs, _times.LogStartCheckpointMs, () => Guard(_disk.WriteLogStarts));
        Every(_times.HighWatermarkCheckpointMs, _times.HighWatermarkCheckpointMs, () => Guard(_disk.WriteHighWatermarks));
        Every(_times.ProducerExpiryCheckMs, _times.ProducerExpiryCheckMs, ExpireProducers);
    });

    /// <summary>
    /// Stops the timers and removes what waits for its delay, as nobody reads it any more; <paramref name="done"/> runs on this object's
    /// loop when nothing is under way. Any thread, when the replicas are out of service and bring no further jobs.
    /// </summary>
    public void Stop(Action done) => Post(() =>
    {
        _timers.ForEach(_loop.Timers.Cancel);
        foreach (var (remove, timer) in _removals)
        {
            _loop.Timers.Cancel(timer);
            Guard(remove);
        }

        _removals.Clear();
        done();
    });

    /// <summary>Takes what a replica has to flush. In a turn of the replica's shard.</summary>
    internal void Flush(Replica replica, bool includeActive)
    {
        var job = replica.Log.BeginFlush(includeActive);
        Post(() => Run(replica, job));
    }

    /// <summary>
    /// Takes the files of an exchanged group; <paramref name="done"/> runs on this object's loop when they have their names. In a turn of
    /// the replica's shard.
    /// </summary>
    internal void Swap(Replica replica, SwapJob job, Action done)
    {
        var delayMs = replica.State.Config.FileDeleteDelayMs;
        Post(() =>
        {
            try
            {
                job.Run();
                RemoveLater(job.Remove, delayMs);
            }
            catch (IOException e)
            {
                replica.Shard.Loop.Post(new ActionTask(() => replica.Shard.DiskFailed(replica, e)));
            }

            done();
        });
    }

    /// <summary>Runs <paramref name="action"/> on this object's loop, behind the jobs that it has been given. Any thread.</summary>
    internal void Behind(Action action) => Post(action);

    private void Run(Replica replica, FlushJob job)
    {
        try
        {
            job.Run();
            replica.Shard.Loop.Post(new ActionTask(() => replica.Flushed(job)));
        }
        catch (IOException e)
        {
            replica.Shard.Loop.Post(new ActionTask(() => replica.Shard.DiskFailed(replica, e)));
        }
    }

    private void ApplyRetention()
    {
        var nowMs = NowForAges();
        foreach (var replica in _table.Snapshot())
        {
            if (replica.Failure is null && RetentionPlan.Make(replica.View, replica.State.Config, nowMs) is { } plan)
            {
                replica.Shard.Loop.Post(new ActionTask(() => Delete(replica, plan)));
            }
        }
    }

    // In a turn of the replica's shard.
    private void Delete(Replica replica, RetentionPlan plan)
    {
        if (replica.Delete(plan) is { } job)
        {
            var delayMs = replica.State.Config.FileDeleteDelayMs;
            Post(() => Guard(() =>
            {
                job.Rename();
                RemoveLater(job.Remove, delayMs);
            }));
        }
    }

    private void ExpireProducers()
    {
        var nowMs = NowForAges();
        foreach (var replica in _table.Snapshot())
        {
            replica.Shard.Loop.Post(new ActionTask(() => replica.ExpireProducers(nowMs)));
        }
    }

    private long NowForAges() => _ages!.NowMs(_loop.NowWallMs, _loop.NowUs);

    private void Every(long periodMs, long firstMs, Action action)
    {
        ActionTimer timer = null!;
        timer = new ActionTimer(() =>
        {
            action();
            _loop.Timers.Set(timer, _loop.DueIn(periodMs));
        });
        _timers.Add(timer);
        _loop.Timers.Set(timer, _loop.DueIn(firstMs));
    }

    private void RemoveLater(Action remove, long delayMs)
    {
        var timer = new ActionTimer(() =>
        {
            _removals.Remove(remove);
            Guard(remove);
        });
        _removals.Add(remove, timer);
        _loop.Timers.Set(timer, _loop.DueIn(delayMs));
    }

    private void Guard(Action disk)
    {
        try
        {
            disk();
        }
        catch (IOException e)
        {
            _disk.Failed(e);
        }
    }

    private void Post(Action action) => _loop.Post(new ActionTask(action));
}
