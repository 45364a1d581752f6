namespace Barnabas.Tests.Network;

/// <summary>A time whose wall clock somebody may set, while its monotonic clock and its timers go on. Any thread.</summary>
internal sealed class JumpingTime : TimeProvider
{
    private readonly ManualTime _time = new();
    private long _aheadTicks;

    public override long TimestampFrequency => _time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => _time.GetUtcNow().AddTicks(Volatile.Read(ref _aheadTicks)).AddDays(10_000);

    public override long GetTimestamp() => _time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _time.CreateTimer(callback, state, dueTime, period);

    /// <summary>Sets the wall clock, ahead or back.</summary>
    public void Jump(TimeSpan by) => Interlocked.Add(ref _aheadTicks, by.Ticks);

    /// <summary>Lets time pass.</summary>
    public void Advance(TimeSpan by) => _time.Advance(by);
}
