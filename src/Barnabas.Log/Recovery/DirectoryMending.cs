using Barnabas.Base.Seams;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>
/// Finishes or undoes what a crash left half done in a partition directory: deletions, cleanings and swaps, temporary files, indexes
/// without data. Stateless; may be run again after a crash in its middle.
/// </summary>
internal static class DirectoryMending
{
    private const string Temporary = ".tmp";

    /// <summary>Mends it, and returns the names of <c>.swap</c> files that were spoiled and so left out.</summary>
    internal static List<string> Run(IDisk disk, string directory)
    {
        var listing = disk.List(directory);
        var firstCleaned = long.MaxValue;
        foreach (var entry in listing)
        {
            if (SegmentNames.TryParseAny(entry.Name, SegmentNames.Cleaned, out var cleaned))
            {
                firstCleaned = Math.Min(firstCleaned, cleaned);
            }
        }

        DeleteAll(disk, directory, listing, name => name.EndsWith(SegmentNames.Cleaned, StringComparison.Ordinal) || IsTemporary(name));
        var spoiled = SwapMending.Finish(disk, directory, listing, firstCleaned);
        DeleteAll(disk, directory, disk.List(directory), name => name.EndsWith(SegmentNames.Deleted, StringComparison.Ordinal));
        DeleteOrphans(disk, directory);
        return spoiled;
    }

    private static void DeleteAll(IDisk disk, string directory, IReadOnlyList<DiskEntry> listing, Predicate<string> isLeftover)
    {
        foreach (var entry in listing)
        {
            if (!entry.IsDirectory && isLeftover(entry.Name))
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

    /// <summary>True for the temporary files of this program and of Kafka; others are nobody's business.</summary>
    private static bool IsTemporary(string name) =>
        name is SegmentNames.LeaderEpochs + Temporary or SegmentNames.PartitionMetadata + Temporary
        || SegmentNames.TryParseAny(name, Temporary, out _)
        || SegmentNames.TryParseAny(name, SegmentNames.Cleaned + Temporary, out _)
        || SegmentNames.TryParse(name, SegmentNames.ProducerSnapshot + Temporary, out _);
}
