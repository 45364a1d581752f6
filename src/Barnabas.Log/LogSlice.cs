using Barnabas.Base;
using Barnabas.Log.Segments;

namespace Barnabas.Log;

/// <summary>How far a reader may see.</summary>
public enum ReadLimit
{
    /// <summary>All that is in the log: for followers.</summary>
    LogEnd,

    /// <summary>What is replicated: for consumers that read uncommitted.</summary>
    HighWatermark,

    /// <summary>What no open transaction can still take back: for consumers that read committed.</summary>
    LastStable,
}

/// <summary>
/// The answer to a read. With <see cref="ErrorCode.None"/> the bytes are whole batches from one segment (the first may begin before the
/// asked offset); there may be none, when there is nothing new below the limit or the first batch is larger than allowed.
/// </summary>
public readonly struct LogSlice
{
    private LogSlice(ErrorCode error, FileSlice bytes, long endOffset, bool isStale, int segmentIndex = -1, int reach = 0)
    {
        ErrorCode = error;
        Bytes = bytes;
        EndOffset = endOffset;
        IsStale = isStale;
        SegmentIndex = segmentIndex;
        Reach = reach;
    }

    /// <summary>
    /// None, OFFSET_OUT_OF_RANGE, CORRUPT_MESSAGE where the asked offset lies in rotten bytes, KAFKA_STORAGE_ERROR for a closed log.
    /// </summary>
    public ErrorCode ErrorCode { get; }

    /// <summary>The bytes; the caller releases them.</summary>
    public FileSlice Bytes { get; }

    /// <summary>The offset after the last one in the bytes where that is known without reading, else -1.</summary>
    public long EndOffset { get; }

    /// <summary>True when the view is so old that its segment was closed: read the log's view again.</summary>
    public bool IsStale { get; }

    /// <summary>True when there are bytes below the limit, but fewer were allowed than the first batch has.</summary>
    public bool IsTooSmall => SegmentIndex >= 0 && Bytes.IsEmpty && ErrorCode == ErrorCode.None;

    /// <summary>Place of the segment in its view; -1 when nothing was found there.</summary>
    internal int SegmentIndex { get; }

    /// <summary>Position in the segment behind all that the limits allowed, wherever in a batch that is.</summary>
    internal int Reach { get; }

    internal static LogSlice Empty(long offset) => new(ErrorCode.None, default, offset, false);

    internal static LogSlice Failed(ErrorCode error) => new(error, default, -1, false);

    /// <summary>For a view whose segment is closed.</summary>
    internal static LogSlice Stale => new(ErrorCode.OffsetOutOfRange, default, -1, true);

    /// <summary>For a first batch that is larger than allowed.</summary>
    internal static LogSlice TooSmall(int segmentIndex) => new(ErrorCode.None, default, -1, false, segmentIndex);

    /// <summary>Takes a hold on the segment over.</summary>
    internal static LogSlice Of(FileSlice bytes, long endOffset, int segmentIndex, int reach) =>
        new(ErrorCode.None, bytes, endOffset, false, segmentIndex, reach);
}
