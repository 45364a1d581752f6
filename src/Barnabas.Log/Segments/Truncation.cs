using Barnabas.Base.Seams;
using Barnabas.Log.Batches;

namespace Barnabas.Log.Segments;

/// <summary>Cuts the files of a log and makes new ones. Stateless; blocks; only for the log's owner, or for who recovers it.</summary>
internal static class Truncation
{
    internal readonly record struct Result(Segment[] Segments, long LogEndOffset);

    /// <summary>
    /// Cuts before the batch that holds <paramref name="offset"/>, and deletes the segments behind it, the last first, so that a crash
    /// leaves a log without a hole. The files of what is deleted stay open, for the caller to release.
    /// </summary>
    internal static Result Cut(IDisk disk, Segment[] segments, long offset)
    {
        var keep = segments.Length - 1;
        while (keep > 0 && segments[keep].BaseOffset > offset)
        {
            keep--;
        }

        for (var i = segments.Length - 1; i > keep; i--)
        {
            FaultPoint.Here("truncate.before-delete");
            Delete(disk, segments[i]);
        }

        var cut = segments[keep];
        cut.LoadIndexes(); // before their files go
        var position = cut.PositionOf(offset, cut.SizeBytes, mayRead: true);
        var (logEnd, maxTimestamp, offsetOfMax) = Measure(cut, position, offset);
        var active = cut.CutAt(position, logEnd, maxTimestamp, offsetOfMax); // reads what it needs of the indexes while they are there
        FaultPoint.Here("truncate.before-indexes");
        foreach (var suffix in SegmentNames.SegmentSuffixes[1..])
        {
            disk.Delete(cut.PathOf(suffix));
        }

        FaultPoint.Here("truncate.before-snapshots");
        DeleteSnapshotsAbove(disk, cut.Directory, logEnd);

        // Durable before the data shrinks: a later segment that came back would leave a hole, and indexes or snapshots that came back below
        // a recovery point of before the cut would be trusted.
        FaultPoint.Here("truncate.before-directory-sync");
        disk.SyncDirectory(cut.Directory);
        FaultPoint.Here("truncate.before-cut");
        cut.Data.Truncate(position);
        FaultPoint.Here("truncate.before-sync");
        cut.Data.Sync();
        return new Result([.. segments[..keep], active], logEnd);
    }

    /// <summary>
    /// Puts an empty segment in the place of all others. Wherever a crash comes, the next start finds the old log, as far as it lies below
    /// the new base, or the new segment: never an empty log that begins at 0, which would give offsets out a second time. The deleted files
    /// stay open, for the caller to release.
    /// </summary>
    internal static Segment StartOver(
        IDisk disk, string directory, (Segment[] Segments, long LogEnd) old, long baseOffset, long nowMs)
    {
        DeleteSnapshotsAbove(disk, directory, -1); // of the old log: they say nothing of what comes at the new base
        var segments = old.LogEnd > baseOffset ? Cut(disk, old.Segments, baseOffset).Segments : old.Segments;
        FaultPoint.Here("start-over.before-create");
        var fresh = CreateSegment(disk, directory, baseOffset, nowMs);
        if (segments.Length == 0)
        {
            return fresh;
        }

        FaultPoint.Here("start-over.before-create-is-durable");
        disk.SyncDirectory(directory);

        // The oldest first, as retention does it: what a crash leaves has no hole. Gone for good before anything comes at the new base, or
        // a power cut could put an old log and its producers before that.
        foreach (var segment in segments.Where(segment => segment.BaseOffset != baseOffset))
        {
            FaultPoint.Here("start-over.before-delete");
            Delete(disk, segment);
        }

        FaultPoint.Here("start-over.before-delete-is-durable");
        disk.SyncDirectory(directory);
        return fresh;
    }

    /// <summary>An empty segment with its data file.</summary>
    internal static Segment CreateSegment(IDisk disk, string directory, long baseOffset, long nowMs)
    {
        var data = disk.Open(SegmentNames.PathOf(directory, baseOffset, SegmentNames.Data), FileOpen.CreateOrTruncate);
        return new Segment(disk, directory, baseOffset, new SegmentLease(data), new SegmentIndexes()) { ModifiedMs = nowMs };
    }

    internal static void DeleteSnapshotsAbove(IDisk disk, string directory, long offset)
    {
        foreach (var entry in disk.List(directory))
        {
            if (SegmentNames.TryParse(entry.Name, SegmentNames.ProducerSnapshot, out var at) && at > offset)
            {
                disk.Delete(Path.Join(directory, entry.Name));
            }
        }
    }

    private static void Delete(IDisk disk, Segment segment)
    {
        foreach (var suffix in SegmentNames.SegmentSuffixes)
        {
            disk.Delete(segment.PathOf(suffix));
        }
    }

    /// <summary>Log end and largest timestamp of what stays, from the last index entry before the cut on.</summary>
    private static (long LogEnd, long MaxTimestamp, long OffsetOfMax) Measure(Segment segment, int position, long offset)
    {
        var kept = segment.Offsets.CutAt(position).Last();
        var times = segment.Times.CutAfter(Math.Max(0, kept.RelativeOffset)).Last();
        var (maxTimestamp, offsetOfMax) = (times.TimestampMs, segment.BaseOffset + times.RelativeOffset);
        Span<byte> buffer = stackalloc byte[4096];
        var scan = segment.Scan(kept.Position, segment.SizeBytes, buffer);
        while (scan.MoveNext(out var frame))
        {
            if (scan.Position >= position)
            {
                return (Math.Min(offset, frame.BaseOffset), maxTimestamp, offsetOfMax);
            }

            if (frame.MaxTimestamp > maxTimestamp)
            {
                (maxTimestamp, offsetOfMax) = (frame.MaxTimestamp, frame.LastOffset);
            }
        }

        return (offset, maxTimestamp, offsetOfMax);
    }
}
