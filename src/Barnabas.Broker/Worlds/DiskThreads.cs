using Barnabas.Base.Loops;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// Gives the loops of one log directory their threads: the usual ones, or, while its disk is slow, threads of its own, so that nobody else
/// waits for it. The threads are made when they are first needed. Safe from any thread.
/// </summary>
public sealed class DiskThreads(DirectoryPace pace) : IDisposable
{
    private const int Threads = 2;
    private readonly Lock _lock = new();
    private BackgroundPool? _pool;

    /// <summary>A host that runs loops where <paramref name="usual"/> does while the disk is fast.</summary>
    public ILoopHost Over(ILoopHost usual) => new Host(this, usual);

    /// <summary>Ends the threads, after what they do. The loops must be idle for good.</summary>
    public void Dispose() => _pool?.Dispose();

    private BackgroundPool Pool()
    {
        lock (_lock)
        {
            return _pool ??= new BackgroundPool(Threads);
        }
    }

    /// <summary>Decides for each turn anew; immutable.</summary>
    private sealed class Host(DiskThreads owner, ILoopHost usual) : ILoopHost
    {
        public bool RunsInline => !owner.IsSlow && usual.RunsInline;

        public void Schedule(Loop loop)
        {
            if (owner.IsSlow)
            {
                owner.Pool().Post(loop.TurnTask);
            }
            else
            {
                usual.Schedule(loop);
            }
        }

        public void DueChanged(Loop loop) => usual.DueChanged(loop);
    }

    private bool IsSlow => pace.IsSlow;
}
