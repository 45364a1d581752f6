using Barnabas.Base.Seams;
using Barnabas.Log.Batches;
using Barnabas.Log.Epochs;
using Barnabas.Log.Indexes;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>
/// Ends the exchange of segments that a crash has interrupted, or undoes it where the <c>.swap</c> file is not what a cleaning wrote.
/// Stateless; may be run again after a crash in its middle.
/// </summary>
internal static class SwapMending
{
    /// <summary>Deals with every swap of a directory, before its <c>.deleted</c> files are removed.</summary>
    /// <param name="disk">Where it lies.</param>
    /// <param name="directory">Of the partition.</param>
    /// <param name="listing">What was in it at first.</param>
    /// <param name="firstCleaned">The lowest offset of a cleaning that was not complete: swaps from there on are dropped.</param>
    /// <returns>Names of the data files that were spoiled, and so were left out.</returns>
    internal static List<string> Finish(IDisk disk, string directory, IReadOnlyList<DiskEntry> listing, long firstCleaned)
    {
        var spoiled = new List<string>();

        // Data first: it takes the old indexes of its offset away, and must not take the new ones.
        foreach (var suffix in SegmentNames.SegmentSuffixes)
        {
            foreach (var entry in listing)
            {
                var path = Path.Join(directory, entry.Name);
                if (!entry.IsDirectory && SegmentNames.TryParse(entry.Name, suffix + SegmentNames.Swap, out var offset)
                    && disk.FileExists(path) && Finish(disk, path, offset, offset >= firstCleaned) == SwapState.Spoiled)
                {
                    spoiled.Add(entry.Name);
                }
            }
        }

        return spoiled;
    }

    private static SwapState Finish(IDisk disk, string path, long offset, bool isIncomplete)
    {
        var target = path[..^SegmentNames.Swap.Length];
        var isData = target.EndsWith(SegmentNames.Data, StringComparison.Ordinal);

        // What a dropped swap was made from is still there, and so is the index of data that no swap has replaced.
        if (isIncomplete || (!isData && disk.FileExists(target)))
        {
            disk.Delete(path);
            return SwapState.Whole;
        }

        if (isData)
        {
            var state = Look(disk, path, offset, out var last);
            if (state != SwapState.Whole)
            {
                Undo(disk, path, offset);
                return state;
            }

            DeleteReplaced(disk, Path.GetDirectoryName(path)!, offset, last);
        }

        disk.Rename(path, target);
        return SwapState.Whole;
    }

    /// <summary>Every byte has to be part of a good batch: what it replaces cannot be had back.</summary>
    private static SwapState Look(IDisk disk, string path, long offset, out long last)
    {
        last = offset;
        using var data = disk.Open(path, FileOpen.Read);
        if (data.Length == 0)
        {
            return SwapState.Empty;
        }

        if (data.Length > int.MaxValue)
        {
            return SwapState.Spoiled;
        }

        var probe = new Segment(disk, Path.GetDirectoryName(path)!, offset, new SegmentLease(data), new SegmentIndexes());
        var scan = new SegmentScan(probe, data, data.Length, LogConfig.Default, long.MaxValue);
        scan.Run(LeaderEpochs.Empty, () => false);
        last = scan.NextOffset - 1;
        return probe.Damages is { Length: > 0 } || scan.GoodBytes < data.Length ? SwapState.Spoiled : SwapState.Whole;
    }

    private static void DeleteReplaced(IDisk disk, string directory, long offset, long last)
    {
        foreach (var entry in disk.List(directory))
        {
            // Also indexes whose data was taken away before the crash: they would be taken for those of the new segment.
            if (SegmentNames.TryParseAny(entry.Name, "", out var at) && at >= offset && at <= last)
            {
                disk.Delete(Path.Join(directory, entry.Name));
            }
        }
    }

    /// <summary>Leaves the old segments as they were. The swap's data goes last: as long as it is there, this is done again.</summary>
    private static void Undo(IDisk disk, string path, long offset)
    {
        var directory = Path.GetDirectoryName(path)!;
        foreach (var suffix in SegmentNames.SegmentSuffixes[1..])
        {
            disk.Delete(SegmentNames.PathOf(directory, offset, suffix) + SegmentNames.Swap);
        }

        TakeBack(disk, directory, offset);
        DeleteIncompleteIndexes(disk, directory, offset);
        disk.SyncDirectory(directory);
        disk.Delete(path);
    }

    /// <summary>Where one index of a segment was taken away the others go too, and it is scanned: some would look like all.</summary>
    private static void DeleteIncompleteIndexes(IDisk disk, string directory, long from)
    {
        foreach (var entry in disk.List(directory))
        {
            if (SegmentNames.TryParseAny(entry.Name, SegmentNames.Deleted, out var at) && at >= from)
            {
                foreach (var suffix in SegmentNames.SegmentSuffixes[1..])
                {
                    disk.Delete(SegmentNames.PathOf(directory, at, suffix));
                }
            }
        }
    }

    /// <summary>
    /// Old segments that the exchange had named <c>.deleted</c> get their names back. It has removed those of earlier exchanges; Kafka does
    /// not, and where another segment holds their offsets they stay away.
    /// </summary>
    private static void TakeBack(IDisk disk, string directory, long from)
    {
        var there = new SortedSet<long>();
        var away = new SortedSet<long>();
        foreach (var entry in disk.List(directory))
        {
            if (SegmentNames.TryParse(entry.Name, SegmentNames.Data, out var at))
            {
                there.Add(at);
            }
            else if (SegmentNames.TryParse(entry.Name, SegmentNames.Data + SegmentNames.Deleted, out at) && at >= from)
            {
                away.Add(at);
            }
        }

        // The active segment is never exchanged, so that what was lies below it.
        foreach (var at in away.Where(at => at < there.Max))
        {
            var before = there.GetViewBetween(from, at);
            if (before.Count == 0 || LastOffset(disk, SegmentNames.PathOf(directory, before.Max, SegmentNames.Data)) < at)
            {
                var path = SegmentNames.PathOf(directory, at, SegmentNames.Data);
                disk.Rename(path + SegmentNames.Deleted, path);
                there.Add(at);
            }
        }
    }

    private static long LastOffset(IDisk disk, string path)
    {
        using var data = disk.Open(path, FileOpen.Read);
        Span<byte> buffer = stackalloc byte[4096];
        var scan = new BatchScan(data, 0, (int)Math.Min(int.MaxValue, data.Length), buffer);
        var last = -1L;
        while (scan.MoveNext(out var frame))
        {
            last = frame.LastOffset;
        }

        return last;
    }

    private enum SwapState
    {
        Whole,
        Empty,
        Spoiled,
    }
}
