namespace Barnabas.Log.Segments;

/// <summary>Whether a fetch could read a segment without waiting for the disk. Stateless; any thread.</summary>
internal static class Residency
{
    /// <summary>What the owner wrote last is in the page cache, and need not be asked for.</summary>
    private const int RecentBytes = 16 << 20;

    /// <summary>What a walk from an index entry may read beyond the slice: one step of the default interval, with its header.</summary>
    private const int WalkBytes = 8 << 10;

    /// <summary>
    /// True where a slice from an offset on, and the walk to its begin, are in memory: one question to the system, none for the log's tail.
    /// </summary>
    internal static bool Holds(Segment segment, long offset, int end, int bytesMax, bool isActive)
    {
        if (isActive && end <= RecentBytes)
        {
            return true;
        }

        if (!segment.IsIndexLoaded)
        {
            return false;
        }

        var from = FloorOf(segment, offset);
        return (isActive && from >= end - RecentBytes)
            || segment.Data.IsResident(from, (int)Math.Min(end - from, (long)Math.Max(0, bytesMax) + WalkBytes));
    }

    /// <summary>The place that the index knows before an offset: from there on a look-up reads.</summary>
    private static int FloorOf(Segment segment, long offset) => offset <= segment.BaseOffset
        ? 0
        : segment.Offsets.Find((int)Math.Min(offset - segment.BaseOffset, int.MaxValue)).Before;
}
