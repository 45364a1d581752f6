using System.Collections.Concurrent;

namespace Barnabas.Broker.Handlers.Producing;

/// <summary>Produce work at rest, at most <see cref="KeptMax"/> of it. Safe from any thread.</summary>
internal sealed class ProduceWorkPool
{
    private const int KeptMax = 256;
    private readonly ConcurrentQueue<ProduceWork> _free = new();
    private int _count;

    public ProduceWork Rent()
    {
        if (!_free.TryDequeue(out var work))
        {
            return new ProduceWork(this);
        }

        Interlocked.Decrement(ref _count);
        return work;
    }

    public void Return(ProduceWork work)
    {
        if (Interlocked.Increment(ref _count) > KeptMax)
        {
            Interlocked.Decrement(ref _count);
            return;
        }

        _free.Enqueue(work);
    }
}
