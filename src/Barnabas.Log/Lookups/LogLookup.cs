using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Log.Batches;
using Barnabas.Log.Segments;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Log.Lookups;

/// <summary>A record's place and time, and the leader epoch that wrote it; -1 where there is none.</summary>
public readonly record struct TimestampedOffset(long Offset, long TimestampMs, int LeaderEpoch);

/// <summary>
/// Questions about a published view that may have to read and open batches: for background threads. Stateless; a failing disk is an
/// <see cref="IOException"/>.
/// </summary>
public static class LogLookup
{
    private const int RecordsBytesMax = 1 << 28;

    /// <summary>The first offset of the log; its epoch where the history reaches that far.</summary>
    public static TimestampedOffset Earliest(LogView view) =>
        new(view.LogStartOffset, -1, view.Epochs.EpochOf(view.LogStartOffset));

    /// <summary>The offset behind the last one that a reader may see.</summary>
    public static TimestampedOffset Latest(LogView view, ReadLimit limit) => new(view.OffsetOf(limit), -1, view.Epochs.Latest);

    /// <summary>The first record with this timestamp or a later one; null when there is none.</summary>
    public static TimestampedOffset? ByTimestamp(LogView view, long timestampMs)
    {
        for (var index = view.SegmentIndexOf(view.LogStartOffset); index < view.Segments.Length; index++)
        {
            var segment = view.Segments[index];
            if (segment.MaxTimestampMs < timestampMs && segment.Times.Count > 0)
            {
                continue;
            }

            var from = segment.BaseOffset + segment.Times.Floor(timestampMs).RelativeOffset;
            if (InSegment(view, index, from, frame => frame.MaxTimestamp >= timestampMs, timestampMs) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>The first record that has the largest timestamp of the log; null when no record has one.</summary>
    public static TimestampedOffset? MaxTimestamp(LogView view)
    {
        var best = -1;
        for (var index = 0; index < view.Segments.Length; index++)
        {
            if (view.Segments[index].MaxTimestampMs > (best < 0 ? -1 : view.Segments[best].MaxTimestampMs))
            {
                best = index;
            }
        }

        if (best < 0)
        {
            return null;
        }

        var max = view.Segments[best].MaxTimestampMs;
        var from = view.Segments[best].BaseOffset + view.Segments[best].Times.Floor(max).RelativeOffset;
        return InSegment(view, best, from, frame => frame.MaxTimestamp == max, max, lastOfAppendTime: true);
    }

    private static TimestampedOffset? InSegment(
        LogView view, int index, long fromOffset, Func<StoredBatch, bool> mayHold, long timestampMs, bool lastOfAppendTime = false)
    {
        var segment = view.Segments[index];
        if (!segment.Lease.TryRetain())
        {
            return null; // Deleted since the view was published: the log starts behind it.
        }

        try
        {
            return Walk(view, index, fromOffset, mayHold, timestampMs, lastOfAppendTime);
        }
        finally
        {
            segment.Lease.Release();
        }
    }

    private static TimestampedOffset? Walk(
        LogView view, int index, long fromOffset, Func<StoredBatch, bool> mayHold, long timestampMs, bool lastOfAppendTime)
    {
        var segment = view.Segments[index];
        var end = view.EndOf(index);
        Span<byte> buffer = stackalloc byte[4096];
        var scan = new BatchScan(segment.Data, segment.PositionOf(fromOffset, end, mayRead: true), end, buffer);
        while (scan.MoveNext(out var frame))
        {
            if (frame.LastOffset >= view.LogStartOffset && mayHold(frame)
                && InBatch(view, segment, scan.Position, frame, timestampMs, lastOfAppendTime) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static TimestampedOffset? InBatch(
        LogView view, Segment segment, int position, in StoredBatch batch, long timestampMs, bool lastOfAppendTime)
    {
        if (batch.Magic != RecordBatchHeader.MagicV2)
        {
            return new TimestampedOffset(batch.LastOffset, batch.MaxTimestamp, -1);
        }

        var isAppendTime = batch.Header.TimestampType == TimestampType.LogAppendTime;
        if (isAppendTime && (lastOfAppendTime || batch.BaseOffset >= view.LogStartOffset))
        {
            return new TimestampedOffset(lastOfAppendTime ? batch.LastOffset : batch.BaseOffset, batch.MaxTimestamp, batch.LeaderEpoch);
        }

        var bytes = new byte[batch.SizeBytes];
        segment.Data.Read(bytes, position);
        try
        {
            return FirstRecord(view, batch, bytes.AsSpan(RecordBatchHeader.HeaderBytes), timestampMs);
        }
        catch (MalformedException)
        {
            return null; // A client wrote a bad body under a good header: no record of it can be the answer.
        }
    }

    private static TimestampedOffset? FirstRecord(LogView view, in StoredBatch batch, ReadOnlySpan<byte> body, long timestampMs)
    {
        using var plain = new ByteWriter();
        var codec = batch.Header.Compression;
        if (codec != CompressionType.None && RecordCompression.Decompress(codec, body, plain, RecordsBytesMax) != ErrorCode.None)
        {
            return null;
        }

        var isAppendTime = batch.Header.TimestampType == TimestampType.LogAppendTime;
        var reader = new RecordReader(codec == CompressionType.None ? body : plain.Written, batch.Header.RecordCount);
        while (reader.TryRead(out var record))
        {
            var offset = batch.BaseOffset + record.OffsetDelta;
            var timestamp = isAppendTime ? batch.MaxTimestamp : batch.Header.BaseTimestamp + record.TimestampDelta;
            if (timestamp >= timestampMs && offset >= view.LogStartOffset)
            {
                return new TimestampedOffset(offset, timestamp, batch.LeaderEpoch);
            }
        }

        return null;
    }
}
