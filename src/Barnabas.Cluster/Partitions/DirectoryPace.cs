namespace Barnabas.Cluster.Partitions;

/// <summary>
/// Whether the disk of a directory is slow: from a write of over 20 ms on, until writes have been fast for five seconds. While it is, the
/// directory's shards are run by threads of their own, so that nobody else waits. Owned by no loop: shards report, any thread reads.
/// </summary>
public sealed class DirectoryPace
{
    private const long SlowUs = 20_000;
    private const long RecoveryUs = 5_000_000;
    private long _lastSlowUs;
    private int _isSlow;

    /// <summary>True while the directory's shards must not run on I/O threads. Any thread.</summary>
    public bool IsSlow => Volatile.Read(ref _isSlow) != 0;

    /// <summary>Told when it becomes slow, with the microseconds of the write, and with 0 when it recovers. Any thread.</summary>
    public Action<long>? Changed { get; set; }

    /// <summary>A write took so long; now it is so late, monotonic microseconds. Any thread.</summary>
    internal void Note(long tookUs, long nowUs)
    {
        if (tookUs > SlowUs)
        {
            Volatile.Write(ref _lastSlowUs, nowUs);
            if (Interlocked.Exchange(ref _isSlow, 1) == 0)
            {
                Changed?.Invoke(tookUs);
            }
        }
        else if (IsSlow && nowUs - Volatile.Read(ref _lastSlowUs) > RecoveryUs && Interlocked.Exchange(ref _isSlow, 0) == 1)
        {
            Changed?.Invoke(0);
        }
    }
}
