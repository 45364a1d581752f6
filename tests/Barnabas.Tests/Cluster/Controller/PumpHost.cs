using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>Runs loops on the test's own thread, in the order in which they were scheduled, by a clock that the test moves.</summary>
internal sealed class PumpHost : ILoopHost, IClock
{
    private readonly Queue<Loop> _scheduled = [];
    private readonly HashSet<Loop> _timed = [];

    public long WallMs { get; private set; } = 1_700_000_000_000;

    public long MonotonicUs => WallMs * 1000;

    public void Schedule(Loop loop) => _scheduled.Enqueue(loop);

    public void DueChanged(Loop loop) => _timed.Add(loop);

    /// <summary>Runs until nothing is left to do.</summary>
    public void Pump()
    {
        while (_scheduled.TryDequeue(out var loop))
        {
            loop.RunTurn();
        }
    }

    /// <summary>Runs the next loop only; false when there is none.</summary>
    public bool Step()
    {
        if (!_scheduled.TryDequeue(out var loop))
        {
            return false;
        }

        loop.RunTurn();
        return true;
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
