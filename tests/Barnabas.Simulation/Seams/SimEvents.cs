namespace Barnabas.Simulation.Seams;

/// <summary>What the world outside of the loops will do, by time; first come first served at the same time. Owned by the world.</summary>
internal sealed class SimEvents(SimClock clock)
{
    private readonly PriorityQueue<Action, (long DueUs, long Number)> _queue = new();
    private long _number;

    /// <summary>When the next one is due; <see cref="long.MaxValue"/> for never.</summary>
    public long NextUs => _queue.TryPeek(out _, out var at) ? at.DueUs : long.MaxValue;

    /// <summary>True when one is due.</summary>
    public bool IsDue => NextUs <= clock.MonotonicUs;

    /// <summary>Has something done after a time.</summary>
    public void After(long delayUs, Action action) => At(clock.MonotonicUs + delayUs, action);

    /// <summary>Has something done at a time.</summary>
    public void At(long dueUs, Action action) => _queue.Enqueue(action, (dueUs, _number++));

    /// <summary>Does the next one.</summary>
    public void RunOne() => _queue.Dequeue()();
}
