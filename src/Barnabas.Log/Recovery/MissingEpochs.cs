using Barnabas.Log.Epochs;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>
/// Epochs of the batches before the first that a stored history knows. A history is cut where the log starts, and is stored before that
/// start is: after a power cut in between, records are there again whose epochs nobody knows, and a follower that has others in their place
/// would be told that its log is the same. Stateless; blocks.
/// </summary>
internal static class MissingEpochs
{
    /// <summary>
    /// The history with what the headers of those batches say; the same object where none is missing, or where the first of them is from
    /// before there were epochs. Reads one header where a log has lost its first batches to compaction, and nothing where it is whole.
    /// </summary>
    internal static LeaderEpochs Fill(LeaderEpochs known, ReadOnlySpan<Segment> segments, long logStart)
    {
        var end = known.Entries.Count > 0 ? known.Entries[0].StartOffset : long.MaxValue;
        var found = LeaderEpochs.Empty;
        Span<byte> buffer = stackalloc byte[4096];
        for (var i = 0; i < segments.Length && segments[i].BaseOffset < end && logStart < end; i++)
        {
            if (i + 1 < segments.Length && segments[i + 1].BaseOffset <= logStart)
            {
                continue;
            }

            var segment = segments[i];
            var scan = segment.Scan(segment.PositionOf(logStart, segment.SizeBytes, mayRead: true), segment.SizeBytes, buffer);
            while (scan.MoveNext(out var frame) && frame.BaseOffset < end)
            {
                if (frame.LeaderEpoch < 0)
                {
                    return known;
                }

                found = found.Fitting(frame.LeaderEpoch, Math.Max(frame.BaseOffset, logStart));
            }
        }

        return found.Entries.Count == 0 ? known : known.Entries.Aggregate(found, (all, entry) => all.With(entry.Epoch, entry.StartOffset));
    }
}
