using Barnabas.Base.Seams;

namespace Barnabas.Simulation.Seams;

/// <summary>
/// Time of one simulated machine: stands still until the simulation moves it. The wall clock may jump, the monotonic one never goes back.
/// Owned by the world.
/// </summary>
internal sealed class SimClock : IClock
{
    private const long StartMs = 1_700_000_000_000;
    private long _wallShiftMs;

    /// <inheritdoc/>
    public long WallMs => StartMs + (MonotonicUs / 1000) + _wallShiftMs;

    /// <inheritdoc/>
    public long MonotonicUs { get; private set; } = 1_000_000;

    /// <summary>Moves on to a time; nothing if it has passed.</summary>
    public void MoveTo(long us) => MonotonicUs = Math.Max(MonotonicUs, us);

    /// <summary>Somebody sets the wall clock.</summary>
    public void JumpWall(long ms) => _wallShiftMs += ms;
}
