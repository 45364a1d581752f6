using Barnabas.Base;
using Barnabas.Base.Loops;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// A few threads for work that may block: recovery, retention, compaction, fsync, cold reads, decompression. A piece of work posts its own
/// result back to the loop that wants it. Safe from any thread.
/// </summary>
public sealed class BackgroundPool : IDisposable
{
    /// <summary>Pieces of work that may wait; more are refused, so that a slow disk cannot fill the memory.</summary>
    public const int WaitingMax = 10_000;

    private readonly Queue<LoopTask> _waiting = new();
    private readonly Thread[] _threads;
    private readonly bool _givesWay;
    private bool _stopping;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">How many.</param>
    /// <param name="name">Theirs, before a number.</param>
    /// <param name="givesWay">True for work that keeps a core busy for long: other threads need not wait for it.</param>
    public BackgroundPool(int threads, string name = "background", bool givesWay = false)
    {
        _givesWay = givesWay;
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(RunThread) { Name = $"{name}-{i}", IsBackground = true };
            _threads[i].Start();
        }
    }

    /// <summary>
    /// Queues work unless <see cref="WaitingMax"/> pieces wait; false then, and the asker tries again later or says that it is busy.
    /// </summary>
    public bool TryPost(LoopTask work)
    {
        lock (_waiting)
        {
            if (_waiting.Count >= WaitingMax)
            {
                return false;
            }

            Enqueue(work);
            return true;
        }
    }

    /// <summary>
    /// Queues work that must not be refused because there is at most one piece of its kind: a loop's turn, a broker's shutdown.
    /// </summary>
    public void Post(LoopTask work)
    {
        lock (_waiting)
        {
            Enqueue(work);
        }
    }

    /// <summary>Finishes all that waits, then ends the threads. Not from one of them.</summary>
    public void Dispose()
    {
        lock (_waiting)
        {
            _stopping = true;
            Monitor.PulseAll(_waiting);
        }

        foreach (var thread in _threads)
        {
            Check.That(thread != Thread.CurrentThread);
            thread.Join();
        }
    }

    private void Enqueue(LoopTask work)
    {
        _waiting.Enqueue(work);
        Monitor.Pulse(_waiting);
    }

    private void RunThread()
    {
        if (_givesWay)
        {
            ThreadShare.GiveWay();
        }

        while (Next() is { } work)
        {
            work.Run();
            GarbageWatch.Look();
        }
    }

    private LoopTask? Next()
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0)
            {
                if (_stopping)
                {
                    return null;
                }

                Monitor.Wait(_waiting);
            }

            return _waiting.Dequeue();
        }
    }
}
