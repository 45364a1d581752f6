using Barnabas.Base.Loops;

namespace Barnabas.Tests.Base.Loops;

/// <summary>A wall clock that jumps makes nothing old before its time.</summary>
public sealed class AgeClockTests
{
    private const long DayMs = 86_400_000, MinuteMs = 60_000;
    private readonly AgeClock _clock = new(wallMs: 1_000_000, monotonicUs: 5_000_000);
    private long _wallMs = 1_000_000, _monotonicUs = 5_000_000;

    [Fact]
    public void It_follows_a_clock_that_goes_on()
    {
        Assert.Equal(_wallMs + (DayMs * 30), Look(DayMs * 30));
        Assert.Equal(_wallMs + 1, Look(1));
    }

    [Fact]
    public void It_follows_a_clock_that_is_set_right_a_little_at_a_time()
    {
        for (var i = 0; i < 100; i++)
        {
            _wallMs += AgeClock.StepMsMax;
            Assert.Equal(_wallMs + MinuteMs, Look(MinuteMs));
        }
    }

    [Fact]
    public void A_jump_ahead_and_back_again_does_nothing()
    {
        var before = Look(MinuteMs);
        _wallMs += DayMs;
        Assert.Equal(before + MinuteMs, Look(MinuteMs));
        Assert.True(_clock.HasJumped);
        Assert.Equal(before + (50 * MinuteMs), Look(49 * MinuteMs));
        _wallMs -= DayMs;
        Assert.Equal(before + (51 * MinuteMs), Look(MinuteMs));
        Assert.False(_clock.HasJumped);
    }

    [Fact]
    public void A_clock_that_stays_ahead_is_believed_after_an_hour()
    {
        _wallMs += DayMs;
        var held = Look(0);
        Assert.Equal(_wallMs - DayMs, held);
        Assert.Equal(held + (59 * MinuteMs), Look(59 * MinuteMs));
        Assert.Equal(_wallMs + MinuteMs, Look(MinuteMs));
        Assert.Equal(_wallMs + MinuteMs, Look(MinuteMs));
    }

    [Fact]
    public void A_jump_back_is_believed_at_once()
    {
        _wallMs -= DayMs;
        Assert.Equal(_wallMs + MinuteMs, Look(MinuteMs));

        // And the way back from there is a jump ahead.
        _wallMs += DayMs;
        Assert.Equal(_wallMs - DayMs + MinuteMs, Look(MinuteMs));
    }

    private long Look(long afterMs)
    {
        _wallMs += afterMs;
        _monotonicUs += afterMs * 1000;
        return _clock.NowMs(_wallMs, _monotonicUs);
    }
}
