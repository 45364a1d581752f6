using System.Globalization;

namespace Barnabas.Log.Segments;

/// <summary>Kafka's file names inside a partition directory. Stateless.</summary>
internal static class SegmentNames
{
    internal const string Data = ".log", OffsetIndex = ".index", TimeIndex = ".timeindex", TransactionIndex = ".txnindex",
        ProducerSnapshot = ".snapshot", Deleted = ".deleted", Cleaned = ".cleaned", Swap = ".swap";

    internal const string LeaderEpochs = "leader-epoch-checkpoint", PartitionMetadata = "partition.metadata";

    private const int Digits = 20;

    /// <summary>The suffixes of a segment's own files, the data first. The producer snapshot of the same name belongs to the log.</summary>
    internal static readonly string[] SegmentSuffixes = [Data, OffsetIndex, TimeIndex, TransactionIndex];

    /// <summary>A path such as <c>dir/00000000000000000042.log</c>.</summary>
    internal static string PathOf(string directory, long offset, string suffix) =>
        Path.Join(directory, offset.ToString("D20", CultureInfo.InvariantCulture) + suffix);

    /// <summary>Reads a name of 20 digits and exactly this suffix.</summary>
    internal static bool TryParse(string name, string suffix, out long offset)
    {
        offset = 0;
        return name.Length == Digits + suffix.Length
            && name.EndsWith(suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out offset);
    }

    /// <summary>Reads a name of any of a segment's own files with this suffix behind it: <c>00000000000000000042.index.swap</c>.</summary>
    internal static bool TryParseAny(string name, string suffix, out long offset)
    {
        foreach (var inner in SegmentSuffixes)
        {
            if (TryParse(name, inner + suffix, out offset))
            {
                return true;
            }
        }

        offset = 0;
        return false;
    }
}
