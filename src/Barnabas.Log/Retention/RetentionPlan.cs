using Barnabas.Log.Segments;

namespace Barnabas.Log.Retention;

/// <summary>
/// Which of the oldest segments may go. Made on any background thread from a published view (it may read a time index), applied by the
/// log's owner, which checks it against the log as it is then. Immutable.
/// </summary>
public sealed class RetentionPlan
{
    private RetentionPlan(long endOffset, long lastBaseOffset, bool includesActive)
    {
        EndOffset = endOffset;
        LastBaseOffset = lastBaseOffset;
        IncludesActive = includesActive;
    }

    /// <summary>The first offset that stays.</summary>
    public long EndOffset { get; }

    /// <summary>Base offset of the last segment that goes.</summary>
    internal long LastBaseOffset { get; }

    /// <summary>True when the active segment is too old as well: it is rolled first.</summary>
    internal bool IncludesActive { get; }

    /// <summary>
    /// Judges the segments of a view by log start, time and size; null when all stay. Nothing above the high watermark goes, and time and
    /// size count only where the policy deletes.
    /// </summary>
    public static RetentionPlan? Make(LogView view, LogConfig config, long nowMs)
    {
        var deletes = config.Cleanup.HasFlag(CleanupPolicy.Delete);
        var excessBytes = deletes && config.RetentionBytes >= 0 ? view.SizeBytes - config.RetentionBytes : 0;
        var count = 0;
        for (; count < view.Segments.Length; count++)
        {
            var segment = view.Segments[count];
            var isActive = count == view.Segments.Length - 1;
            var size = view.EndOf(count);
            var next = view.NextOffsetOf(count);
            if (next > view.HighWatermark || (isActive && size == 0))
            {
                break;
            }

            var isBelowStart = !isActive && next <= view.LogStartOffset;
            var isOld = deletes && config.RetentionMs >= 0 && nowMs - segment.RetentionTimestampMs > config.RetentionMs;
            var isExcess = !isActive && excessBytes > 0 && excessBytes >= size;
            if (!isBelowStart && !isOld && !isExcess)
            {
                break;
            }

            excessBytes -= size;
        }

        return count == 0
            ? null
            : new RetentionPlan(view.NextOffsetOf(count - 1), view.Segments[count - 1].BaseOffset, count == view.Segments.Length);
    }

    /// <summary>How many of a log's oldest segments the plan still names; never the active one.</summary>
    internal int CountIn(Segment[] segments, long highWatermark)
    {
        var count = 0;
        while (count < segments.Length - 1
            && segments[count + 1].BaseOffset <= Math.Min(EndOffset, highWatermark)
            && segments[count].BaseOffset <= LastBaseOffset)
        {
            count++;
        }

        return count;
    }
}
