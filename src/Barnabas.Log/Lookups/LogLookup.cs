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
    private const int ScanBytes = 4096;

    /// <summary>The first offset of the log; its epoch where the history reaches that far.</summary>
    public static TimestampedOffset Earliest(LogView view) =>
        new(view.LogStartOffset, -1, view.Epochs.EpochOf(view.LogStartOffset));

    /// <summary>The offset behind the last one that a reader may see.</summary>
    public static TimestampedOffset Latest(LogView view, ReadLimit limit) => new(view.OffsetOf(limit), -1, view.Epochs.Latest);

    /// <summary>
    /// The first record, from the log's start on, with this timestamp or a later one; null when there is none. As in Kafka it is looked
    /// for in one segment only, the first that has so late a timestamp anywhere, even in what lies below the log's start.
    /// </summary>
    public static TimestampedOffset? ByTimestamp(LogView view, long timestampMs)
    {
        for (var index = 0; index < view.Segments.Length; index++)
        {
            if (view.Segments[index].RetentionTimestampMs >= timestampMs)
            {
                return InSegment(view, index, new Sought(timestampMs, view.LogStartOffset, IsExact: false));
            }
        }

        return null;
    }

    /// <summary>
    /// The first record that has the largest timestamp of all that lie in the files, even below the log's start, as Kafka has it; null for
    /// an empty log.
    /// </summary>
    public static TimestampedOffset? MaxTimestamp(LogView view)
    {
        var best = 0;
        for (var index = 1; index < view.Segments.Length; index++)
        {
            if (view.Segments[index].MaxTimestampMs > view.Segments[best].MaxTimestampMs)
            {
                best = index;
            }
        }

        var found = WithMaxTimestamp(view, best, view.Segments[best].MaxTimestampMs);
        return found is null && best == view.Segments.Length - 1 ? MaxTimestampAsShown(view) : found;
    }

    // The active segment holds later records than the view shows: only its batches tell what the view's largest timestamp is.
    private static TimestampedOffset? MaxTimestampAsShown(LogView view)
    {
        var active = view.Segments.Length - 1;
        var (best, max) = (active, MaxTimestampOfBatches(view.Segments[active], view.EndOf(active)));
        for (var index = 0; index < active; index++)
        {
            if (view.Segments[index].MaxTimestampMs >= max)
            {
                (best, max) = (index, view.Segments[index].MaxTimestampMs);
            }
        }

        return WithMaxTimestamp(view, best, max);
    }

    private static long MaxTimestampOfBatches(Segment segment, int end)
    {
        var max = long.MinValue;
        if (!segment.Lease.TryRetain())
        {
            return max;
        }

        try
        {
            Span<byte> buffer = stackalloc byte[ScanBytes];
            var scan = segment.Scan(0, end, buffer);
            while (scan.MoveNext(out var batch))
            {
                max = Math.Max(max, batch.MaxTimestamp);
            }
        }
        finally
        {
            segment.Lease.Release();
        }

        return max;
    }

    private static TimestampedOffset? WithMaxTimestamp(LogView view, int index, long maxTimestampMs) =>
        InSegment(view, index, new Sought(maxTimestampMs, FromOffset: 0, IsExact: true));

    private static TimestampedOffset? InSegment(LogView view, int index, in Sought sought)
    {
        var segment = view.Segments[index];
        if (!segment.Lease.TryRetain())
        {
            return null; // Deleted since the view was published: the log starts behind it.
        }

        try
        {
            return Walk(view, index, sought);
        }
        finally
        {
            segment.Lease.Release();
        }
    }

    private static TimestampedOffset? Walk(LogView view, int index, in Sought sought)
    {
        var segment = view.Segments[index];
        var end = view.EndOf(index);
        var from = segment.BaseOffset + segment.Times.Floor(sought.TimestampMs).RelativeOffset;
        Span<byte> buffer = stackalloc byte[ScanBytes];
        var scan = segment.Scan(segment.PositionOf(from, end, mayRead: true), end, buffer);
        while (scan.MoveNext(out var batch))
        {
            if (sought.MayLieIn(batch) && InBatch(segment, scan.Position, batch, sought) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static TimestampedOffset? InBatch(Segment segment, int position, in StoredBatch batch, in Sought sought)
    {
        if (batch.Magic != RecordBatchHeader.MagicV2)
        {
            return new TimestampedOffset(batch.LastOffset, batch.MaxTimestamp, -1);
        }

        if (batch.Header.TimestampType == TimestampType.LogAppendTime && batch.BaseOffset >= sought.FromOffset)
        {
            return new TimestampedOffset(batch.BaseOffset, batch.MaxTimestamp, batch.LeaderEpoch);
        }

        var bytes = new byte[batch.SizeBytes];
        segment.Data.Read(bytes, position);
        try
        {
            return FirstRecord(batch, bytes.AsSpan(RecordBatchHeader.HeaderBytes), sought);
        }
        catch (MalformedException)
        {
            return null; // A client wrote a bad body under a good header: no record of it can be the answer.
        }
    }

    private static TimestampedOffset? FirstRecord(in StoredBatch batch, ReadOnlySpan<byte> body, in Sought sought)
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
            if (timestamp >= sought.TimestampMs && offset >= sought.FromOffset)
            {
                return new TimestampedOffset(offset, timestamp, batch.LeaderEpoch);
            }
        }

        return null;
    }

    /// <summary>The first record at or behind an offset with this timestamp, or also with a later one.</summary>
    private readonly record struct Sought(long TimestampMs, long FromOffset, bool IsExact)
    {
        public bool MayLieIn(in StoredBatch batch) =>
            batch.LastOffset >= FromOffset && (IsExact ? batch.MaxTimestamp == TimestampMs : batch.MaxTimestamp >= TimestampMs);
    }
}
