using Barnabas.Base.Seams;
using Barnabas.Log.Batches;
using Barnabas.Log.Indexes;
using Barnabas.Log.Recovery;

namespace Barnabas.Log.Segments;

/// <summary>
/// One data file and what is known of it in memory. The log's owner alone changes it, and only while it is the active segment; a sealed
/// one never changes. Any thread may read below the end that its <see cref="LogView"/> gives.
/// </summary>
internal sealed class Segment
{
    private readonly IDisk _disk;
    private OffsetIndex? _offsets;
    private TimeIndex? _times;
    private TransactionIndex? _transactions;
    private TailMarks? _marks;
    private long _maxTimestampMs = NotLoaded;
    private int _bytesSinceIndexEntry;
    private bool _isReserved;

    private const long NotLoaded = long.MinValue;

    /// <summary>A segment whose indexes are on disk and are read when they are first asked for.</summary>
    /// <param name="disk">Where they are.</param>
    /// <param name="directory">The log's directory.</param>
    /// <param name="baseOffset">Its first offset.</param>
    /// <param name="lease">The open data file.</param>
    /// <param name="sizeBytes">Bytes of it.</param>
    /// <param name="hasTransactionIndex">False when it is known that no transaction was aborted in it, as in most.</param>
    internal Segment(
        IDisk disk, string directory, long baseOffset, SegmentLease lease, int sizeBytes, bool hasTransactionIndex = true)
    {
        _disk = disk;
        Directory = directory;
        BaseOffset = baseOffset;
        Lease = lease;
        SizeBytes = sizeBytes;
        _transactions = hasTransactionIndex ? null : new TransactionIndex();
    }

    /// <summary>A segment whose indexes are in memory.</summary>
    internal Segment(IDisk disk, string directory, long baseOffset, SegmentLease lease, SegmentIndexes indexes)
        : this(disk, directory, baseOffset, lease, indexes.SizeBytes)
    {
        _offsets = indexes.Offsets;
        _times = indexes.Times;
        _transactions = indexes.Transactions;
        _maxTimestampMs = indexes.MaxTimestampMs;
        _bytesSinceIndexEntry = indexes.BytesSinceEntry;
        OffsetOfMaxTimestamp = indexes.OffsetOfMaxTimestamp;
        FirstTimestampMs = indexes.FirstTimestampMs;
    }

    internal string Directory { get; }

    internal long BaseOffset { get; }

    internal SegmentLease Lease { get; }

    internal IDiskFile Data => Lease.Data;

    /// <summary>Bytes written. Readers of the active segment use their view's end instead.</summary>
    internal int SizeBytes { get; private set; }

    /// <summary>Largest timestamp of the first batch, by which the age of the segment counts; -1 where unknown.</summary>
    internal long FirstTimestampMs { get; private set; } = -1;

    /// <summary>When the segment was made or last changed on disk: its age where it has no timestamps.</summary>
    internal long ModifiedMs { get; init; }

    /// <summary>Last offset of the batch that holds the largest timestamp.</summary>
    internal long OffsetOfMaxTimestamp { get; private set; }

    /// <summary>Ranges of rotten bytes that recovery found, in order; null for a sound segment.</summary>
    internal LogDamage[]? Damages { get; private set; }

    /// <summary>True when a look-up needs no file.</summary>
    internal bool IsIndexLoaded => Volatile.Read(ref _offsets) is not null;

    /// <summary>True when the transaction index has not to be read from the disk any more.</summary>
    internal bool AreTransactionsLoaded => Volatile.Read(ref _transactions) is not null;

    internal OffsetIndex Offsets => Volatile.Read(ref _offsets) ?? LoadOffsets();

    internal TimeIndex Times => Volatile.Read(ref _times) ?? LoadTimes();

    internal TransactionIndex Transactions => Volatile.Read(ref _transactions) ?? LoadTransactions();

    /// <summary>Largest timestamp; -1 for none. Of a sealed segment the last entry of its time index says it.</summary>
    internal long MaxTimestampMs =>
        Volatile.Read(ref _maxTimestampMs) is var known && known != NotLoaded ? known : LoadTimes().Last().TimestampMs;

    /// <summary>The age that retention goes by.</summary>
    internal long RetentionTimestampMs => MaxTimestampMs is var max && max >= 0 ? max : ModifiedMs;

    internal string PathOf(string suffix) => SegmentNames.PathOf(Directory, BaseOffset, suffix);

    /// <summary>Owner only: the batch was written at the end of the file.</summary>
    internal void Append(long lastOffset, long maxTimestampMs, int sizeBytes, int indexIntervalBytes)
    {
        if (SizeBytes == 0)
        {
            FirstTimestampMs = maxTimestampMs;
        }

        if (maxTimestampMs > _maxTimestampMs)
        {
            OffsetOfMaxTimestamp = lastOffset;
            Volatile.Write(ref _maxTimestampMs, maxTimestampMs);
        }

        if (_bytesSinceIndexEntry > indexIntervalBytes)
        {
            _offsets!.Add((int)(lastOffset - BaseOffset), SizeBytes);
            AddTimeEntry();
            _bytesSinceIndexEntry = 0;
        }

        _bytesSinceIndexEntry += sizeBytes;
        SizeBytes += sizeBytes;
    }

    /// <summary>Recovery only: rotten bytes lie at the end of what was scanned so far, and stay there.</summary>
    internal void Skip(LogDamage damage)
    {
        Damages = [.. Damages ?? [], damage];
        SizeBytes = damage.EndPosition;
    }

    /// <summary>Owner only: a marker of this segment ended a transaction by aborting it.</summary>
    internal void AddAborted(in AbortedTransaction aborted) => Transactions.Add(aborted);

    /// <summary>Owner only: a view up to this end is about to be published.</summary>
    internal void Mark(long endOffset) => (_marks ??= new TailMarks()).Add(endOffset, SizeBytes);

    /// <summary>Owner only: takes the space for so many bytes at once; the length stays.</summary>
    internal void Reserve(int sizeBytes)
    {
        Data.Reserve(sizeBytes);
        _isReserved = true;
    }

    /// <summary>Owner only: gives the space back that was reserved and is not needed.</summary>
    internal void GiveBackReserve()
    {
        if (_isReserved)
        {
            _isReserved = false;
            Data.Truncate(SizeBytes);
        }
    }

    /// <summary>Owner only: nothing more will be appended.</summary>
    internal void Seal()
    {
        GiveBackReserve();
        AddTimeEntry();
        Volatile.Write(ref _marks, null);
    }

    /// <summary>Owner only: the last entry of the time index, which Kafka forces at roll and close.</summary>
    internal void AddTimeEntry()
    {
        if (_maxTimestampMs >= 0)
        {
            _times!.AddIfLater(_maxTimestampMs, (int)(OffsetOfMaxTimestamp - BaseOffset));
        }
    }

    /// <summary>True when an entry more would make one of the index files larger than allowed.</summary>
    internal bool AreIndexesFull(int indexBytesMax, int entriesToCome) =>
        Offsets.Count + entriesToCome >= indexBytesMax / OffsetIndex.EntryBytes
        || Times.Count + entriesToCome >= indexBytesMax / TimeIndex.EntryBytes;

    /// <summary>
    /// An offset outside of what lies before a position, as the offset index knows it: not the smallest there is. -1 where the index ends
    /// before the position.
    /// </summary>
    internal long UpperOffsetOf(int position) => Offsets.FirstAt(position) is var relative && relative >= 0 ? BaseOffset + relative : -1;

    /// <summary>
    /// Position of the first batch that ends at or after <paramref name="offset"/>; <paramref name="end"/> if there is none below it.
    /// Without <paramref name="mayRead"/> the answer is -1 where only the file can tell.
    /// </summary>
    internal int PositionOf(long offset, int end, bool mayRead)
    {
        if (offset <= BaseOffset)
        {
            return 0;
        }

        if (Volatile.Read(ref _marks) is { } marks && marks.TryFind(offset, out var marked) && marked <= end)
        {
            return marked;
        }

        return mayRead ? ReadPositionOf(offset, end) : -1;
    }

    /// <summary>
    /// A boundary between batches in (<paramref name="start"/>, <paramref name="start"/> + <paramref name="bytesMax"/>], the last that the
    /// index knows, or else found by walking; <paramref name="start"/> when the first batch is larger.
    /// </summary>
    internal int BoundaryWithin(int start, int bytesMax, int end)
    {
        var known = Offsets.LastPosition(start, start + bytesMax);
        return known > 0 ? known : WalkToBoundary(start, bytesMax, end);
    }

    /// <summary>Walks the batches from a boundary to <paramref name="end"/>, past what is rotten.</summary>
    internal BatchScan Scan(int position, int end, Span<byte> buffer) => new(Data, position, end, buffer, Damages);

    /// <summary>Bytes of the batch at a position; 0 if no batch lies there.</summary>
    internal int BatchBytesAt(int position, int end)
    {
        Span<byte> buffer = stackalloc byte[StoredBatch.HeaderBytes];
        var scan = new BatchScan(Data, position, end, buffer);
        return scan.MoveNext(out var frame) ? (int)frame.SizeBytes : 0;
    }

    /// <summary>First offset of the batch at a position, which has to be one.</summary>
    internal long BatchOffsetAt(int position, int end)
    {
        Span<byte> buffer = stackalloc byte[StoredBatch.HeaderBytes];
        var scan = new BatchScan(Data, position, end, buffer);
        return scan.MoveNext(out var frame)
            ? frame.BaseOffset
            : throw new IOException($"{PathOf(SegmentNames.Data)}: no batch at {position}");
    }

    /// <summary>A new active segment over the same file, cut at a position. Old views keep the old object.</summary>
    internal Segment CutAt(int position, long endOffset, long maxTimestampMs, long offsetOfMaxTimestamp)
    {
        var offsets = Offsets.CutAt(position);
        var indexes = new SegmentIndexes
        {
            SizeBytes = position,
            Offsets = offsets,
            Times = Times.CutAfter(Math.Max(0, offsets.Last().RelativeOffset)),
            Transactions = Transactions.TruncatedTo(endOffset),
            MaxTimestampMs = maxTimestampMs,
            OffsetOfMaxTimestamp = offsetOfMaxTimestamp,
            FirstTimestampMs = position == 0 ? -1 : FirstTimestampMs,
            BytesSinceEntry = position - offsets.Last().Position,
        };
        return new Segment(_disk, Directory, BaseOffset, Lease, indexes)
        {
            ModifiedMs = ModifiedMs,
            Damages = Damages?.Where(d => d.EndPosition <= position).ToArray() is { Length: > 0 } kept ? kept : null,
        };
    }

    /// <summary>Reads the age of a segment that was opened without being scanned.</summary>
    internal void LoadFirstTimestamp()
    {
        Span<byte> buffer = stackalloc byte[StoredBatch.HeaderBytes];
        var scan = Scan(0, SizeBytes, buffer);
        FirstTimestampMs = scan.MoveNext(out var frame) ? frame.MaxTimestamp : -1;
    }

    /// <summary>Reads all indexes that are not in memory yet: the files of their names are about to be others.</summary>
    internal void LoadIndexes() => _ = (Offsets, Times, Transactions);

    private int ReadPositionOf(long offset, int end)
    {
        var relative = offset - BaseOffset;
        if (relative > int.MaxValue)
        {
            return end;
        }

        Span<byte> buffer = stackalloc byte[4096 + StoredBatch.HeaderBytes];
        var (atOrAfter, before) = Offsets.Find((int)relative);
        if (atOrAfter >= 0 && atOrAfter < end)
        {
            // Slices end at index entries, so the next fetch mostly begins at one.
            var probe = new BatchScan(Data, atOrAfter, end, buffer[..StoredBatch.HeaderBytes]);
            if (probe.MoveNext(out var frame) && frame.BaseOffset <= offset && frame.LastOffset >= offset)
            {
                return atOrAfter;
            }
        }

        return TryWalkTo(offset, before, end, buffer, out var position) || TryWalkTo(offset, 0, end, buffer, out position) ? position : end;
    }

    /// <summary>Walks from a batch boundary. False when the walk met no batch, or began behind the offset: the index was wrong.</summary>
    private bool TryWalkTo(long offset, int from, int end, Span<byte> buffer, out int position)
    {
        var scan = Scan(from, end, buffer);
        var first = true;
        position = end;
        while (scan.MoveNext(out var frame))
        {
            if (frame.LastOffset >= offset)
            {
                position = DamageOf(offset)?.Position ?? scan.Position;
                return !first || from == 0 || frame.BaseOffset <= offset;
            }

            first = false;
        }

        position = DamageOf(offset)?.Position ?? end;
        return !scan.IsBroken;
    }

    private int WalkToBoundary(int start, int bytesMax, int end)
    {
        Span<byte> buffer = stackalloc byte[4096 + StoredBatch.HeaderBytes];
        var scan = new BatchScan(Data, start, end, buffer);
        var boundary = start;
        while (scan.MoveNext(out _) && scan.NextPosition - start <= bytesMax)
        {
            boundary = scan.NextPosition;
        }

        return boundary;
    }

    private LogDamage? DamageOf(long offset)
    {
        foreach (var damage in Damages ?? [])
        {
            if (damage.FirstOffset <= offset && offset < damage.NextOffset)
            {
                return damage;
            }
        }

        return null;
    }

    /// <summary>The last entry of the offset index on disk, which is not kept; (0, 0) for none, and for one that is wrong.</summary>
    internal (int RelativeOffset, int Position) ReadLastIndexEntry()
    {
        using var file = _disk.Open(PathOf(SegmentNames.OffsetIndex), FileOpen.Read);
        Span<byte> entry = stackalloc byte[OffsetIndex.EntryBytes];
        var length = file.Length;
        if (length < entry.Length || file.Read(entry, length - entry.Length) < entry.Length)
        {
            return (0, 0);
        }

        var (relative, position) = OffsetIndex.ReadEntry(entry);
        return relative < 0 || position <= 0 ? (0, 0) : (relative, position);
    }

    private OffsetIndex LoadOffsets()
    {
        var loaded = OffsetIndex.FromBytes(ReadIfThere(SegmentNames.OffsetIndex)) ?? new OffsetIndex();
        return Interlocked.CompareExchange(ref _offsets, loaded, null) ?? loaded;
    }

    /// <summary>Reads the transaction index if it is not in memory yet; an absent or wrong file is an empty index.</summary>
    internal TransactionIndex LoadTransactions()
    {
        var loaded = TransactionIndex.FromBytes(ReadIfThere(SegmentNames.TransactionIndex), BaseOffset, long.MaxValue)
            ?? new TransactionIndex();
        return Interlocked.CompareExchange(ref _transactions, loaded, null) ?? loaded;
    }

    private TimeIndex LoadTimes()
    {
        if (Volatile.Read(ref _times) is { } known)
        {
            return known;
        }

        var loaded = TimeIndex.FromBytes(ReadIfThere(SegmentNames.TimeIndex)) ?? new TimeIndex();
        return Interlocked.CompareExchange(ref _times, loaded, null) ?? loaded;
    }

    /// <summary>A missing file, also of a segment that is being deleted, is an empty index: look-ups then walk the batches.</summary>
    private byte[] ReadIfThere(string suffix)
    {
        try
        {
            return SmallFile.Read(_disk, PathOf(suffix));
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }
}
