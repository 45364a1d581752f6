namespace Barnabas.Base.Seams;

/// <summary>Time from outside. A loop reads it once a turn and passes it down; nothing below a loop asks for time.</summary>
public interface IClock
{
    /// <summary>Milliseconds since 1970 in UTC. May jump; only for what is stored or shown.</summary>
    long WallMs { get; }

    /// <summary>Microseconds since some fixed moment; never goes back. For timers, timeouts and measuring.</summary>
    long MonotonicUs { get; }
}
