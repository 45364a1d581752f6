using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Log.Compaction;

namespace Barnabas.Cluster.Partitions;

/// <summary>How a cleaning has ended.</summary>
internal enum CleaningEnd
{
    /// <summary>The log is clean as far as it could be.</summary>
    Done,

    /// <summary>The log has changed under it, or there was no room, or the disk failed: what is left to do is found again later.</summary>
    GivenUp,

    /// <summary>The log cannot be compacted.</summary>
    Impossible,
}

/// <summary>
/// Compacts one log at a time, as the cleaner gives them to it. Owned by its own loop on the background pool, where it works in small
/// steps; what it changes of a log goes through turns of the log's shard. Where it may not work on yet, it waits by a timer and holds no
/// thread.
/// </summary>
internal sealed class CleanerThread
{
    /// <summary>Small enough that a request that meets a step does not notice.</summary>
    private const int StepBytesMax = 64 << 10;

    /// <summary>
    /// How much longer it rests than it works where no limit is set: so rarely does a request that wants its core meet it that the slowest
    /// of a hundred hardly takes longer.
    /// </summary>
    private const int RestsPerWork = 15;

    /// <summary>
    /// It rests for no longer than it takes to read and write at this pace: what seems to be work may be a wait for a slow disk, or for a
    /// core that others want.
    /// </summary>
    private const double SlowestBytesPerSecond = 16 << 20;

    private readonly Loop _loop;
    private readonly Func<CleanerSettings> _settings;
    private readonly Action<CleanerThread, CleaningEnd, string> _ended;
    private readonly ActionTimer _timer;
    private Replica? _replica; // whose turn or log is worked on
    private CompactionJob? _job;
    private bool _isStopping, _isHasty;
    private long _bytesCounted, _beganUs, _readyUs;

    /// <summary>Has nothing to do yet.</summary>
    /// <param name="loop">Of its own, with one task a turn, so that others have their turns between two steps.</param>
    /// <param name="settings">This thread's share.</param>
    /// <param name="ended">Told of each end, with the reason, on this object's loop.</param>
    public CleanerThread(Loop loop, Func<CleanerSettings> settings, Action<CleanerThread, CleaningEnd, string> ended)
    {
        _loop = loop;
        _settings = settings;
        _ended = ended;
        _timer = new ActionTimer(() => GoOn(Work));
    }

    /// <summary>The log that it was given and that has not come back. The cleaner's alone.</summary>
    public Replica? Given { get; set; }

    /// <summary>Begins a cleaning. Any thread, when the one before has ended.</summary>
    /// <param name="replica">What is to be compacted.</param>
    /// <param name="plan">How far.</param>
    /// <param name="order">How.</param>
    /// <param name="isHasty">True to work without rests: who writes to the log is faster than a cleaning with them.</param>
    public void Begin(Replica replica, CompactionPlan plan, CompactionOrder order, bool isHasty) => OnShard(replica, () =>
    {
        var job = IsLost(replica) ? null : replica.Log.Compaction.Begin(plan, order);
        _loop.Post(new ActionTask(() =>
        {
            (_replica, _job, _bytesCounted, _isHasty) = (replica, job, 0, isHasty);
            GoOn(job is null ? GiveUp : Work);
        }));
    });

    /// <summary>Ends the cleaning under way behind its next step, and every later one at once. Any thread.</summary>
    public void Stop() => _loop.Post(new ActionTask(() =>
    {
        _isStopping = true;
        if (_timer.IsSet)
        {
            _loop.Timers.Cancel(_timer);
            GiveUp();
        }
    }));

    /// <summary>True for a log that is out of service, or about to be, since its disk has failed. Any thread.</summary>
    internal static bool IsLost(Replica replica) => replica.Failure is not null || replica.Shard.Health.Failure is not null;

    private void Work()
    {
        var (replica, settings, job) = (_replica!, _settings(), _job!);
        if (IsLost(replica))
        {
            GiveUp();
            return;
        }

        _beganUs = _loop.NowUs;
        try
        {
            var bytesMax = Math.Clamp(settings.Memory.IoBytes, 1024, StepBytesMax);
            switch (job.Step((int)Math.Clamp(settings.IoBytesPerSecond, 1024, bytesMax)))
            {
                case CompactionStep.Cleaned:
                    Exchange(job);
                    return;
                case CompactionStep.Done:
                    Complete(job);
                    return;
                case CompactionStep.Impossible:
                    End(CleaningEnd.Impossible, job.Problem!);
                    return;
                default:
                    break;
            }
        }
        catch (DiskFullException)
        {
            // The log is as it was. What the cleaning has written goes, and it begins again behind the next rest.
            replica.Shard.Health.Room.Exhaust();
            GiveUp();
            return;
        }
        catch (IOException e)
        {
            ReadOrWriteFailed(replica, e);
            return;
        }

        // The time of the next turn says how long this one was.
        Post(Rest);
    }

    private void Rest()
    {
        var (job, settings) = (_job!, _settings());
        var moved = job.BytesMoved - _bytesCounted;
        _readyUs = Math.Max(_readyUs, _loop.NowUs);
        if (settings.IsLimited)
        {
            _readyUs += (long)(moved / Math.Max(1, settings.IoBytesPerSecond) * 1_000_000);
        }
        else if (!_isHasty)
        {
            _readyUs += Math.Min((_loop.NowUs - _beganUs) * RestsPerWork, (long)(moved / SlowestBytesPerSecond * 1_000_000));
        }

        _bytesCounted = job.BytesMoved;
        if (_readyUs - _loop.NowUs < 1000)
        {
            Post(Work);
            return;
        }

        _loop.Timers.Set(_timer, _readyUs);
    }

    private void Exchange(CompactionJob job)
    {
        var replica = _replica!;
        OnShard(replica, () =>
        {
            SwapJob? swap = null;
            try
            {
                swap = IsLost(replica) ? null : replica.Log.Compaction.Exchange(job);
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
            Post(() => End(CleaningEnd.Done));
        });
    }

    private void GiveUp() => End(CleaningEnd.GivenUp);

    private void ReadOrWriteFailed(Replica replica, IOException error)
    {
        EndJob(); // from the moment on that the directory is offline nobody touches it
        OnShard(replica, () =>
        {
            // A partition that was deleted took its files along.
            if (replica.Failure is null)
            {
                replica.Shard.DiskFailed(replica, error);
            }

            Post(GiveUp);
        });
    }

    private void End(CleaningEnd end, string reason = "")
    {
        EndJob();
        _replica = null;
        _ended(this, end, reason);
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
    }

    /// <summary>Every way on leads through here, so that a stop finds nothing under way.</summary>
    private void GoOn(Action next)
    {
        if (_isStopping)
        {
            GiveUp();
        }
        else
        {
            next();
        }
    }

    private void Post(Action action) => _loop.Post(new ActionTask(() => GoOn(action)));

    private static void OnShard(Replica replica, Action action) => replica.Shard.Loop.Post(new ActionTask(action));
}
