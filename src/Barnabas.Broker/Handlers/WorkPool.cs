using System.Collections.Concurrent;

namespace Barnabas.Broker.Handlers;

/// <summary>Work on requests at rest, at most <see cref="KeptMax"/> of it, to be used again. Safe from any thread.</summary>
/// <param name="make">Makes work that will come back to the pool it is given.</param>
internal sealed class WorkPool<T>(Func<WorkPool<T>, T> make)
    where T : class
{
    private const int KeptMax = 256;
    private readonly ConcurrentQueue<T> _free = new();
    private int _count;

    public T Rent()
    {
        if (!_free.TryDequeue(out var work))
        {
            return make(this);
        }

        Interlocked.Decrement(ref _count);
        return work;
    }

    public void Return(T work)
    {
        if (Interlocked.Increment(ref _count) > KeptMax)
        {
            Interlocked.Decrement(ref _count);
            return;
        }

        _free.Enqueue(work);
    }
}
