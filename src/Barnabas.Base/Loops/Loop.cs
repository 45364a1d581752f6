using Barnabas.Base.Seams;

namespace Barnabas.Base.Loops;

/// <summary>What gives a loop its thread: an I/O thread, a background thread, or the simulator's scheduler.</summary>
public interface ILoopHost
{
    /// <summary>
    /// The loop has work: call <see cref="Loop.RunTurn"/> soon, on the host's own thread. Called from any thread, once per change from
    /// idle.
    /// </summary>
    void Schedule(Loop loop);

    /// <summary>
    /// The loop's earliest timer is now <see cref="Loop.NextDueUs"/>: see that <see cref="Loop.Tick"/> is called by then. Any thread.
    /// </summary>
    void DueChanged(Loop loop);

    /// <summary>False while no other thread than the host's may run the host's loops inline. Any thread.</summary>
    bool RunsInline => true;
}

/// <summary>
/// A queue and a token (idle, scheduled, running), owned by whoever holds the token, on whatever thread: the holder owns all the state that
/// belongs to the loop. State is handed from holder to holder by the token's barrier, so that it needs no lock.
/// </summary>
public sealed class Loop
{
    private const int Idle = 0;
    private const int Scheduled = 1;
    private const int Running = 2;

    private readonly TaskQueue _queue = new();
    private readonly IClock _clock;
    private readonly TickTask _tick;
    private readonly int _turnTasksMax;
    private long _publishedDueUs = long.MaxValue;
    private int _token;
    private int _holderThread;

    /// <summary>Makes an idle loop.</summary>
    /// <param name="name">For logs and failed checks.</param>
    /// <param name="host">Runs the loop when it has work that nobody ran inline.</param>
    /// <param name="clock">Read once a turn.</param>
    /// <param name="turnTasksMax">Tasks of one turn, so that one busy loop cannot hold its neighbours.</param>
    public Loop(string name, ILoopHost host, IClock clock, int turnTasksMax = 256)
    {
        Name = name;
        Host = host;
        _clock = clock;
        _turnTasksMax = turnTasksMax;
        _tick = new TickTask(this);
        TurnTask = new LoopTurn(this);
        Timers = new TimerWheel(clock.MonotonicUs);
    }

    public string Name { get; }

    /// <summary>Who gives this loop its thread.</summary>
    public ILoopHost Host { get; }

    /// <summary>For the host's own use; nobody else reads or writes it.</summary>
    public object? HostData { get; set; }

    /// <summary>One turn as a task for the host's own queue. It is in one queue at most, as a loop is scheduled once at a time.</summary>
    public LoopTask TurnTask { get; }

    /// <summary>
    /// Run at the end of every turn, after its tasks: gathered writes, acknowledgements, wake-ups. Set once, before the first post.
    /// </summary>
    public Action? TurnEnd { get; set; }

    /// <summary>Timers of this loop's state; only the holder of the token may use them.</summary>
    public TimerWheel Timers { get; }

    /// <summary>Wall-clock milliseconds, read at the start of the turn.</summary>
    public long NowWallMs { get; private set; }

    /// <summary>Monotonic microseconds, read at the start of the turn.</summary>
    public long NowUs { get; private set; }

    /// <summary>
    /// The monotonic microseconds that lie so many milliseconds ahead of this turn; never for what would not fit.
    /// </summary>
    public long DueIn(long delayMs) => delayMs > (long.MaxValue - NowUs) / 1000 ? long.MaxValue : NowUs + (delayMs * 1000);

    /// <summary>
    /// When <see cref="Tick"/> is next needed, monotonic microseconds; <see cref="long.MaxValue"/> for never. Any thread.
    /// </summary>
    public long NextDueUs => Volatile.Read(ref _publishedDueUs);

    /// <summary>True when the calling thread holds the token.</summary>
    public bool IsOwned => Volatile.Read(ref _holderThread) == Environment.CurrentManagedThreadId;

    /// <summary>Fails unless the calling thread holds this loop's token. Costs nothing in release builds.</summary>
    [System.Diagnostics.Conditional("DEBUG")]
    public void CheckOwned() => Check.That(IsOwned);

    /// <summary>Queues a task; the host runs it. Any thread, never refused.</summary>
    public void Post(LoopTask task)
    {
        _queue.Post(task);
        ScheduleIfIdle();
    }

    /// <summary>
    /// Runs the task at once on the calling thread if the loop is idle, nothing is queued and the host lets it, else queues it. Only for
    /// threads of the shell that hold no token but that of their own I/O loop: between other loops it is always <see cref="Post"/>.
    /// </summary>
    public void PostOrRun(LoopTask task)
    {
        if (!_queue.IsEmpty || !Host.RunsInline || Interlocked.CompareExchange(ref _token, Running, Idle) != Idle)
        {
            Post(task);
            return;
        }

        if (_queue.IsEmpty)
        {
            Turn(task);
            return;
        }

        // Somebody posted between the look and the token: keep the order.
        _queue.Post(task);
        Turn(null);
    }

    /// <summary>Runs one bounded turn. Only the host calls this, once after each <see cref="ILoopHost.Schedule"/>.</summary>
    public void RunTurn()
    {
        var before = Interlocked.Exchange(ref _token, Running);
        Check.That(before == Scheduled);
        Turn(null);
    }

    /// <summary>
    /// Has due timers fired, in a turn of its own or in the next. Only the host calls this. <see cref="NextDueUs"/> is then never until
    /// that turn has ended, which tells the host of the next due time by <see cref="ILoopHost.DueChanged"/>.
    /// </summary>
    public void Tick()
    {
        Interlocked.Exchange(ref _publishedDueUs, long.MaxValue);
        _tick.PostOnce();
    }

    /// <summary>The clock as it is now, monotonic microseconds: for measuring how long something took, never for deciding.</summary>
    public long MeasureUs() => _clock.MonotonicUs;

    private void Turn(LoopTask? first)
    {
        _holderThread = Environment.CurrentManagedThreadId;
        NowWallMs = _clock.WallMs;
        NowUs = _clock.MonotonicUs;
        Timers.Advance(NowUs);
        first?.Run();
        for (var i = 0; i < _turnTasksMax && _queue.Take() is { } task; i++)
        {
            task.Run();
        }

        TurnEnd?.Invoke();
        var earlier = PublishDue();
        _holderThread = 0;
        Interlocked.Exchange(ref _token, Idle);
        if (earlier)
        {
            Host.DueChanged(this);
        }

        // Look again after letting go: a task posted while the token was held found it taken and did not schedule.
        if (!_queue.IsEmpty)
        {
            ScheduleIfIdle();
        }
    }

    /// <summary>True when the host has to hear of an earlier due time. Exchanged, because the host's tick may come in between.</summary>
    private bool PublishDue()
    {
        var due = Timers.NextDueUs;
        return due != Volatile.Read(ref _publishedDueUs) && due < Interlocked.Exchange(ref _publishedDueUs, due);
    }

    private void ScheduleIfIdle()
    {
        if (Interlocked.CompareExchange(ref _token, Scheduled, Idle) == Idle)
        {
            Host.Schedule(this);
        }
    }

    /// <summary>Runs one turn; in the host's queue while the loop is scheduled.</summary>
    private sealed class LoopTurn(Loop loop) : LoopTask
    {
        public override string Name => loop.Name;

        public override void Run() => loop.RunTurn();
    }

    /// <summary>Makes the loop take a turn; owned by the loop, posted by its host.</summary>
    private sealed class TickTask(Loop loop) : LoopTask
    {
        private int _queued;

        public void PostOnce()
        {
            if (Interlocked.Exchange(ref _queued, 1) == 0)
            {
                loop.Post(this);
            }
        }

        // The turn has advanced the timers already.
        public override void Run() => Volatile.Write(ref _queued, 0);
    }
}
