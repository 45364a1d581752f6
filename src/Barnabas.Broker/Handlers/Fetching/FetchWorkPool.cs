using System.Collections.Concurrent;
using Barnabas.Base.Loops;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>Fetch work at rest, at most <see cref="KeptMax"/> of it. Safe from any thread.</summary>
internal sealed class FetchWorkPool(ReplicaTable replicas, Loop slow)
{
    private const int KeptMax = 256;
    private readonly ConcurrentQueue<FetchWork> _free = new();
    private int _count;

    public FetchWork Rent()
    {
        if (!_free.TryDequeue(out var work))
        {
            return new FetchWork(this, replicas, slow);
        }

        Interlocked.Decrement(ref _count);
        return work;
    }

    public void Return(FetchWork work)
    {
        if (Interlocked.Increment(ref _count) > KeptMax)
        {
            Interlocked.Decrement(ref _count);
            return;
        }

        _free.Enqueue(work);
    }
}
