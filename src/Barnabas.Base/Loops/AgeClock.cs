namespace Barnabas.Base.Loops;

/// <summary>
/// The time by which it is judged how old something is before it is deleted for ever. A wall clock that jumps ahead is not believed until
/// it has stayed there for an hour of the monotonic clock, which never jumps; one that goes back is believed at once, for then things only
/// stay longer. Owned by the loop whose time it is given.
/// </summary>
public sealed class AgeClock
{
    /// <summary>
    /// How far the wall clock may run ahead between two looks and still be believed, in milliseconds: it is set right now and then.
    /// </summary>
    public const long StepMsMax = 60_000;

    /// <summary>How long a wall clock that has jumped ahead has to stay there. Microseconds.</summary>
    public const long BelievedAfterUs = 3_600_000_000;

    private long _wallMs, _monotonicUs;
    private long _jumpedAtUs = -1;

    /// <summary>Believes the time at which it is made.</summary>
    /// <param name="wallMs">The loop's wall clock.</param>
    /// <param name="monotonicUs">The loop's monotonic clock.</param>
    public AgeClock(long wallMs, long monotonicUs) => Believe(wallMs, monotonicUs);

    /// <summary>True while the wall clock is ahead of what is believed.</summary>
    public bool HasJumped => _jumpedAtUs >= 0;

    /// <summary>The time to judge by, wall-clock milliseconds; to be asked at least as often as something is judged.</summary>
    /// <param name="wallMs">The loop's wall clock.</param>
    /// <param name="monotonicUs">The loop's monotonic clock.</param>
    public long NowMs(long wallMs, long monotonicUs)
    {
        var expectedMs = _wallMs + ((monotonicUs - _monotonicUs) / 1000);
        if (wallMs - expectedMs <= StepMsMax)
        {
            return Believe(wallMs, monotonicUs);
        }

        _jumpedAtUs = HasJumped ? _jumpedAtUs : monotonicUs;
        return monotonicUs - _jumpedAtUs >= BelievedAfterUs ? Believe(wallMs, monotonicUs) : expectedMs;
    }

    private long Believe(long wallMs, long monotonicUs)
    {
        (_wallMs, _monotonicUs, _jumpedAtUs) = (wallMs, monotonicUs, -1);
        return wallMs;
    }
}
