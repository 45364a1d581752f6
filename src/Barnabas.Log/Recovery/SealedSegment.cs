using Barnabas.Log.Batches;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>What a sealed segment shows of itself without being scanned.</summary>
internal static class SealedSegment
{
    /// <summary>
    /// True when its two ends fit: the first batch, and those from the last index entry on, lie between its base and the next one's, and
    /// end where the file ends. False for a file that was cut, extended, or is another's.
    /// </summary>
    internal static bool Fits(Segment segment, long nextBase, LogConfig config)
    {
        Span<byte> buffer = stackalloc byte[4096];
        var scan = new BatchScan(segment.Data, 0, segment.SizeBytes, buffer);
        if (!scan.MoveNext(out var first) || first.BaseOffset < segment.BaseOffset || first.LastOffset >= nextBase)
        {
            return segment.SizeBytes == 0 && (config.Cleanup & CleanupPolicy.Compact) != 0;
        }

        var (relative, position) = segment.ReadLastIndexEntry();
        scan = new BatchScan(segment.Data, position, segment.SizeBytes, buffer);
        var next = position == 0 ? segment.BaseOffset : segment.BaseOffset + relative;
        while (scan.MoveNext(out var frame))
        {
            var isIndexed = position > 0 && scan.Position == position;
            if (isIndexed ? frame.LastOffset != next : frame.BaseOffset < next)
            {
                return false;
            }

            next = frame.LastOffset + 1;
        }

        return !scan.IsBroken && position < segment.SizeBytes && next <= nextBase;
    }
}
