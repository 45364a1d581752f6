using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Log;
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
/// <param name="Health">Told when the disk fails; nothing more is done to a directory that has failed.</param>
/// <param name="WriteRecoveryPoints">Writes the recovery points.</param>
/// <param name="WriteLogStarts">Writes the log starts.</param>
/// <param name="WriteHighWatermarks">Writes the high watermarks.</param>
/// <param name="Space">Measures the room; null where nobody minds.</param>
public sealed record UpkeepDisk(
    DirectoryHealth Health, Action WriteRecoveryPoints, Action WriteLogStarts, Action WriteHighWatermarks, SpaceWatch? Space = null);

/// <summary>
/// The slow work on the logs of one directory: flushes of what has rolled, retention, checkpoints. Owned by its own loop on the background
/// pool; shards hand it closed jobs and take the results back in turns of their own.
/// </summary>
public sealed class LogUpkeep
{
    private const long SpaceCheckUs = 5_000_000, FullCheckUs = 500_000;
    private readonly Loop _loop;
    private readonly Func<IReadOnlyList<Replica>> _replicas;
    private readonly UpkeepTimes _times;
    private readonly UpkeepDisk _disk;
    private readonly List<ActionTimer> _timers = [];
    private readonly UpkeepQueue _jobs;
    private readonly Dictionary<Action, ActionTimer> _removals = [];
    private AgeClock? _ages;

    /// <summary>Takes a loop of its own.</summary>
    /// <param name="loop">Not used by anyone else.</param>
    /// <param name="replicas">The replicas of the directory, as they are now.</param>
    /// <param name="times">How often what is done.</param>
    /// <param name="disk">The directory.</param>
    public LogUpkeep(Loop loop, Func<IReadOnlyList<Replica>> replicas, UpkeepTimes times, UpkeepDisk disk)
    {
        _loop = loop;
        _replicas = replicas;
        _jobs = new UpkeepQueue(loop, disk.Health);
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
        if (_disk.Space is { } space)
        {
            WatchSpace(space);
        }
    });

    /// <summary>
    /// Stops the timers and removes what waits for its delay, as nobody reads it any more; <paramref name="done"/> runs on this object's
    /// loop when nothing is under way. Any thread, when the replicas are out of service and bring no further jobs.
    /// </summary>
    public void Stop(Action done) => Post(() =>
    {
        _timers.ForEach(_loop.Timers.Cancel);
        RemoveNow();
        _jobs.End();
        done();
    });

    /// <summary>
    /// The broker is about to stop: jobs that wait for room wait no longer, so that nobody has to wait for them. Any thread.
    /// </summary>
    public void EndWaiting() => Post(() =>
    {
        if (_jobs.IsWaiting)
        {
            // Removals may make room.
            RemoveNow();
        }

        _jobs.End();
    });

    /// <summary>Takes what a replica has to flush. In a turn of the replica's shard.</summary>
    internal void Flush(Replica replica, bool includeActive)
    {
        var job = replica.Log.BeginFlush(includeActive);
        InOrder(replica, job.Abandon, () =>
        {
            job.RunAndHold();
            job.Abandon();
            replica.Shard.Loop.Post(new ActionTask(() => replica.Flushed(job)));
        });
    }

    /// <summary>
    /// Takes the files of an exchanged group; <paramref name="done"/> runs on this object's loop when they have their names, or never will.
    /// In a turn of the replica's shard.
    /// </summary>
    internal void Swap(Replica replica, SwapJob job, Action done)
    {
        var delayMs = replica.State.Config.FileDeleteDelayMs;
        InOrder(
            replica,
            () =>
            {
                job.Abandon();
                done();
            },
            () =>
            {
                job.Run();
                RemoveLater(job.Remove, delayMs);
                done();
            });
    }

    /// <summary>
    /// Runs <paramref name="action"/> on this object's loop when no job of a log, that has been abandoned, will run any more. Any thread.
    /// </summary>
    internal void Behind(PartitionLog log, Action action) => Post(() =>
    {
        _jobs.Drop(log);
        action();
    });

    private void ApplyRetention()
    {
        var nowMs = NowForAges();
        foreach (var replica in _replicas())
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
            InOrder(replica, job.Abandon, () =>
            {
                job.Rename();
                RemoveLater(job.Remove, delayMs);
                replica.Shard.Loop.Post(new ActionTask(replica.Flushes.DeleteEnded));
            });
        }
    }

    private void ExpireProducers()
    {
        var nowMs = NowForAges();
        foreach (var replica in _replicas())
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

    private void InOrder(Replica replica, Action drop, Action run)
    {
        var job = new UpkeepJob(replica.Log, run, drop);
        Post(() => _jobs.Add(job));
    }

    private void RemoveNow()
    {
        foreach (var (remove, timer) in _removals)
        {
            _loop.Timers.Cancel(timer);
            Guard(remove);
        }

        _removals.Clear();
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

    // Often while appends are refused: they go on as soon as there is room. Beside the timer when much was written.
    private void WatchSpace(SpaceWatch space)
    {
        _disk.Health.Room.MeasureSoon = () => Post(() => Guard(space.Measure));
        ActionTimer timer = null!;
        timer = new ActionTimer(() =>
        {
            Guard(space.Measure);
            _loop.Timers.Set(timer, _loop.NowUs + (space.IsRefusing || !_disk.Health.Room.IsThere ? FullCheckUs : SpaceCheckUs));
        });
        _timers.Add(timer);
        _loop.Timers.Set(timer, _loop.NowUs);
    }

    // A checkpoint that finds no room is written the next time; the old one stays until then.
    private void Guard(Action disk) => _disk.Health.Guard(disk);

    private void Post(Action action) => _loop.Post(new ActionTask(action));
}
