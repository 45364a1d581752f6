using System.Globalization;

namespace Barnabas.Cluster.Raft;

/// <summary>Names a snapshot: the offset after the last record it covers, and that record's epoch.</summary>
public readonly record struct SnapshotId(long EndOffset, int Epoch)
{
    internal const string Suffix = ".checkpoint";

    /// <summary>Where a snapshot that format wrote begins: before the first record.</summary>
    public static readonly SnapshotId Bootstrap = new(0, 0);

    /// <summary>The file's name: 20 digits of offset, 10 of epoch.</summary>
    public string FileName =>
        string.Create(CultureInfo.InvariantCulture, $"{EndOffset:D20}-{Epoch:D10}{Suffix}");

    /// <summary>Reads a file's name; false when it is not that of a finished snapshot.</summary>
    public static bool TryParse(string name, out SnapshotId id)
    {
        id = default;
        if (name.Length != 31 + Suffix.Length || name[20] != '-' || !name.EndsWith(Suffix, StringComparison.Ordinal)
            || !long.TryParse(name.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            || !int.TryParse(name.AsSpan(21, 10), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch))
        {
            return false;
        }

        id = new SnapshotId(offset, epoch);
        return true;
    }
}
