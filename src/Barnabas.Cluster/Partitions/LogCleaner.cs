using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Compaction;

namespace Barnabas.Cluster.Partitions;

/// <summary>How the cleaner works: Kafka's keys. Immutable; the newest counts at each step.</summary>
/// <param name="BackoffMs"><c>log.cleaner.backoff.ms</c>: how long it rests when nothing is to be compacted.</param>
/// <param name="IoBytesPerSecond"><c>log.cleaner.io.max.bytes.per.second</c>: read and written together, by all threads.</param>
/// <param name="Memory">Of one thread: for the map of keys, and what is worked on at once.</param>
/// <param name="Threads"><c>log.cleaner.threads</c>: how many logs are compacted at the same time.</param>
public sealed record CleanerSettings(long BackoffMs, double IoBytesPerSecond, CleaningMemory Memory, int Threads)
{
    /// <summary>True where the operator says how fast it works. A share of no limit is still more than any disk does.</summary>
    public bool IsLimited => IoBytesPerSecond < double.MaxValue / 1_000_000;
}

/// <summary>What the cleaner needs of the broker around it, on its own loop.</summary>
/// <param name="Randomness">Belongs to the cleaner: secrets of its hashes.</param>
/// <param name="NewLoop">Makes a loop on the background pool, with one task a turn.</param>
/// <param name="WriteCheckpoints">Writes in each log directory where cleanings stopped, if that has changed; faults are its own.</param>
/// <param name="Report">Takes a sentence for the operator.</param>
public sealed record CleanerWorld(Randomness Randomness, Func<Loop> NewLoop, Action WriteCheckpoints, Action<string> Report);

/// <summary>
/// Has the logs compacted, the dirtiest first, never one by two at a time. Owned by its own loop on the background pool, where it chooses;
/// the work is done by <see cref="CleanerThread"/>s, each on a loop of its own.
/// </summary>
public sealed class LogCleaner
{
    private readonly Loop _loop;
    private readonly ReplicaTable _table;
    private readonly Func<CleanerSettings> _settings;
    private readonly CleanerWorld _world;
    private readonly ActionTimer _rest;
    private readonly List<CleanerThread> _threads = [];
    private readonly HashSet<Replica> _uncleanable = [];
    private readonly HashSet<Replica> _passedOver = []; // not to be begun again before the next rest is over
    private readonly HashSet<Replica> _cleaned = []; // since the last rest: what is dirty again already is written faster than cleaned
    private AgeClock? _ages;
    private Action? _stopped;
    private int _busy;

    /// <summary>Chooses on a loop of its own, with threads on others.</summary>
    public LogCleaner(ReplicaTable table, Func<CleanerSettings> settings, CleanerWorld world)
    {
        _loop = world.NewLoop();
        _table = table;
        _settings = settings;
        _world = world;
        _rest = new ActionTimer(() =>
        {
            _passedOver.Clear();
            _cleaned.Clear();
            Look();
        });
    }

    /// <summary>Logs that are being compacted. Any thread.</summary>
    public int Busy => Volatile.Read(ref _busy);

    /// <summary>Begins to look for dirty logs. Any thread, once.</summary>
    public void Start() => _loop.Post(new ActionTask(Look));

    /// <summary>
    /// Ends the work behind the steps under way; then <paramref name="done"/> runs on this object's loop. Any thread, once.
    /// </summary>
    public void Stop(Action done) => _loop.Post(new ActionTask(() =>
    {
        _loop.Timers.Cancel(_rest);
        _stopped = done;
        _threads.ForEach(thread => thread.Stop());
        if (_busy == 0)
        {
            done();
        }
    }));

    private void Look()
    {
        if (_stopped is not null)
        {
            return;
        }

        _world.WriteCheckpoints();
        while (_busy < _settings().Threads && Dirtiest(NowForAges()) is var (replica, plan))
        {
            Give(replica, plan);
        }

        if (!_rest.IsSet)
        {
            _loop.Timers.Set(_rest, _loop.DueIn(Math.Max(1, _settings().BackoffMs)));
        }
    }

    private void Give(Replica replica, CompactionPlan plan)
    {
        var thread = _threads.Find(t => t.Given is null);
        if (thread is null)
        {
            thread = new CleanerThread(_world.NewLoop(), Share, (t, end, reason) =>
                _loop.Post(new ActionTask(() => Ended(t, end, reason))));
            _threads.Add(thread);
        }

        thread.Given = replica;
        Volatile.Write(ref _busy, _busy + 1);
        var hash = new KeyHash(_world.Randomness.NextUInt64(), _world.Randomness.NextUInt64());
        var order = new CompactionOrder(replica.State.Config, NowForAges(), _settings().Memory, hash);
        thread.Begin(replica, plan, order, isHasty: _cleaned.Contains(replica));
    }

    private void Ended(CleanerThread thread, CleaningEnd end, string reason)
    {
        var replica = thread.Given!;
        thread.Given = null;
        Volatile.Write(ref _busy, _busy - 1);
        if (end == CleaningEnd.Impossible)
        {
            _uncleanable.Add(replica);
            _world.Report($"{replica.Partition} is not compacted until the next start: {reason}");
        }
        else
        {
            _ = end == CleaningEnd.GivenUp ? _passedOver.Add(replica) : _cleaned.Add(replica);
        }

        Look();
        if (_busy == 0)
        {
            _stopped?.Invoke();
        }
    }

    /// <summary>What one of those that work now may have. Any thread.</summary>
    private CleanerSettings Share()
    {
        var settings = _settings();
        return settings with { IoBytesPerSecond = settings.IoBytesPerSecond / Math.Max(1, Busy) };
    }

    /// <summary>The log with the largest dirty share, of those that are dirty enough or overdue and that nobody works on.</summary>
    private (Replica Replica, CompactionPlan Plan)? Dirtiest(long nowMs)
    {
        (Replica Replica, CompactionPlan Plan)? best = null;
        foreach (var replica in _table.Snapshot())
        {
            var config = replica.State.Config;
            if (config.Cleanup.HasFlag(CleanupPolicy.Compact) && !CleanerThread.IsLost(replica)
                && !_uncleanable.Contains(replica) && !_passedOver.Contains(replica)
                && !_threads.Exists(thread => thread.Given == replica)
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

    private long NowForAges()
    {
        _ages ??= new AgeClock(_loop.NowWallMs, _loop.NowUs);
        return _ages.NowMs(_loop.NowWallMs, _loop.NowUs);
    }
}
