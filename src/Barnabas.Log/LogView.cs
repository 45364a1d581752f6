using Barnabas.Base;
using Barnabas.Log.Epochs;
using Barnabas.Log.Indexes;
using Barnabas.Log.Segments;

namespace Barnabas.Log;

/// <summary>
/// One moment of a log, as one object: immutable, published by the log's owner with one volatile write after the bytes it shows, read by
/// any thread. Offsets at or above a view's end may be rewritten by truncation; below it bytes never change.
/// </summary>
public sealed class LogView
{
    // The position of the high watermark or the last stable offset in the active segment; -1 where the file has to tell.
    private readonly int _endPosition, _highWatermarkPosition, _lastStablePosition;

    internal LogView(Segment[] segments, in LogOffsets offsets, LeaderEpochs epochs, in LogPositions positions)
    {
        Segments = segments;
        LogStartOffset = offsets.LogStart;
        LogEndOffset = offsets.LogEnd;
        HighWatermark = offsets.HighWatermark;
        LastStableOffset = offsets.LastStable;
        FirstDirtyOffset = offsets.FirstDirty;
        Epochs = epochs;
        _endPosition = positions.End;
        _highWatermarkPosition = positions.HighWatermark;
        _lastStablePosition = positions.LastStable;
    }

    /// <summary>The last view of a log that was closed.</summary>
    private LogView(LogView open)
        : this(
            open.Segments,
            new LogOffsets(open.LogStartOffset, open.LogEndOffset, open.HighWatermark, open.LastStableOffset, open.FirstDirtyOffset),
            open.Epochs,
            new LogPositions(open._endPosition, open._highWatermarkPosition, open._lastStablePosition)) => IsClosed = true;

    /// <summary>
    /// True for the last view of a log that was closed or abandoned: reads answer KAFKA_STORAGE_ERROR, and there will be no newer view.
    /// </summary>
    public bool IsClosed { get; }

    /// <summary>Segments in order; the last is the active one.</summary>
    internal Segment[] Segments { get; }

    /// <summary>The first offset that there is a file for; records below <see cref="LogStartOffset"/> may still lie in it.</summary>
    public long FirstSegmentOffset => Segments[0].BaseOffset;

    /// <summary>The first offset that may be read.</summary>
    public long LogStartOffset { get; }

    /// <summary>The offset of the next record.</summary>
    public long LogEndOffset { get; }

    /// <summary>The first offset that is not yet replicated to all in-sync replicas; at most the log end.</summary>
    public long HighWatermark { get; }

    /// <summary>The first offset that an open transaction may still decide about; at most the high watermark.</summary>
    public long LastStableOffset { get; }

    /// <summary>Where compaction goes on: no key appears twice below it. -1 when nobody knows; it may lie outside of the log.</summary>
    public long FirstDirtyOffset { get; }

    /// <summary>The history of leader epochs up to the log end.</summary>
    public LeaderEpochs Epochs { get; }

    /// <summary>Bytes of all segments.</summary>
    public long SizeBytes
    {
        get
        {
            var bytes = (long)_endPosition;
            foreach (var segment in Segments.AsSpan(0, Segments.Length - 1))
            {
                bytes += segment.SizeBytes;
            }

            return bytes;
        }
    }

    /// <summary>
    /// True when the leader of an epoch has seen what the leaders before it committed: before that its high watermark may be behind theirs,
    /// or this view is still of an earlier epoch.
    /// </summary>
    public bool KnowsWhatWasCommittedBefore(int leaderEpoch) =>
        Epochs.Latest >= leaderEpoch && (Epochs.Latest < 0 || Epochs.Entries[^1].StartOffset <= HighWatermark);

    /// <summary>The offset that a limit stands for.</summary>
    public long OffsetOf(ReadLimit limit) => limit switch
    {
        ReadLimit.LogEnd => LogEndOffset,
        ReadLimit.HighWatermark => HighWatermark,
        _ => LastStableOffset,
    };

    /// <summary>
    /// The batches from the one that holds <paramref name="fetchOffset"/> on, as many whole ones as fit in <paramref name="bytesMax"/>, cut
    /// where the index knows a boundary (so up to an index interval less may come, without reading). With
    /// <paramref name="minOneBatch"/> the first batch comes whole even if it is larger. May read headers through the page cache, and a
    /// sealed segment's index from disk at first use; allocates only then.
    /// </summary>
    public LogSlice Slice(long fetchOffset, int bytesMax, ReadLimit limit, bool minOneBatch)
    {
        var found = TryFind(fetchOffset, bytesMax, limit, minOneBatch, mayWait: true, out var slice);
        Check.That(found);
        return slice;
    }

    /// <summary>
    /// Like <see cref="Slice"/>, but never waits for the disk: false where an index is not in memory yet, or bytes of the slice are not in
    /// the page cache. What was written last is taken to be there, and not asked for.
    /// </summary>
    public bool TrySlice(long fetchOffset, int bytesMax, ReadLimit limit, bool minOneBatch, out LogSlice slice) =>
        TryFind(fetchOffset, bytesMax, limit, minOneBatch, mayWait: false, out slice);

    /// <summary>
    /// Bytes that a reader at this offset could get below the limit, for fetch waiters: exact at the tail, where readers wait. More than
    /// anyone waits for where only a file could tell how many there are: a reader so far behind goes on with what is there.
    /// </summary>
    public long BytesFrom(long fetchOffset, ReadLimit limit)
    {
        var upper = OffsetOf(limit);
        if (fetchOffset >= upper)
        {
            return 0;
        }

        var active = Segments[^1];
        if (fetchOffset < active.BaseOffset || upper < active.BaseOffset)
        {
            return int.MaxValue;
        }

        var end = LimitPosition(limit);
        var start = active.PositionOf(fetchOffset, _endPosition, mayRead: false);
        return end < 0 || start < 0 ? int.MaxValue : Math.Max(0, end - start);
    }

    /// <summary>
    /// The aborted transactions that a reader of committed records has to know beside a slice that this view gave for
    /// <paramref name="fetchOffset"/>: as in Kafka, all that reach into the offsets from there to where the index knows that the slice is
    /// over. False where an index would have to be read from the disk and <paramref name="mayRead"/> is not set. Allocates only for what it
    /// found.
    /// </summary>
    /// <exception cref="IOException">The disk failed; only with <paramref name="mayRead"/>.</exception>
    public bool TryListAborted(in LogSlice slice, long fetchOffset, bool mayRead, out IReadOnlyList<AbortedTransaction> aborted)
    {
        aborted = [];
        if (slice.SegmentIndex < 0)
        {
            return true;
        }

        if (!mayRead && !Segments[slice.SegmentIndex].IsIndexLoaded)
        {
            return false;
        }

        var known = Segments[slice.SegmentIndex].UpperOffsetOf(slice.Reach);
        return TryFindAborted(slice.SegmentIndex, fetchOffset, known >= 0 ? known : NextOffsetOf(slice.SegmentIndex), mayRead, out aborted);
    }

    /// <summary>
    /// The aborted transactions that reach into the offsets from <paramref name="from"/> to below <paramref name="to"/>. May read indexes.
    /// </summary>
    public IReadOnlyList<AbortedTransaction> AbortedBetween(long from, long to)
    {
        TryFindAborted(SegmentIndexOf(from), from, to, mayRead: true, out var aborted);
        return aborted;
    }

    internal LogView Closed() => new(this);

    /// <summary>
    /// The last stable offset, by the first offset that is undecided. As in Kafka, a transaction that began below the log's start holds
    /// readers back at the batch that the log starts in, even where that begins below. Reads a header then, for the log's owner.
    /// </summary>
    internal static long StableFrom(Segment[] segments, long undecided, long logStart)
    {
        if (undecided >= logStart)
        {
            return undecided;
        }

        var segment = segments[IndexOf(segments, logStart)];
        var position = segment.PositionOf(logStart, segment.SizeBytes, mayRead: true);
        return position < segment.SizeBytes ? segment.BatchOffsetAt(position, segment.SizeBytes) : logStart;
    }

    /// <summary>Index of the segment that holds an offset, or the first one.</summary>
    internal int SegmentIndexOf(long offset) => IndexOf(Segments, offset);

    private static int IndexOf(Segment[] segments, long offset)
    {
        var index = segments.Length - 1;
        if (segments[index].BaseOffset <= offset)
        {
            return index;
        }

        var low = 0;
        while (low < index)
        {
            var middle = (low + index) >>> 1;
            if (segments[middle].BaseOffset <= offset)
            {
                low = middle + 1;
            }
            else
            {
                index = middle;
            }
        }

        return Math.Max(0, low - 1);
    }

    /// <summary>Bytes of a segment that this view shows.</summary>
    internal int EndOf(int index) => index == Segments.Length - 1 ? _endPosition : Segments[index].SizeBytes;

    /// <summary>The first offset behind a segment.</summary>
    internal long NextOffsetOf(int index) => index == Segments.Length - 1 ? LogEndOffset : Segments[index + 1].BaseOffset;

    private bool TryFindAborted(int index, long from, long to, bool mayRead, out IReadOnlyList<AbortedTransaction> aborted)
    {
        List<AbortedTransaction>? found = null;
        aborted = [];
        for (; index < Segments.Length; index++)
        {
            if (!mayRead && !Segments[index].AreTransactionsLoaded)
            {
                return false;
            }

            foreach (ref readonly var entry in Segments[index].Transactions.Entries)
            {
                if (entry.LastOffset >= from && entry.FirstOffset < to)
                {
                    (found ??= []).Add(entry);
                }

                if (entry.LastStableOffset >= to)
                {
                    aborted = found ?? aborted;
                    return true;
                }
            }
        }

        aborted = found ?? aborted;
        return true;
    }

    private bool TryFind(long fetchOffset, int bytesMax, ReadLimit limit, bool minOneBatch, bool mayWait, out LogSlice slice)
    {
        if (fetchOffset < LogStartOffset || fetchOffset > LogEndOffset)
        {
            slice = LogSlice.Failed(ErrorCode.OffsetOutOfRange);
            return true;
        }

        var upper = OffsetOf(limit);
        slice = LogSlice.Empty(fetchOffset);
        if (fetchOffset >= upper)
        {
            return true;
        }

        for (var index = SegmentIndexOf(fetchOffset); index < Segments.Length && Segments[index].BaseOffset < upper; index++)
        {
            // Held while it is read: a closed file's number may already be another file's.
            var lease = Segments[index].Lease;
            if (!lease.TryRetain())
            {
                slice = IsClosed ? LogSlice.Failed(ErrorCode.KafkaStorageError) : LogSlice.Stale;
                return true;
            }

            var isHandedOver = false;
            try
            {
                if (!mayWait && !Residency.Holds(Segments[index], fetchOffset, EndOf(index), bytesMax, index == Segments.Length - 1))
                {
                    return false;
                }

                var found = FindIn(index, fetchOffset, limit);
                if (found.Start < found.End)
                {
                    slice = Cut(found, bytesMax, minOneBatch);
                    isHandedOver = !slice.Bytes.IsEmpty;
                    return true;
                }
            }
            finally
            {
                if (!isHandedOver)
                {
                    lease.Release();
                }
            }
        }

        return true;
    }

    /// <summary>Where the wanted bytes of one segment lie.</summary>
    private Range FindIn(int index, long fetchOffset, ReadLimit limit)
    {
        var upper = OffsetOf(limit);
        var end = LimitPositionIn(index, upper, limit);
        var start = Segments[index].PositionOf(fetchOffset, end, mayRead: true);
        return new Range(index, start, end, Math.Min(upper, NextOffsetOf(index)));
    }

    /// <summary>Cuts the range to what may be sent. The slice takes the caller's hold on the segment over, unless it is empty.</summary>
    private LogSlice Cut(in Range range, int bytesMax, bool minOneBatch)
    {
        var segment = Segments[range.Index];
        var (start, end, endOffset) = (range.Start, range.End, range.EndOffset);
        if (segment.Damages is not null && !TryKeepClearOfDamage(segment, start, ref end, ref endOffset))
        {
            return LogSlice.Failed(ErrorCode.CorruptMessage);
        }

        var reach = (int)Math.Min(end, (long)start + Math.Max(0, bytesMax));
        if (end - start > bytesMax)
        {
            end = segment.BoundaryWithin(start, Math.Max(0, bytesMax), end);
            endOffset = -1;
            if (end == start && minOneBatch)
            {
                end = start + segment.BatchBytesAt(start, range.End);
            }
        }

        return end > start
            ? LogSlice.Of(new FileSlice(segment.Lease, start, end - start), endOffset, range.Index, Math.Max(reach, end))
            : LogSlice.TooSmall(range.Index);
    }

    private static bool TryKeepClearOfDamage(Segment segment, int start, ref int end, ref long endOffset)
    {
        foreach (var damage in segment.Damages!)
        {
            if (damage.Position <= start && start < damage.EndPosition)
            {
                return false;
            }

            if (damage.Position > start && damage.Position < end)
            {
                end = damage.Position;
                endOffset = damage.FirstOffset;
                return true;
            }
        }

        return true;
    }

    private int LimitPositionIn(int index, long upper, ReadLimit limit)
    {
        if (index < Segments.Length - 1)
        {
            var size = Segments[index].SizeBytes;
            return Segments[index + 1].BaseOffset <= upper ? size : Segments[index].PositionOf(upper, size, mayRead: true);
        }

        var known = LimitPosition(limit);
        return known >= 0 ? known : Segments[index].PositionOf(upper, _endPosition, mayRead: true);
    }

    private int LimitPosition(ReadLimit limit) => limit switch
    {
        ReadLimit.LogEnd => _endPosition,
        ReadLimit.HighWatermark => _highWatermarkPosition,
        _ => _lastStablePosition,
    };

    private readonly record struct Range(int Index, int Start, int End, long EndOffset);
}
