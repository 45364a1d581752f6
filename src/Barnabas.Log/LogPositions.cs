using Barnabas.Log.Segments;

namespace Barnabas.Log;

/// <summary>The offsets of a log at one moment.</summary>
internal readonly record struct LogOffsets(long LogStart, long LogEnd, long HighWatermark, long LastStable, long FirstDirty);

/// <summary>Their places in the active segment; -1 where the file has to tell.</summary>
internal readonly record struct LogPositions(int End, int HighWatermark, int LastStable)
{
    /// <summary>Finds them; reads the file where the last few published ends do not say it.</summary>
    internal static LogPositions Of(Segment active, in LogOffsets offsets)
    {
        var end = active.SizeBytes;
        var high = offsets.HighWatermark == offsets.LogEnd ? end : PositionOf(active, offsets.HighWatermark, end);
        var stable = offsets.LastStable == offsets.HighWatermark ? high : PositionOf(active, offsets.LastStable, end);
        return new LogPositions(end, high, stable);
    }

    private static int PositionOf(Segment active, long offset, int end) =>
        offset < active.BaseOffset ? -1 : active.PositionOf(offset, end, mayRead: true);
}
