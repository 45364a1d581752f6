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
    private LogSlice(ErrorCode error, FileSlice bytes, long endOffset, bool isStale)
    {
        ErrorCode = error;
        Bytes = bytes;
        EndOffset = endOffset;
        IsStale = isStale;
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

    internal static LogSlice Empty(long offset) => new(ErrorCode.None, default, offset, false);

    internal static LogSlice Failed(ErrorCode error) => new(error, default, -1, false);

    /// <summary>For a view whose segment is closed.</summary>
    internal static LogSlice Stale => new(ErrorCode.OffsetOutOfRange, default, -1, true);

    /// <summary>Takes a hold on the segment over.</summary>
    internal static LogSlice Of(Segment segment, int start, int end, long endOffset) =>
        new(ErrorCode.None, new FileSlice(segment.Lease, start, end - start), endOffset, false);
}
