using System.Diagnostics;
using Barnabas.Base;
using Barnabas.Base.Loops;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// A thread that runs loops: waits for sockets, posted tasks and timers, and runs each turn to completion. Its queue is open to any thread;
/// everything else is owned by the thread itself.
/// </summary>
public abstract class IoLoop : IDisposable
{
    /// <summary>Turns longer than this are counted and reported.</summary>
    public const int SlowTurnMs = 5;

    private const int TasksPerRoundMax = 256;
    private const int LongestSleepMs = 60_000;
    private static readonly long SlowTurnTicks = Stopwatch.Frequency * SlowTurnMs / 1000;

    private readonly TaskQueue _queue = new();
    private readonly Thread _thread;
    private LoopHost[] _hosts = [];
    private long _sleepUntilUs = long.MinValue;
    private int _awake = 1;
    private bool _stopping;
    private long _turns;
    private long _slowTurns;
    private long _longestTurnTicks;

    /// <summary>Makes the thread; <see cref="Start"/> sets it going.</summary>
    protected IoLoop(string name)
    {
        Name = name;
        _thread = new Thread(RunThread) { Name = name, IsBackground = true };
    }

    /// <summary>Name of the thread.</summary>
    public string Name { get; }

    /// <summary>True on the thread itself.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Tasks and turns that were run. Any thread.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Those that took over <see cref="SlowTurnMs"/>. Any thread.</summary>
    public long SlowTurns => Volatile.Read(ref _slowTurns);

    /// <summary>The longest so far, microseconds. Any thread.</summary>
    public long LongestTurnUs => Volatile.Read(ref _longestTurnTicks) * 1_000_000 / Stopwatch.Frequency;

    /// <summary>Told the name and the microseconds of each slow turn, on the thread. Set before <see cref="Start"/>.</summary>
    public Action<string, long>? OnSlowTurn { get; set; }

    /// <summary>Sets the thread going.</summary>
    public void Start() => _thread.Start();

    /// <summary>Queues a task for the thread; a loop posts its turn this way. Any thread, never refused.</summary>
    public void Post(LoopTask task)
    {
        _queue.Post(task);
        WakeIfAsleep();
    }

    /// <summary>
    /// Stops after the round that runs, waits for the thread to end and gives back what it holds. Not from the thread itself.
    /// </summary>
    public void Dispose()
    {
        Check.That(!IsCurrent);
        Volatile.Write(ref _stopping, true);
        WakeIfAsleep();
        if (_thread.ThreadState != System.Threading.ThreadState.Unstarted)
        {
            _thread.Join();
        }

        Close();
        GC.SuppressFinalize(this);
    }

    internal void Add(LoopHost host)
    {
        lock (_queue)
        {
            Volatile.Write(ref _hosts, [.. _hosts, host]);
        }
    }

    internal void Remove(LoopHost host)
    {
        lock (_queue)
        {
            Volatile.Write(ref _hosts, _hosts.Where(other => other != host).ToArray());
        }
    }

    /// <summary>A loop has to be ticked at <paramref name="dueUs"/> of the system's clock. Any thread.</summary>
    internal void DueMoved(long dueUs)
    {
        if (dueUs < Volatile.Read(ref _sleepUntilUs))
        {
            WakeIfAsleep();
        }
    }

    /// <summary>Waits for events for at most so long (-1 for ever, 0 to look only) and runs the turns of what became ready.</summary>
    protected abstract void Wait(int timeoutMs);

    /// <summary>Ends the wait that runs or comes next. Any thread.</summary>
    protected abstract void Signal();

    /// <summary>Gives back descriptors, after the thread has ended.</summary>
    protected abstract void Close();

    /// <summary>Counts a turn and reports it when it was slow. Only the thread.</summary>
    protected void Watch(string name, ref long since)
    {
        var now = Stopwatch.GetTimestamp();
        var ticks = now - since;
        since = now;
        Volatile.Write(ref _turns, _turns + 1);
        if (ticks > _longestTurnTicks)
        {
            Volatile.Write(ref _longestTurnTicks, ticks);
        }

        if (ticks > SlowTurnTicks)
        {
            Volatile.Write(ref _slowTurns, _slowTurns + 1);
            OnSlowTurn?.Invoke(name, ticks * 1_000_000 / Stopwatch.Frequency);
        }
    }

    private void RunThread()
    {
        while (!Volatile.Read(ref _stopping))
        {
            var timeoutMs = LieDown();
            Wait(timeoutMs);
            Volatile.Write(ref _sleepUntilUs, long.MinValue);
            Volatile.Write(ref _awake, 1);
            RunTasks();
            foreach (var host in Volatile.Read(ref _hosts))
            {
                host.TickDue();
            }

            GarbageWatch.Look();
        }
    }

    private void RunTasks()
    {
        if (_queue.IsEmpty)
        {
            return;
        }

        var since = Stopwatch.GetTimestamp();
        for (var i = 0; i < TasksPerRoundMax && _queue.Take() is { } task; i++)
        {
            task.Run();
            Watch(task.Name, ref since);
        }
    }

    /// <summary>
    /// Says how long to sleep, and from then on wants to be woken. First announced, then looked again: a task or a timer that comes in
    /// between either sees the announcement or is seen.
    /// </summary>
    private int LieDown()
    {
        if (!_queue.IsEmpty)
        {
            return 0;
        }

        var dueUs = EarliestDueUs();
        Volatile.Write(ref _sleepUntilUs, dueUs);
        Interlocked.Exchange(ref _awake, 0);
        if (!_queue.IsEmpty || Volatile.Read(ref _stopping) || EarliestDueUs() < dueUs)
        {
            Volatile.Write(ref _awake, 1);
            return 0;
        }

        if (dueUs == long.MaxValue)
        {
            return -1;
        }

        var waitUs = dueUs - SystemClock.Instance.MonotonicUs;
        return waitUs <= 0 ? 0 : (int)Math.Min(LongestSleepMs, (waitUs + 999) / 1000);
    }

    private long EarliestDueUs()
    {
        var earliest = long.MaxValue;
        foreach (var host in Volatile.Read(ref _hosts))
        {
            earliest = Math.Min(earliest, host.SystemDueUs);
        }

        return earliest;
    }

    private void WakeIfAsleep()
    {
        if (Interlocked.Exchange(ref _awake, 1) == 0)
        {
            Signal();
        }
    }
}
