using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Compaction;

namespace Barnabas.Cluster.Partitions;

/// <summary>How the cleaner works: Kafka's keys. Immutable; the newest counts at each step.</summary>
/// <param name="BackoffMs"><c>log.cleaner.backoff.ms</c>: how long it rests when nothing is to be compacted.</param>
/// <param name="IoBytesPerSecond"><c>log.cleaner.io.max.bytes.per.second</c>: read and written together.</param>
/// <param name="Memory">For the map of keys, and what is worked on at once.</param>
public sealed record CleanerSettings(long BackoffMs, double IoBytesPerSecond, CleaningMemory Memory);

/// <summary>What the cleaner needs of the broker around it, on its own loop.</summary>
/// <param name="Randomness">Belongs to the cleaner: secrets of its hashes.</param>
/// <param name="WriteCheckpoints">Writes in each log directory where cleanings stopped, if that has changed; faults are its own.</param>
/// <param name="Report">Takes a sentence for the operator.</param>
public sealed record CleanerWorld(Randomness Randomness, Action WriteCheckpoints, Action<string> Report);

/// <summary>
/// Compacts the logs, one at a time, the dirtiest first. Owned by its own loop on the background pool, where it works in small steps; what
/// it changes of a log goes through turns of the log's shard. Where it may not work on yet, it waits by a timer and holds no thread.
/// </summary>
public sealed class LogCleaner
{
    private readonly Loop _loop;
    private readonly ReplicaTable _table;
    private readonly Func<CleanerSettings> _settings;
    private readonly CleanerWorld _world;
    private readonly ActionTimer _timer;
    private readonly HashSet<Replica> _uncleanable = [];
    private readonly HashSet<Replica> _passedOver = []; // not to be begun again before the next rest
    private Replica? _replica; // whose turn or log is worked on
    private CompactionJob? _job;
    private AgeClock? _ages;
    private Action _next;
    private Action? _stopped;
    private bool _hasStopped;
    private long _bytesCounted, _readyUs;

    /// <summary>Takes a loop of its own, with one task a turn, so that others have their turns between two steps.</summary>
    public LogCleaner(Loop loop, ReplicaTable table, Func<CleanerSettings> settings, CleanerWorld world)
    {
        _loop = loop;
        _table = table;
        _settings = settings;
        _world = world;
        _next = Look;
        _timer = new ActionTimer(() => GoOn(_next));
    }

    /// <summary>Begins to look for dirty logs. Any thread, once.</summary>
    public void Start() => Post(Look);

    /// <summary>Ends the work behind the step under way; then <paramref name="done"/> runs on this object's loop. Any thread.</summary>
    public void Stop(Action done) => _loop.Post(new ActionTask(() =>
    {
        var isWaiting = _timer.IsSet || _replica is null;
        _loop.Timers.Cancel(_timer);
        _stopped = done;
        if (isWaiting)
        {
            GoOn(_next);
        }
    }));

    private void Look()
    {
        _world.WriteCheckpoints();
        if (Dirtiest(NowForAges()) is not var (replica, plan))
        {
            _passedOver.Clear();
            Rest();
            return;
        }

        _replica = replica;
        var hash = new KeyHash(_world.Randomness.NextUInt64(), _world.Randomness.NextUInt64());
        var order = new CompactionOrder(replica.State.Config, NowForAges(), _settings().Memory, hash);
        OnShard(replica, () =>
        {
            var job = replica.Failure is null ? replica.Log.Compaction.Begin(plan, order) : null;
            _loop.Post(new ActionTask(() => Begin(job)));
        });
    }

    /// <summary>The log with the largest dirty share, of those that are dirty enough or overdue.</summary>
    private (Replica Replica, CompactionPlan Plan)? Dirtiest(long nowMs)
    {
        (Replica Replica, CompactionPlan Plan)? best = null;
        foreach (var replica in _table.Snapshot())
        {
            var config = replica.State.Config;
            if (config.Cleanup.HasFlag(CleanupPolicy.Compact) && replica.Failure is null
                && !_uncleanable.Contains(replica) && !_passedOver.Contains(replica)
                && Plan(replica, config, nowMs) is { } plan
                && (plan.IsOverdue || plan.DirtyRatio > config.MinCleanableDirtyRatio)
                && (best is null || plan.DirtyRatio > best.Value.Plan.DirtyRatio))
            {
                best = (replica, plan);
            }
        }

        return best;
    }

    private CompactionPlan? Plan(Replica replica, LogConfig config, long nowMs)
    {
        try
        {
            return CompactionPlan.Make(replica.View, config, nowMs);
        }
        catch (IOException e)
        {
            replica.ReadFailed(e);
            return null;
        }
    }

    private void Begin(CompactionJob? job)
    {
        _job = job;
        _bytesCounted = 0;
        GoOn(job is null ? GiveUp : Work);
    }

    private void Work()
    {
        if (_replica!.Failure is not null)
        {
            GiveUp();
            return;
        }

        var (settings, job) = (_settings(), _job!);
        var bytesPerSecond = Math.Max(1, settings.IoBytesPerSecond);
        try
        {
            switch (job.Step((int)Math.Clamp(bytesPerSecond, 1024, Math.Max(1024, settings.Memory.IoBytes))))
            {
                case CompactionStep.Cleaned:
                    Exchange(job);
                    return;
                case CompactionStep.Done:
                    Complete(job);
                    return;
                case CompactionStep.Impossible:
                    _uncleanable.Add(_replica!);
                    _world.Report($"{_replica!.Partition} is not compacted until the next start: {job.Problem}");
                    EndJob();
                    Look();
                    return;
                default:
                    break;
            }
        }
        catch (DiskFullException)
        {
            // The log is as it was. What the cleaning has written goes, and it begins again behind the next rest.
            _replica.Shard.Health.Room.Exhaust();
            GiveUp();
            return;
        }
        catch (IOException e)
        {
            ReadOrWriteFailed(e);
            return;
        }

        Throttle(job, bytesPerSecond);
    }

    private void Throttle(CompactionJob job, double bytesPerSecond)
    {
        _readyUs = Math.Max(_readyUs, _loop.NowUs) + (long)((job.BytesMoved - _bytesCounted) / bytesPerSecond * 1_000_000);
        _bytesCounted = job.BytesMoved;
        if (_readyUs - _loop.NowUs < 1000)
        {
            Post(Work);
            return;
        }

        WaitUntil(_readyUs, Work);
    }

    private void Exchange(CompactionJob job)
    {
        var replica = _replica!;
        OnShard(replica, () =>
        {
            SwapJob? swap = null;
            try
            {
                swap = replica.Failure is null ? replica.Log.Compaction.Exchange(job) : null;
            }
            catch (IOException e)
            {
                replica.Shard.DiskFailed(replica, e);
            }

            if (swap is null)
            {
                Post(GiveUp);
            }
            else
            {
                replica.Shard.Upkeep.Swap(replica, swap, () => Post(Work));
            }
        });
    }

    private void Complete(CompactionJob job)
    {
        var replica = _replica!;
        OnShard(replica, () =>
        {
            replica.Log.Compaction.Complete(job);
            Post(() =>
            {
                EndJob();
                Look();
            });
        });
    }

    /// <summary>The log has changed under the cleaning: what is left to do is found again later.</summary>
    private void GiveUp()
    {
        _passedOver.Add(_replica!);
        EndJob();
        Look();
    }

    private void ReadOrWriteFailed(IOException error)
    {
        var replica = _replica!;
        EndJob();
        OnShard(replica, () =>
        {
            // A partition that was deleted took its files along.
            if (replica.Failure is null)
            {
                replica.Shard.DiskFailed(replica, error);
            }
        });
        Rest();
    }

    private void Rest()
    {
        EndJob();
        WaitUntil(_loop.DueIn(Math.Max(1, _settings().BackoffMs)), Look);
    }

    private void EndJob()
    {
        try
        {
            _job?.Dispose();
        }
        catch (IOException e)
        {
            _replica!.ReadFailed(e);
        }

        _job = null;
        _replica = null;
    }

    private long NowForAges()
    {
        _ages ??= new AgeClock(_loop.NowWallMs, _loop.NowUs);
        return _ages.NowMs(_loop.NowWallMs, _loop.NowUs);
    }

    private void WaitUntil(long timeUs, Action next)
    {
        _next = next;
        _loop.Timers.Set(_timer, timeUs);
    }

    /// <summary>Every way on leads through here, so that a stop finds nothing under way.</summary>
    private void GoOn(Action next)
    {
        if (_stopped is not { } stopped)
        {
            next();
            return;
        }

        if (!_hasStopped)
        {
            _hasStopped = true;
            EndJob();
            stopped();
        }
    }

    private void Post(Action action) => _loop.Post(new ActionTask(() => GoOn(action)));

    private static void OnShard(Replica replica, Action action) => replica.Shard.Loop.Post(new ActionTask(action));
}
