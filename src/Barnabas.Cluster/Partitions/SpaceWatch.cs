using Barnabas.Log.Directories;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// Measures the room of a log directory and says when appends of clients are refused and when they go on. Owned by the loop of the
/// directory's upkeep.
/// </summary>
/// <param name="files">The directory.</param>
/// <param name="room">What is measured, for the shards.</param>
/// <param name="reserveKey"><c>barnabas.disk.reserve.bytes</c> as it is now: -1 for the usual share, 0 for none.</param>
/// <param name="report">Takes a sentence for the operator.</param>
public sealed class SpaceWatch(LogDirectory files, DirectoryRoom room, Func<long> reserveKey, Action<string> report)
{
    private const long UsualBytesMax = 1L << 30;

    // Without a reserve, appends that found no room go on when there is this much.
    private const long AgainBytes = 1L << 20;
    private bool _wasRefusing;

    /// <summary>True when the last measurement left no room.</summary>
    public bool IsRefusing => _wasRefusing;

    /// <summary>Bytes kept free of so large a file system: one in a hundred, at most 1 GiB, unless the key says otherwise.</summary>
    public static long ReserveBytes(long key, long totalBytes) => key >= 0 ? key : Math.Min(totalBytes / 100, UsualBytesMax);

    /// <summary>Asks the file system. Blocks.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Measure()
    {
        var counted = room.Counted;
        var hadRoom = room.IsThere;
        var (free, total) = files.Space();
        var reserve = ReserveBytes(reserveKey(), total);

        // Above the reserve by an eighth before appends go on, or each segment that goes would let one batch in.
        var needed = _wasRefusing || !hadRoom ? Math.Max(AgainBytes, reserve + (reserve / 8)) : reserve;
        var isRefusing = free < needed;
        room.Measured(isRefusing ? 0 : reserve == 0 ? long.MaxValue : free - reserve, counted);
        if (isRefusing != _wasRefusing)
        {
            _wasRefusing = isRefusing;
            var again = Math.Max(AgainBytes, reserve + (reserve / 8));
            report(isRefusing
                ? $"{files.Path} has {free} bytes free and {reserve} are kept (barnabas.disk.reserve.bytes): "
                    + $"produce is refused until there are {again}; reads, deletions and retention go on"
                : $"{files.Path} has {free} bytes free: produce goes on");
        }
    }
}
