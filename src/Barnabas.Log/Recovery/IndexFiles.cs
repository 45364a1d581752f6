using Barnabas.Base.Seams;
using Barnabas.Log.Indexes;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Recovery;

/// <summary>
/// The index files of a directory as it was found, and whether they can be indexes at all. Used by the one thread that loads the log.
/// </summary>
internal sealed class IndexFiles(IDisk disk, string directory)
{
    private readonly Dictionary<string, DiskEntry> _listing = new(StringComparer.Ordinal);

    /// <summary>Takes note of an entry of the directory.</summary>
    internal void Note(DiskEntry entry) => _listing[entry.Name] = entry;

    /// <summary>When the segment's data file was last written, wall-clock milliseconds.</summary>
    internal long ModifiedMs(long baseOffset) => _listing[NameOf(baseOffset, SegmentNames.Data)].ModifiedMs;

    /// <summary>True when the segment has a transaction index; one without aborted transactions has no file.</summary>
    internal bool HasTransactions(long baseOffset) => _listing.ContainsKey(NameOf(baseOffset, SegmentNames.TransactionIndex));

    /// <summary>
    /// True when the segment's indexes are there and may be what their names say; the others are told to <paramref name="isRebuilt"/>.
    /// A missing transaction index, and a wrong one that might be right, cannot be told from the true one, as in Kafka.
    /// </summary>
    internal bool AreWhole(long baseOffset, long nextBase, Action<string> isRebuilt) =>
        HasWholeEntries(baseOffset, SegmentNames.OffsetIndex, OffsetIndex.EntryBytes, isRebuilt)
        && HasWholeEntries(baseOffset, SegmentNames.TimeIndex, TimeIndex.EntryBytes, isRebuilt)
        && AreTransactionsPlausible(baseOffset, nextBase, isRebuilt);

    private static string NameOf(long baseOffset, string suffix) => Path.GetFileName(SegmentNames.PathOf("", baseOffset, suffix));

    private bool HasWholeEntries(long baseOffset, string suffix, int entryBytes, Action<string> isRebuilt)
    {
        if (_listing.TryGetValue(NameOf(baseOffset, suffix), out var entry) && entry.Length % entryBytes == 0)
        {
            return true;
        }

        isRebuilt(SegmentNames.PathOf(directory, baseOffset, suffix));
        return false;
    }

    private bool AreTransactionsPlausible(long baseOffset, long nextBase, Action<string> isRebuilt)
    {
        var path = SegmentNames.PathOf(directory, baseOffset, SegmentNames.TransactionIndex);
        if (!HasTransactions(baseOffset) || TransactionIndex.FromBytes(SmallFile.Read(disk, path), baseOffset, nextBase) is not null)
        {
            return true;
        }

        isRebuilt(path);
        return false;
    }
}
