using Barnabas.Base.Loops;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// Hosts the loops of one broker on one thread, or on the background pool with one thread for their timers, by that broker's clock. The
/// system's clock is waited for by the thread itself; a foreign one calls through its own timer. Safe from any thread.
/// </summary>
public sealed class LoopHost : ILoopHost, IDisposable
{
    private readonly SystemClock _clock;
    private readonly BackgroundPool? _pool;
    private readonly ITimer? _foreignTimer;
    private readonly TickDueTask _tickDue;
    private Loop[] _loops = [];
    private long _earliestUs = long.MaxValue;

    /// <summary>Hosts on <paramref name="thread"/>; turns run there, or on <paramref name="pool"/> where one is given.</summary>
    public LoopHost(IoLoop thread, SystemClock clock, BackgroundPool? pool = null)
    {
        Thread = thread;
        _clock = clock;
        _pool = pool;
        _tickDue = new TickDueTask(this);
        if (!clock.IsSystem)
        {
            _foreignTimer = clock.Provider.CreateTimer(_ => _tickDue.PostOnce(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        thread.Add(this);
    }

    /// <summary>The thread that ticks the loops and, without a pool, runs them.</summary>
    public IoLoop Thread { get; }

    /// <summary>When the thread has to wake up for these loops, by the system's clock.</summary>
    internal long SystemDueUs => _clock.IsSystem ? Volatile.Read(ref _earliestUs) : long.MaxValue;

    /// <inheritdoc/>
    public void Schedule(Loop loop)
    {
        if (_pool is null)
        {
            Thread.Post(loop.TurnTask);
        }
        else
        {
            _pool.Post(loop.TurnTask);
        }
    }

    /// <inheritdoc/>
    public void DueChanged(Loop loop)
    {
        Know(loop);
        Expect(loop.NextDueUs);
    }

    /// <summary>Ticks the loops that are due. Only the thread.</summary>
    internal void TickDue()
    {
        if (Volatile.Read(ref _earliestUs) == long.MaxValue)
        {
            return;
        }

        var nowUs = _clock.MonotonicUs;
        if (nowUs < Volatile.Read(ref _earliestUs))
        {
            return;
        }

        // Loops that are ticked tell their next due time when they have run; the others are looked at here.
        Interlocked.Exchange(ref _earliestUs, long.MaxValue);
        var earliestUs = long.MaxValue;
        foreach (var loop in Volatile.Read(ref _loops))
        {
            var dueUs = loop.NextDueUs;
            if (dueUs <= nowUs)
            {
                loop.Tick();
            }
            else
            {
                earliestUs = Math.Min(earliestUs, dueUs);
            }
        }

        Expect(earliestUs);
    }

    /// <summary>Forgets the loops; they are not ticked any more.</summary>
    public void Dispose()
    {
        Thread.Remove(this);
        _foreignTimer?.Dispose();
        Volatile.Write(ref _loops, []);
    }

    private void Know(Loop loop)
    {
        if (loop.HostData is not null)
        {
            return;
        }

        lock (_tickDue)
        {
            if (loop.HostData is null)
            {
                Volatile.Write(ref _loops, [.. _loops, loop]);
                loop.HostData = this;
            }
        }
    }

    private void Expect(long dueUs)
    {
        var before = Volatile.Read(ref _earliestUs);
        while (dueUs < before)
        {
            var seen = Interlocked.CompareExchange(ref _earliestUs, dueUs, before);
            if (seen == before)
            {
                Announce(dueUs);
                return;
            }

            before = seen;
        }
    }

    private void Announce(long dueUs)
    {
        if (_foreignTimer is null)
        {
            Thread.DueMoved(dueUs);
            return;
        }

        // Threads that announce at once may come in either order: each sets the timer for the earliest that is known now.
        lock (_foreignTimer)
        {
            var earliestUs = Volatile.Read(ref _earliestUs);
            var waitUs = Math.Clamp(earliestUs - _clock.MonotonicUs, 0, (long)int.MaxValue * 1000);
            _foreignTimer.Change(TimeSpan.FromMicroseconds(waitUs), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Brings the call of a foreign timer, from whatever thread, to the thread of the loops.</summary>
    private sealed class TickDueTask(LoopHost host) : LoopTask
    {
        private int _queued;

        public void PostOnce()
        {
            if (Interlocked.Exchange(ref _queued, 1) == 0)
            {
                host.Thread.Post(this);
            }
        }

        public override void Run()
        {
            Volatile.Write(ref _queued, 0);
            host.TickDue();
        }
    }
}
