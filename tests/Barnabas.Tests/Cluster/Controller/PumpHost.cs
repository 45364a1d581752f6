using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>Runs loops on the test's own thread, in the order in which they were scheduled, by a clock that the test moves.</summary>
internal sealed class PumpHost : ILoopHost, IClock
{
    private readonly List<Loop> _scheduled = [];
    private readonly HashSet<Loop> _timed = [];

    public long WallMs { get; set; } = 1_700_000_000_000;

    public long MonotonicUs => WallMs * 1000;

    public void Schedule(Loop loop) => _scheduled.Add(loop);

    public void DueChanged(Loop loop) => _timed.Add(loop);

    /// <summary>Runs until nothing is left to do.</summary>
    public void Pump()
    {
        while (Step())
        {
        }
    }

    /// <summary>Runs the next loop only; false when there is none.</summary>
    public bool Step()
    {
        if (_scheduled.Count == 0)
        {
            return false;
        }

        Run(_scheduled[0]);
        return true;
    }

    /// <summary>Runs a turn of this loop, ahead of others that were scheduled before; nothing if it is not scheduled.</summary>
    public void Run(Loop loop)
    {
        if (_scheduled.Remove(loop))
        {
            loop.RunTurn();
        }
    }

    /// <summary>Lets time pass and runs what it makes due.</summary>
    public void Advance(long ms, bool pumps = true)
    {
        WallMs += ms;
        foreach (var loop in _timed)
        {
            loop.Tick();
        }

        if (pumps)
        {
            Pump();
        }
    }
}
