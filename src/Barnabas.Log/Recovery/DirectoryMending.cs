using Barnabas.Base.Seams;
using Barnabas.Log.Batches;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>
/// Finishes or undoes what a crash left half done in a partition directory: deletions, cleanings and swaps, temporary files, indexes
/// without data. Stateless; may be run again after a crash in its middle.
/// </summary>
internal static class DirectoryMending
{
    internal static void Run(IDisk disk, string directory)
    {
        var listing = disk.List(directory);
        var firstCleaned = long.MaxValue;
        foreach (var entry in listing)
        {
            var name = entry.Name;
            if (TryParse(name, SegmentNames.Cleaned, out var cleaned))
            {
                firstCleaned = Math.Min(firstCleaned, cleaned);
            }

            if (!entry.IsDirectory && (name.EndsWith(SegmentNames.Deleted, StringComparison.Ordinal)
                || name.EndsWith(SegmentNames.Cleaned, StringComparison.Ordinal)
                || name.EndsWith(".tmp", StringComparison.Ordinal)))
            {
                disk.Delete(Path.Join(directory, name));
            }
        }

        // Data first: it takes the old indexes of its offset away, and must not take the new ones.
        foreach (var suffix in SegmentNames.SegmentSuffixes)
        {
            foreach (var entry in listing)
            {
                if (SegmentNames.TryParse(entry.Name, suffix + SegmentNames.Swap, out var offset))
                {
                    Swap(disk, directory, entry.Name, offset, offset >= firstCleaned);
                }
            }
        }

        DeleteOrphans(disk, directory);
    }

    /// <summary>
    /// A swap whose cleaning is not complete is dropped: the segments it was made from are still there. Else the segments that it
    /// replaces go, and it takes its place.
    /// </summary>
    private static void Swap(IDisk disk, string directory, string name, long offset, bool isIncomplete)
    {
        var path = Path.Join(directory, name);
        if (isIncomplete)
        {
            disk.Delete(path);
            return;
        }

        var target = path[..^SegmentNames.Swap.Length];
        if (target.EndsWith(SegmentNames.Data, StringComparison.Ordinal))
        {
            DeleteReplaced(disk, directory, path, offset);
        }

        disk.Rename(path, target);
    }

    private static void DeleteReplaced(IDisk disk, string directory, string swapPath, long offset)
    {
        using var data = disk.Open(swapPath, FileOpen.Read);
        var length = (int)Math.Min(int.MaxValue, data.Length);
        Span<byte> buffer = stackalloc byte[4096];
        var scan = new BatchScan(data, 0, length, buffer);
        var last = offset;
        while (scan.MoveNext(out var frame))
        {
            last = frame.LastOffset;
        }

        foreach (var entry in disk.List(directory))
        {
            // Also indexes whose data was taken away before the crash: they would be taken for those of the new segment.
            if (TryParse(entry.Name, "", out var at) && at >= offset && at <= last)
            {
                disk.Delete(Path.Join(directory, entry.Name));
            }
        }
    }

    private static void DeleteOrphans(IDisk disk, string directory)
    {
        var names = disk.List(directory).Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var name in names)
        {
            foreach (var suffix in SegmentNames.SegmentSuffixes[1..])
            {
                if (SegmentNames.TryParse(name, suffix, out _)
                    && !names.Contains(Path.GetFileNameWithoutExtension(name) + SegmentNames.Data))
                {
                    disk.Delete(Path.Join(directory, name));
                }
            }
        }
    }

    /// <summary>Reads names such as <c>00000000000000000042.index.swap</c>.</summary>
    private static bool TryParse(string name, string suffix, out long offset)
    {
        foreach (var inner in SegmentNames.SegmentSuffixes)
        {
            if (SegmentNames.TryParse(name, inner + suffix, out offset))
            {
                return true;
            }
        }

        offset = 0;
        return false;
    }
}
