using Barnabas.Base.Bytes;

namespace Barnabas.Broker.Network;

/// <summary>Native blocks for bytes from the wire, in a few sizes, shared by all loops. Any thread.</summary>
internal static class FrameBlocks
{
    /// <summary>Size of the block that a loop reads into.</summary>
    public const int ScratchBytes = 256 * 1024;

    private static readonly BufferPool[] Pools =
    [
        new(4 * 1024, 256),
        new(16 * 1024, 64),
        new(64 * 1024, 32),
        new(ScratchBytes, 32),
        new(512 * 1024, 16),
        new(1024 * 1024, 16),
        new(4 * 1024 * 1024, 3),
        new(16 * 1024 * 1024, 2),
    ];

    /// <summary>A block of at least this size: pooled, or beyond the largest size one of its own.</summary>
    public static BufferLease Rent(int bytes)
    {
        foreach (var pool in Pools)
        {
            if (bytes <= pool.BlockBytes)
            {
                return pool.Rent();
            }
        }

        return BufferPool.RentUnpooled(bytes);
    }

    /// <summary>Makes room for <paramref name="bytes"/>, keeping the first <paramref name="filled"/>; the old lease is spent.</summary>
    public static BufferLease Enlarge(BufferLease lease, int filled, int bytes)
    {
        if (lease.CapacityBytes > Pools[^1].BlockBytes)
        {
            BufferPool.Resize(lease, bytes);
            return lease;
        }

        var bigger = Rent(bytes);
        lease.Span[..filled].CopyTo(bigger.Span);
        lease.Release();
        return bigger;
    }

    /// <summary>Gives the memory of all blocks at rest back to the system.</summary>
    public static void Trim()
    {
        foreach (var pool in Pools)
        {
            pool.Trim();
        }
    }
}
