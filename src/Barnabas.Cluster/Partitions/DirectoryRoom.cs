namespace Barnabas.Cluster.Partitions;

/// <summary>
/// Whether clients may still append to a directory: the room above its reserve as it was measured last, less what was written since. Owned
/// by no loop: shards count, the upkeep measures, any thread reads.
/// </summary>
public sealed class DirectoryRoom
{
    private long _room = long.MaxValue;
    private long _written;
    private int _isAsked;

    /// <summary>False when appends of clients are refused. Any thread.</summary>
    public bool IsThere => Volatile.Read(ref _written) < Volatile.Read(ref _room);

    /// <summary>Measures soon, because much was written since the last time. Set once; called by any thread.</summary>
    internal Action? MeasureSoon { get; set; }

    /// <summary>So many bytes were written. Any thread.</summary>
    internal void Count(int bytes)
    {
        var written = Interlocked.Add(ref _written, bytes);

        // A quarter of what is left: the file system is not asked for every append, and asked often where little is left.
        if (written > Volatile.Read(ref _room) / 4 && MeasureSoon is { } measure && Interlocked.Exchange(ref _isAsked, 1) == 0)
        {
            measure();
        }
    }

    /// <summary>Nothing fits any more, whatever was measured: until the next measurement.</summary>
    internal void Exhaust() => Volatile.Write(ref _room, 0);

    /// <summary>What may be written above the reserve, measured just now; what was counted by then is in it.</summary>
    internal void Measured(long roomBytes, long countedBefore)
    {
        Interlocked.Add(ref _written, -countedBefore);
        Volatile.Write(ref _room, roomBytes);
        Volatile.Write(ref _isAsked, 0);
    }

    /// <summary>Bytes counted since the last measurement: read before the next.</summary>
    internal long Counted => Volatile.Read(ref _written);
}
