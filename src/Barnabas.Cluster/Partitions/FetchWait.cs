using Barnabas.Base;
using Barnabas.Base.Loops;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// A fetch that found too little and waits. Registered with the shards of its partitions, read again, then parked; woken once, by whichever
/// shard is first to have something new, or by its timer. Owned by its maker; shards only call <see cref="TryWake"/>.
/// </summary>
public abstract class FetchWait
{
    private const int Idle = 0;
    private const int Parked = 1;
    private const int Woken = 2;

    private int _state;
    private int _shardsBusy;

    /// <summary>Begins a wait over a number of shards; from here on it may be woken.</summary>
    public void Arm(int shards)
    {
        Check.That(_state == Idle && _shardsBusy == 0);
        _shardsBusy = shards;
        IsTimedOut = false;
        Volatile.Write(ref _state, Parked);
    }

    /// <summary>Ends the wait, whatever it was; true for the one caller that may answer.</summary>
    public bool TryWake() => Interlocked.CompareExchange(ref _state, Woken, Parked) == Parked;

    /// <summary>True until somebody has won <see cref="TryWake"/>.</summary>
    public bool IsParked => Volatile.Read(ref _state) == Parked;

    /// <summary>True once the longest wait is over: whatever is there is the answer.</summary>
    public bool IsTimedOut { get; private set; }

    /// <summary>Waits on after a wake-up that brought too little. Read the views once more after this, as after registering.</summary>
    public void Repark()
    {
        Check.That(_state == Woken);

        // A full fence: whoever looks at views and time after this must not have looked before.
        Interlocked.Exchange(ref _state, Parked);
    }

    /// <summary>Prepares for the shards to report once more, that they have forgotten the wait.</summary>
    public void Disarm(int shards)
    {
        Check.That(_state == Woken && _shardsBusy == 0);
        _shardsBusy = shards;
    }

    /// <summary>Makes the wait ready for its next use, once no shard knows it.</summary>
    public void Clear()
    {
        Check.That(_shardsBusy == 0);
        _state = Idle;
    }

    /// <summary>The time is up; called by the shard that keeps it.</summary>
    internal void TimeOut()
    {
        // Written before the wake-up that publishes it; a wait that was won by another shard looks at it when it parks again.
        IsTimedOut = true;
        if (TryWake())
        {
            OnWoken();
        }
    }

    internal void ShardDone(bool registered)
    {
        if (Interlocked.Decrement(ref _shardsBusy) == 0)
        {
            if (registered)
            {
                Registered();
            }
            else
            {
                Forgotten();
            }
        }
    }

    /// <summary>Every shard knows the wait: read the views again before trusting it. Any thread.</summary>
    protected abstract void Registered();

    /// <summary>Called by the shard that won <see cref="TryWake"/>: answer soon, at the end of the I/O loop's turn. Any thread.</summary>
    protected internal abstract void OnWoken();

    /// <summary>No shard knows the wait any more: it may be used again. Any thread.</summary>
    protected abstract void Forgotten();
}

/// <summary>
/// One partition's place in a <see cref="FetchWait"/>; a link of the partition's list, owned by its shard while registered.
/// </summary>
public sealed class FetchInterest
{
    internal FetchInterest? Previous;
    internal FetchInterest? Following;
    internal FetchInterest? NextInTask;
    internal bool Linked;

    /// <summary>True for a follower, which waits for the log's end and not for what is committed. Set before it is registered.</summary>
    public bool IsFollower { get; set; }

    /// <summary>The partition waited for.</summary>
    public Replica Replica { get; internal set; } = null!;

    internal FetchWait Wait { get; set; } = null!;
}

/// <summary>
/// One shard's part of a <see cref="FetchWait"/>: registers its interests in one turn, forgets them in another. Owned as the wait is.
/// </summary>
public sealed class FetchInterestTask : LoopTask
{
    private readonly WaitTimeout _timeout;
    private FetchInterest? _first;
    private FetchWait? _wait;
    private bool _register;
    private long _timeoutUs;

    public FetchInterestTask() => _timeout = new WaitTimeout(this);

    /// <summary>Home of all the interests.</summary>
    public PartitionShard Shard { get; private set; } = null!;

    /// <summary>Starts an empty task.</summary>
    /// <param name="shard">Home of the interests that follow.</param>
    /// <param name="wait">Whom they wake.</param>
    /// <param name="timeoutMs">When this shard wakes the wait at the latest, or -1 where another shard keeps the time.</param>
    public void Begin(PartitionShard shard, FetchWait wait, int timeoutMs)
    {
        Shard = shard;
        _wait = wait;
        _timeoutUs = timeoutMs * 1000L;
        _first = null;
        _register = true;
    }

    /// <summary>Adds an interest in a partition of this shard.</summary>
    public void Add(FetchInterest interest, Replica replica)
    {
        Check.That(replica.Shard == Shard && !interest.Linked);
        interest.Replica = replica;
        interest.Wait = _wait!;
        interest.NextInTask = _first;
        _first = interest;
    }

    /// <summary>Turns the task round, to be posted once more.</summary>
    public void Forget() => _register = false;

    /// <inheritdoc/>
    public override void Run()
    {
        var registering = _register;
        for (var interest = _first; interest is not null; interest = interest.NextInTask)
        {
            if (registering)
            {
                interest.Replica.Waiters.Add(interest);
            }
            else
            {
                interest.Replica.Waiters.Remove(interest);
            }
        }

        if (!registering)
        {
            Shard.Loop.Timers.Cancel(_timeout);
        }
        else if (_timeoutUs >= 0)
        {
            Shard.Loop.Timers.Set(_timeout, Shard.Loop.NowUs + _timeoutUs);
        }

        _wait!.ShardDone(registering);
    }

    /// <summary>Owned by the shard's loop.</summary>
    private sealed class WaitTimeout(FetchInterestTask task) : TimerEntry
    {
        public override void Fire() => task._wait!.TimeOut();
    }
}
