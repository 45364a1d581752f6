using Barnabas.Log.Indexes;

namespace Barnabas.Log.Segments;

/// <summary>What appending to a segment has to know of what is in it already: made by a scan, handed over once.</summary>
internal sealed class SegmentIndexes
{
    internal OffsetIndex Offsets { get; init; } = new();

    internal TimeIndex Times { get; init; } = new();

    /// <summary>Null to read the file when it is first asked for.</summary>
    internal TransactionIndex? Transactions { get; init; } = new();

    internal int SizeBytes { get; init; }

    internal long MaxTimestampMs { get; init; } = -1;

    internal long OffsetOfMaxTimestamp { get; init; }

    internal long FirstTimestampMs { get; init; } = -1;

    /// <summary>Bytes appended since the last entry of the offset index.</summary>
    internal int BytesSinceEntry { get; init; }
}
