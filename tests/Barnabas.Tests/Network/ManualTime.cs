namespace Barnabas.Tests.Network;

/// <summary>
/// A clock that stands until it is advanced, which fires its timers on the caller's thread, and those due at once on the pool. Any thread.
/// </summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _now = TimeSpan.FromDays(1);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Now;

    public override long GetTimestamp() => Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        lock (_gate)
        {
            _timers.Add(timer);
        }

        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (_gate)
        {
            _now += by;
            due = _timers.Where(timer => timer.TakeIfDue(_now)).ToList();
        }

        due.ForEach(timer => timer.Fire());
    }

    private TimeSpan Now
    {
        get
        {
            lock (_gate)
            {
                return _now;
            }
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan? _due;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                _due = dueTime == Timeout.InfiniteTimeSpan ? null : time._now + dueTime;
                if (dueTime == TimeSpan.Zero)
                {
                    // Due at once, as with every other clock: it does not wait for time to pass.
                    ThreadPool.QueueUserWorkItem(_ => FireIfDue());
                }

                return true;
            }
        }

        public bool TakeIfDue(TimeSpan now)
        {
            var isDue = _due <= now;
            _due = isDue ? null : _due;
            return isDue;
        }

        public void Fire() => callback(state);

        private void FireIfDue()
        {
            bool isDue;
            lock (time._gate)
            {
                isDue = TakeIfDue(time._now);
            }

            if (isDue)
            {
                Fire();
            }
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
