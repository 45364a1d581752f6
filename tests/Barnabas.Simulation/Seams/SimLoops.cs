using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Simulation.Seams;

/// <summary>
/// All loops of one simulated process in one thread: keeps those that have work and runs one turn of one of them, which the seed picks.
/// Owned by the world.
/// </summary>
internal sealed class SimLoops(SimClock clock, Randomness schedule, Trace trace)
{
    private readonly List<(Loop Loop, long ReadyUs)> _scheduled = [];
    private readonly List<Loop> _timed = [];

    /// <summary>True when no loop has work, now or soon: only time or the world outside can go on.</summary>
    public bool IsQuiet => _scheduled.Count == 0;

    /// <summary>Turns run so far.</summary>
    public long Turns { get; private set; }

    /// <summary>When a loop is next ready or a timer due; <see cref="long.MaxValue"/> for never.</summary>
    public long NextUs
    {
        get
        {
            var next = long.MaxValue;
            foreach (var (_, readyUs) in _scheduled)
            {
                next = Math.Min(next, readyUs);
            }

            foreach (var loop in _timed)
            {
                next = Math.Min(next, loop.NextDueUs);
            }

            return next;
        }
    }

    /// <summary>A host whose loops begin their turns up to so late; most begin at once.</summary>
    public ILoopHost Host(long delayUsMax) => new SimHost(this, delayUsMax);

    /// <summary>How many loops could run now.</summary>
    public int CountReady()
    {
        var nowUs = clock.MonotonicUs;
        var ready = 0;
        foreach (var (_, readyUs) in _scheduled)
        {
            ready += readyUs <= nowUs ? 1 : 0;
        }

        return ready;
    }

    /// <summary>Ticks the loops whose timers are due.</summary>
    public void TickDue()
    {
        var nowUs = clock.MonotonicUs;
        for (var i = 0; i < _timed.Count; i++)
        {
            if (_timed[i].NextDueUs <= nowUs)
            {
                _timed[i].Tick();
            }
        }
    }

    /// <summary>Runs one turn of one of the loops that are ready; there must be one.</summary>
    /// <param name="before">Told of the loop before its turn.</param>
    public void RunOne(Action<Loop> before)
    {
        var nowUs = clock.MonotonicUs;
        var pick = schedule.Next(CountReady());
        for (var i = 0; i < _scheduled.Count; i++)
        {
            if (_scheduled[i].ReadyUs <= nowUs && pick-- == 0)
            {
                var loop = _scheduled[i].Loop;
                _scheduled.RemoveAt(i);
                Turns++;
                trace.Note(loop.Name, nowUs);
                before(loop);
                loop.RunTurn();
                return;
            }
        }
    }

    /// <summary>The process is gone: forgets its loops.</summary>
    public void Clear()
    {
        _scheduled.Clear();
        _timed.Clear();
    }

    /// <summary>One thread, or pool of threads, of the process.</summary>
    private sealed class SimHost(SimLoops owner, long delayUsMax) : ILoopHost
    {
        public void Schedule(Loop loop) => owner.Add(loop, delayUsMax);

        public void DueChanged(Loop loop)
        {
            if (loop.HostData is null)
            {
                loop.HostData = this;
                owner._timed.Add(loop);
            }
        }
    }

    private void Add(Loop loop, long delayUsMax)
    {
        var isLate = delayUsMax > 0 && schedule.Chance(0.3);
        _scheduled.Add((loop, clock.MonotonicUs + (isLate ? schedule.Next((int)delayUsMax) : 0)));
    }
}
