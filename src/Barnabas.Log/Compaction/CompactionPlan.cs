using Barnabas.Log.Batches;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Compaction;

/// <summary>
/// What of a log may be compacted, and how much that is worth. Made from a published view on any background thread, carried out by a <see
/// cref="CompactionJob"/>. Immutable.
/// </summary>
public sealed class CompactionPlan
{
    private CompactionPlan(LogView view, long firstDirty, long firstUncleanable, long cleanBytes, long dirtyBytes)
    {
        View = view;
        FirstDirtyOffset = firstDirty;
        FirstUncleanableOffset = firstUncleanable;
        CleanBytes = cleanBytes;
        DirtyBytes = dirtyBytes;
    }

    /// <summary>No key appears twice below it.</summary>
    public long FirstDirtyOffset { get; }

    /// <summary>
    /// The base of the first segment that stays as it is: the active one, one that an open transaction or a reader's high watermark still
    /// reaches into, or one with records younger than <c>min.compaction.lag.ms</c>.
    /// </summary>
    public long FirstUncleanableOffset { get; }

    /// <summary>Bytes below the first dirty offset.</summary>
    public long CleanBytes { get; }

    /// <summary>Bytes between the two offsets.</summary>
    public long DirtyBytes { get; }

    /// <summary>How much of what would be read is dirty, 0 to 1.</summary>
    public double DirtyRatio => DirtyBytes == 0 ? 0 : (double)DirtyBytes / (CleanBytes + DirtyBytes);

    /// <summary>True when a record waits for compaction for longer than <c>max.compaction.lag.ms</c>.</summary>
    public bool IsOverdue { get; private init; }

    internal LogView View { get; }

    /// <summary>Judges a view. Null when nothing can be compacted. Reads a few headers where there is a longest time to wait.</summary>
    public static CompactionPlan? Make(LogView view, LogConfig config, long nowMs)
    {
        var dirty = view.FirstDirtyOffset < view.LogStartOffset || view.FirstDirtyOffset > view.LogEndOffset
            ? view.LogStartOffset
            : view.FirstDirtyOffset;
        var end = FirstUncleanable(view, dirty, config, nowMs);
        var (clean, dirtyBytes, isOverdue) = (0L, 0L, false);
        for (var i = 0; i < end; i++)
        {
            var segment = view.Segments[i];
            clean += segment.BaseOffset < dirty ? segment.SizeBytes : 0;
            if (view.NextOffsetOf(i) > dirty)
            {
                dirtyBytes += segment.SizeBytes;
                isOverdue |= IsOlder(segment, config.MaxCompactionLagMs, nowMs);
            }
        }

        return dirtyBytes == 0
            ? null
            : new CompactionPlan(view, dirty, view.Segments[end].BaseOffset, clean, dirtyBytes) { IsOverdue = isOverdue };
    }

    /// <summary>The same for only so many of the segments, or null when nothing of them is dirty.</summary>
    internal CompactionPlan? Of(int segments) => View.SegmentIndexOf(FirstUncleanableOffset) == segments ? this
        : View.Segments[segments].BaseOffset <= FirstDirtyOffset ? null
        : new CompactionPlan(View, FirstDirtyOffset, View.Segments[segments].BaseOffset, CleanBytes, DirtyBytes) { IsOverdue = IsOverdue };

    /// <summary>Index of the first segment that must not be touched.</summary>
    private static int FirstUncleanable(LogView view, long dirty, LogConfig config, long nowMs)
    {
        var end = Math.Min(view.SegmentIndexOf(view.LastStableOffset), view.Segments.Length - 1);
        for (var i = view.SegmentIndexOf(dirty); config.MinCompactionLagMs > 0 && i < end; i++)
        {
            if (view.Segments[i].RetentionTimestampMs > nowMs - config.MinCompactionLagMs)
            {
                return i;
            }
        }

        return end;
    }

    private static bool IsOlder(Segment segment, long lagMs, long nowMs)
    {
        if (lagMs == long.MaxValue || !segment.Lease.TryRetain())
        {
            return false;
        }

        try
        {
            Span<byte> buffer = stackalloc byte[StoredBatch.HeaderBytes];
            var scan = new BatchScan(segment.Data, 0, segment.SizeBytes, buffer);
            return scan.MoveNext(out var first) && first.MaxTimestamp > 0 && first.MaxTimestamp < nowMs - Math.Max(0, lagMs);
        }
        finally
        {
            segment.Lease.Release();
        }
    }
}
