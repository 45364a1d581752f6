using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
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
    private readonly Queue<Action> _jobs = new();
    private readonly ActionTimer _again;
    private readonly Dictionary<DeleteJob, ActionTimer> _removals = [];
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
        _again = new ActionTimer(RunJobs);
        _times = times;
        _disk = disk;
    }

    /// <summary>Sets the timers. Any thread, once.</summary>
    public void Start() => Post(() =>
    {
        _ages = new AgeClock(_loop.NowWallMs, _loop.NowUs);
        Every(_times.RetentionCheckMs, _times.InitialDelayMs, ApplyRetention);
        Every(_times.RecoveryCheckpointMs, _times.RecoveryCheckpointMs, () => Checkpoint(_disk.WriteRecoveryPoints));
        Every(_times.LogStartCheckpointMs, _times.LogStartCheckpointMs, () => Checkpoint(_disk.WriteLogStarts));
        Every(_times.HighWatermarkCheckpointMs, _times.HighWatermarkCheckpointMs, () => Checkpoint(_disk.WriteHighWatermarks));
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
        foreach (var (job, timer) in _removals)
        {
            _loop.Timers.Cancel(timer);
            Guard(job.Remove);
        }

        _removals.Clear();
        if (_jobs.Count > 0)
        {
            // Removals may have made room. Otherwise the logs cannot be closed: the next start recovers.
            RunJobs();
            _loop.Timers.Cancel(_again);
        }

        if (_jobs.Count > 0)
        {
            _disk.Health.Fail(_disk.Health.Path, new IOException("the disk is full, and what was written cannot be flushed"));
        }

        done();
    });

    /// <summary>Takes what a replica has to flush. In a turn of the replica's shard.</summary>
    internal void Flush(Replica replica, bool includeActive)
    {
        var job = replica.Log.BeginFlush(includeActive);
        Post(() => InOrder(() => Run(replica, job)));
    }

    private void Run(Replica replica, FlushJob job)
    {
        if (_disk.Health.Failure is not null)
        {
            // What could not be flushed once is never tried again.
            job.Abandon();
            return;
        }

        try
        {
            job.RunAndHold();
            job.Abandon();
            replica.Shard.Loop.Post(new ActionTask(() => replica.Flushed(job)));
        }
        catch (IOException e) when (e is not DiskFullException)
        {
            job.Abandon();
            replica.Shard.Loop.Post(new ActionTask(() => replica.Shard.DiskFailed(replica, e)));
        }
    }

    // Jobs of a log run in the order they were made: one that finds no room has all others wait with it until there is some.
    private void InOrder(Action job)
    {
        _jobs.Enqueue(job);
        if (_jobs.Count == 1)
        {
            RunJobs();
        }
    }

    private void RunJobs()
    {
        while (_jobs.TryPeek(out var job))
        {
            try
            {
                job();
                _jobs.Dequeue();
            }
            catch (DiskFullException)
            {
                _disk.Health.Room.Exhaust();
                _loop.Timers.Set(_again, _loop.NowUs + FullCheckUs);
                return;
            }
            catch (IOException e)
            {
                _disk.Health.Fail(_disk.Health.Path, e);
                _jobs.Dequeue();
            }
        }
    }

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
            Post(() => InOrder(() =>
            {
                if (_disk.Health.Failure is null)
                {
                    job.Rename();
                    RemoveLater(job, delayMs);
                }
            }));
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

    private void RemoveLater(DeleteJob job, long delayMs)
    {
        var timer = new ActionTimer(() =>
        {
            _removals.Remove(job);
            Guard(job.Remove);
        });
        _removals.Add(job, timer);
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

    // One that finds no room is written the next time; the old one stays until then.
    private void Checkpoint(Action write) => Guard(() =>
    {
        try
        {
            write();
        }
        catch (DiskFullException)
        {
            _disk.Health.Room.Exhaust();
        }
    });

    private void Guard(Action disk)
    {
        try
        {
            if (_disk.Health.Failure is null)
            {
                disk();
            }
        }
        catch (IOException e)
        {
            _disk.Health.Fail(_disk.Health.Path, e);
        }
    }

    private void Post(Action action) => _loop.Post(new ActionTask(action));
}
