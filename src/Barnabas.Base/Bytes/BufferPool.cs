using System.Collections.Concurrent;

namespace Barnabas.Base.Bytes;

/// <summary>
/// Blocks of one size, kept for reuse up to a bound. Safe from any thread; no memory is held beyond <c>blocksKeptMax</c> blocks at rest.
/// </summary>
public sealed class BufferPool(int blockBytes, int blocksKeptMax)
{
    private readonly ConcurrentQueue<BufferLease> _free = new();
    private int _freeCount;

    /// <summary>Bytes of every block of this pool.</summary>
    public int BlockBytes => blockBytes;

    /// <summary>A block with one reference, its bytes undefined.</summary>
    public BufferLease Rent()
    {
        if (_free.TryDequeue(out var lease))
        {
            Interlocked.Decrement(ref _freeCount);
            lease.Revive();
            return lease;
        }

        return new BufferLease(this, blockBytes);
    }

    /// <summary>A block of its own size that is freed, not kept, after its last release.</summary>
    public static BufferLease RentUnpooled(int capacityBytes) => new(null, capacityBytes);

    /// <summary>Makes an unpooled block bigger, keeping its bytes; only its single holder may.</summary>
    public static void Resize(BufferLease lease, int capacityBytes) => lease.Resize(capacityBytes);

    internal bool TakeBack(BufferLease lease)
    {
        if (Interlocked.Increment(ref _freeCount) > blocksKeptMax)
        {
            Interlocked.Decrement(ref _freeCount);
            return false;
        }

        _free.Enqueue(lease);
        return true;
    }

    /// <summary>Frees every block at rest; blocks in use are kept or freed by their last release as before.</summary>
    public void Trim()
    {
        while (_free.TryDequeue(out var lease))
        {
            Interlocked.Decrement(ref _freeCount);
            lease.Free();
        }
    }
}
