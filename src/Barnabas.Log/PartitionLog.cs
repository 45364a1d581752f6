using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log.Batches;
using Barnabas.Log.Epochs;
using Barnabas.Log.Flushing;
using Barnabas.Log.Indexes;
using Barnabas.Log.Producers;
using Barnabas.Log.Recovery;
using Barnabas.Log.Retention;
using Barnabas.Log.Segments;
using Barnabas.Protocol.Records;

namespace Barnabas.Log;

/// <summary>
/// One partition on disk. Owned by the loop of its partition shard, which alone calls its members; other threads read <see cref="View"/>.
/// A turn stages batches, writes them with one call, then publishes: bytes are in the file before the view that shows them. Faults of the disk
/// come out as <see cref="IOException"/> from <see cref="WriteStaged"/> and <see cref="Publish"/>; the log is then broken for good and its
/// owner takes the directory offline.
/// </summary>
public sealed class PartitionLog
{
    private readonly IDisk _disk;
    private readonly StagedBatches _staged = new();
    private readonly FlushBacklog _backlog;
    private ProducerStates _producers;
    private Segment[] _segments;
    private LeaderEpochs _epochs;
    private LogView _view;
    private RollPlan _roll;
    private long _logStart, _logEnd, _highWatermark;
    private long _nowMs;
    private int _generation;

    internal PartitionLog(LoadedLog loaded)
    {
        _disk = loaded.Disk;
        Directory = loaded.Directory;
        Partition = loaded.Partition;
        Config = loaded.Config;
        RecoveryPoint = loaded.RecoveryPoint;
        _segments = loaded.Segments;
        _producers = loaded.Producers;
        _epochs = loaded.Epochs;
        _logStart = loaded.LogStartOffset;
        _logEnd = loaded.LogEndOffset;
        _highWatermark = loaded.HighWatermark;
        _backlog = new FlushBacklog(_disk, Directory);
        foreach (var segment in loaded.Unflushed)
        {
            _backlog.AddSealed(segment);
        }

        _backlog.OnDirectory();
        _roll = RollPlan.Of(Active);
        _view = MakeView();
    }

    /// <summary>
    /// Opens or makes the log of a directory, recovering what has to be. Blocks: on a background thread, before the owner gets the log.
    /// Throws <see cref="IOException"/> when the disk fails.
    /// </summary>
    public static OpenedLog Open(LogOpenRequest request) => new LogLoader(request).Load();

    /// <summary>Which partition this is.</summary>
    public TopicPartition Partition { get; }

    /// <summary>The partition's directory.</summary>
    public string Directory { get; private set; }

    /// <summary>How the log behaves; the owner swaps it when the topic's settings change.</summary>
    public LogConfig Config { get; set; }

    /// <summary>What readers see: the last one published. Any thread.</summary>
    public LogView View => Volatile.Read(ref _view);

    /// <summary>The offset of the next record, staged ones included.</summary>
    public long LogEndOffset => _logEnd;

    /// <summary>All below is known to be on the disk.</summary>
    public long RecoveryPoint { get; private set; }

    /// <summary>The newest leader epoch that the log has seen, or -1.</summary>
    public int LatestEpoch => _epochs.Latest;

    /// <summary>True after a write failed: every later append is refused with KAFKA_STORAGE_ERROR.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>True when batches wait for <see cref="WriteStaged"/>.</summary>
    public bool HasStaged => _staged.Count > 0;

    /// <summary>True when a roll or a new epoch waits to be made durable by <see cref="BeginFlush"/>.</summary>
    public bool HasFlushWork => _backlog.HasWork;

    /// <summary>Producer ids that the log remembers.</summary>
    public int ProducerCount => _producers.Count;

    private Segment Active => _segments[^1];

    /// <summary>
    /// Takes one batch as the leader: judges the producer's sequence, gives it its offsets and epoch in place, and stages it. The bytes have
    /// been checked against themselves (checksum, count) by the caller and stay where they are until <see cref="WriteStaged"/>. Errors:
    /// CORRUPT_MESSAGE for bytes that are not one batch, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, the producer's (45, 47, 48),
    /// KAFKA_STORAGE_ERROR for a broken log.
    /// </summary>
    public AppendResult AppendAsLeader(BytePiece batch, int leaderEpoch, long nowMs, AppendOrigin origin = AppendOrigin.Client)
    {
        var bytes = batch.Span;
        if (!RecordBatchHeader.TryRead(bytes, out var header) || header.SizeBytes != bytes.Length || header.LastOffsetDelta < 0)
        {
            return Refused(ErrorCode.CorruptMessage);
        }

        var error = JudgeSize(bytes.Length, origin);
        if (error == ErrorCode.None && header.HasProducerId && !header.IsControl && origin == AppendOrigin.Client)
        {
            error = _producers.Judge(header, out var duplicate);
            if (duplicate is { } known)
            {
                return Accepted(known.BaseOffset, known.LastOffset, known.TimestampMs, isDuplicate: true);
            }
        }

        if (error != ErrorCode.None)
        {
            return Refused(error);
        }

        var (baseOffset, lastOffset) = (_logEnd, _logEnd + header.LastOffsetDelta);
        BatchStamp.SetBaseOffset(bytes, baseOffset);
        BatchStamp.SetPartitionLeaderEpoch(bytes, leaderEpoch);
        var isAppendTime = Config.TimestampType == TimestampType.LogAppendTime;
        var maxTimestamp = isAppendTime ? nowMs : header.MaxTimestamp;
        if (isAppendTime || header.TimestampType == TimestampType.LogAppendTime)
        {
            BatchStamp.SetMaxTimestamp(bytes, Config.TimestampType, maxTimestamp);
        }

        if (leaderEpoch > _epochs.Latest)
        {
            StartEpoch(leaderEpoch);
        }

        Stage(batch, baseOffset, lastOffset, maxTimestamp, nowMs);
        if (header.HasProducerId)
        {
            NoteProducer(header, bytes, baseOffset);
        }

        return Accepted(baseOffset, lastOffset, isAppendTime ? nowMs : -1, isDuplicate: false);
    }

    /// <summary>
    /// Takes batches as a follower or from the quorum's leader: as they are, offsets and epochs theirs. The bytes are whole batches one
    /// behind the other, and stay where they are until <see cref="WriteStaged"/>. CORRUPT_MESSAGE, and nothing staged, when one of them is
    /// wrong or begins below the log end.
    /// </summary>
    public unsafe AppendResult AppendVerbatim(BytePiece batches, long nowMs)
    {
        if (IsBroken)
        {
            return Refused(ErrorCode.KafkaStorageError);
        }

        if (!AreGoodBatches(batches.Span, _logEnd))
        {
            return Refused(ErrorCode.CorruptMessage);
        }

        var baseOffset = -1L;
        for (var at = 0; at < batches.Length;)
        {
            BatchFrame.TryRead(batches.Span[at..], out var frame);
            var piece = new BytePiece(batches.Pointer + at, (int)frame.SizeBytes);
            if (frame.LeaderEpoch > _epochs.Latest)
            {
                NoteEpoch(frame.LeaderEpoch, frame.BaseOffset);
            }

            Stage(piece, frame.BaseOffset, frame.LastOffset, frame.MaxTimestamp, nowMs);
            if (frame.HasProducerId)
            {
                NoteProducer(frame.Header, piece.Span, frame.BaseOffset);
            }

            baseOffset = baseOffset < 0 ? frame.BaseOffset : baseOffset;
            at += piece.Length;
        }

        return Accepted(baseOffset, _logEnd - 1, -1, isDuplicate: false);
    }

    /// <summary>
    /// Writes what is staged, with one call unless the segment rolls in between. Afterwards the callers' buffers are free. A failure breaks
    /// the log: nothing of what was staged counts, and no view will show it.
    /// </summary>
    public void WriteStaged()
    {
        if (_staged.Count == 0)
        {
            return;
        }

        Check.That(!IsBroken);
        try
        {
            for (var from = 0; from < _staged.Count;)
            {
                var end = _staged.EndOfGroup(from);
                WriteGroup(from, end);
                from = end;
            }
        }
        catch (IOException)
        {
            IsBroken = true;
            throw;
        }
        finally
        {
            _staged.Clear();
        }
    }

    /// <summary>
    /// Shows readers all that is written, and what is replicated up to <paramref name="highWatermark"/>, which is at most the log end and
    /// never goes back but by truncation.
    /// </summary>
    public LogView Publish(long highWatermark)
    {
        Check.That(_staged.Count == 0 && highWatermark <= _logEnd && highWatermark >= Math.Min(_highWatermark, _logEnd));
        _highWatermark = highWatermark;
        if (_logEnd != _view.LogEndOffset)
        {
            Active.Mark(_logEnd);
        }

        _producers.Transactions.OnHighWatermark(highWatermark);
        var view = MakeView();
        Volatile.Write(ref _view, view);
        return view;
    }

    /// <summary>This broker leads from the log end on: remembered at once, durable with the next flush.</summary>
    public void StartEpoch(int leaderEpoch) => NoteEpoch(leaderEpoch, _logEnd);

    /// <summary>
    /// Moves the first offset up to <paramref name="offset"/>, at most the high watermark: OFFSET_OUT_OF_RANGE beyond. The segments below
    /// go with the next retention.
    /// </summary>
    public ErrorCode AdvanceLogStart(long offset)
    {
        if (offset < 0 || offset > _highWatermark)
        {
            return ErrorCode.OffsetOutOfRange;
        }

        if (offset > _logStart)
        {
            MoveLogStart(offset);
            Volatile.Write(ref _view, MakeView());
        }

        return ErrorCode.None;
    }

    /// <summary>Forgets producers that were silent too long; to be called every few minutes.</summary>
    public void ExpireProducers(long nowMs) => _producers.Expire(nowMs, Config.ProducerIdExpirationMs);

    /// <summary>What is known of the producers, for DescribeProducers.</summary>
    public IReadOnlyList<ProducerDescription> DescribeProducers() =>
        [.. _producers.Entries.OrderBy(e => e.ProducerId).Select(ProducerDescription.Of)];

    /// <summary>
    /// Hands over what has to be made durable: sealed segments with their indexes, producer snapshots, epochs; with
    /// <paramref name="includeActive"/> also what was written to the active segment. Run the job on a background thread, then give it to
    /// <see cref="CompleteFlush"/>.
    /// </summary>
    public FlushJob BeginFlush(bool includeActive)
    {
        Check.That(_staged.Count == 0);
        var endOffset = includeActive ? _logEnd : Active.BaseOffset;
        return _backlog.Take(includeActive ? Active : null, endOffset, _generation, _epochs, isClose: false);
    }

    /// <summary>The job has run: moves the recovery point, unless the log was truncated meanwhile.</summary>
    public void CompleteFlush(FlushJob job)
    {
        if (job.Generation == _generation)
        {
            RecoveryPoint = Math.Max(RecoveryPoint, job.EndOffset);
        }
    }

    /// <summary>
    /// Seals the active segment, unless it is empty, and begins a new one at the log end. To be called by time, and before retention takes
    /// the last segment; nothing may be staged.
    /// </summary>
    public void Roll(long nowMs)
    {
        Check.That(_staged.Count == 0);
        if (Active.SizeBytes > 0)
        {
            _nowMs = nowMs;
            Guarded(() => RollTo(_logEnd, ProducerSnapshot.ToBytes(_producers)));
            _roll = RollPlan.Of(Active);
            Volatile.Write(ref _view, MakeView());
        }
    }

    /// <summary>
    /// Takes the segments of a plan out of the log, as far as they are still there and below the high watermark. The job that comes back
    /// renames and later removes their files on a background thread; null when there is nothing to do.
    /// </summary>
    public DeleteJob? Delete(RetentionPlan plan, long nowMs)
    {
        Check.That(_staged.Count == 0);
        if (plan.IncludesActive && plan.EndOffset == _logEnd)
        {
            Roll(nowMs);
        }

        var count = 0;
        while (count < _segments.Length - 1
            && _segments[count + 1].BaseOffset <= Math.Min(plan.EndOffset, _highWatermark)
            && _segments[count].BaseOffset <= plan.LastBaseOffset)
        {
            count++;
        }

        if (count == 0)
        {
            return null;
        }

        var deleted = _segments[..count];
        _segments = _segments[count..];
        _backlog.Remove(deleted);
        MoveLogStart(Math.Max(_logStart, _segments[0].BaseOffset));
        Volatile.Write(ref _view, MakeView());
        return new DeleteJob(_disk, Directory, deleted);
    }

    /// <summary>
    /// Cuts the log so that no batch with <paramref name="offset"/> or above is left; the log end is then that offset, or where the cut
    /// batch began. Blocks: files are cut and producers reloaded.
    /// </summary>
    public void TruncateTo(long offset, long nowMs)
    {
        Check.That(_staged.Count == 0);
        if (offset >= _logEnd)
        {
            return;
        }

        Guarded(() =>
        {
            var cut = Truncation.Cut(_disk, _segments, offset);
            Adopt(cut.Segments, cut.LogEndOffset, _epochs.TruncatedTo(cut.LogEndOffset));
            var expiry = new ProducerExpiry(nowMs, Config.ProducerIdExpirationMs);
            _producers = ProducerReplay.Load(_disk, _segments, _logEnd, _logEnd, expiry);
        });
        Volatile.Write(ref _view, MakeView());
    }

    /// <summary>Drops everything and starts empty at <paramref name="newStart"/>: the log of a follower that fell behind its leader's start. Blocks.</summary>
    public void TruncateFully(long newStart, long nowMs)
    {
        Check.That(_staged.Count == 0);
        Guarded(() =>
        {
            var fresh = Truncation.StartOver(_disk, Directory, _segments, newStart, nowMs);
            _logStart = newStart;
            _highWatermark = newStart;
            _producers = new ProducerStates();
            Adopt([fresh], newStart, LeaderEpochs.Empty);
        });
        Volatile.Write(ref _view, MakeView());
    }

    /// <summary>
    /// Closes cleanly: everything written and synced, indexes and producers too, so that the directory may carry the clean flag. Blocks.
    /// The log must not be used afterwards.
    /// </summary>
    public void Close()
    {
        Check.That(_staged.Count == 0);
        if (!IsBroken)
        {
            Guarded(() =>
            {
                Active.AddTimeEntry();
                _backlog.AddSnapshot(_logEnd, ProducerSnapshot.ToBytes(_producers));
                var job = _backlog.Take(Active, _logEnd, _generation, _epochs, isClose: true);
                job.Run();
                CompleteFlush(job);
                ProducerReplay.DeleteStaleSnapshots(_disk, Directory, _segments);
            });
        }

        Abandon();
    }

    /// <summary>Lets go of the files as they are, as a crash would: for directories that failed and partitions that are deleted.</summary>
    public void Abandon()
    {
        IsBroken = true;
        foreach (var segment in _segments)
        {
            segment.Lease.Release();
        }
    }

    private static bool AreGoodBatches(ReadOnlySpan<byte> bytes, long logEnd)
    {
        while (!bytes.IsEmpty)
        {
            if (!BatchFrame.TryRead(bytes, out var frame) || frame.SizeBytes > bytes.Length || frame.BaseOffset < logEnd
                || !frame.HasValidCrc(bytes[..(int)frame.SizeBytes]))
            {
                return false;
            }

            logEnd = frame.LastOffset + 1;
            bytes = bytes[(int)frame.SizeBytes..];
        }

        return true;
    }

    private ErrorCode JudgeSize(int sizeBytes, AppendOrigin origin) =>
        IsBroken ? ErrorCode.KafkaStorageError
        : origin == AppendOrigin.Client && sizeBytes > Config.MaxMessageBytes ? ErrorCode.MessageTooLarge
        : sizeBytes > Config.SegmentBytes ? ErrorCode.RecordListTooLarge
        : ErrorCode.None;

    private void Stage(BytePiece bytes, long baseOffset, long lastOffset, long maxTimestampMs, long nowMs)
    {
        var entriesToCome = _staged.Count + 2;
        var rolls = _roll.MustRoll(Config, bytes.Length, lastOffset, maxTimestampMs, nowMs)
            || (_roll.BaseOffset == Active.BaseOffset && Active.AreIndexesFull(Config.IndexBytesMax, entriesToCome));
        if (rolls)
        {
            _staged.RollSnapshots.Enqueue(ProducerSnapshot.ToBytes(_producers));
            _roll = new RollPlan(baseOffset, nowMs, Directory);
        }

        _nowMs = nowMs;
        _staged.Add(bytes, baseOffset, lastOffset, maxTimestampMs, rolls);
        _roll.Add(bytes.Length, maxTimestampMs);
        _logEnd = lastOffset + 1;
    }

    private void WriteGroup(int from, int end)
    {
        if (_staged.Batches[from].RollsBefore)
        {
            RollTo(_staged.Batches[from].BaseOffset, _staged.RollSnapshots.Dequeue());
        }

        var active = Active;
        active.Data.Write(_staged.Pieces(from, end), active.SizeBytes);
        foreach (var batch in _staged.Batches[from..end])
        {
            active.Append(batch.LastOffset, batch.MaxTimestampMs, batch.SizeBytes, Config.IndexIntervalBytes);
        }

        foreach (var aborted in _staged.Aborted)
        {
            if (aborted.LastOffset >= active.BaseOffset && aborted.LastOffset <= _staged.Batches[end - 1].LastOffset)
            {
                active.AddAborted(aborted);
            }
        }
    }

    private void RollTo(long baseOffset, byte[] producerSnapshot)
    {
        var before = Active;
        before.Seal();
        _backlog.AddSealed(before);
        _backlog.AddSnapshot(baseOffset, producerSnapshot);
        _backlog.OnDirectory();
        FaultPoint.Here("roll.before-create");
        var next = Truncation.CreateSegment(_disk, Directory, baseOffset, _nowMs);
        if (Config.Preallocate)
        {
            next.Data.Reserve(Config.SegmentBytes);
        }

        _segments = [.. _segments, next];
    }

    private void NoteProducer(in RecordBatchHeader header, ReadOnlySpan<byte> batch, long baseOffset)
    {
        if (!header.IsControl)
        {
            _producers.Apply(header, baseOffset);
        }
        else if (TransactionMarker.TryRead(batch, out var marker) && _producers.Apply(header, marker, baseOffset) is { IsAborted: true } ended)
        {
            var stable = _producers.Transactions.FirstOpenOffset(baseOffset + 1);
            _staged.Aborted.Add(new AbortedTransaction(ended.ProducerId, ended.FirstOffset, ended.LastOffset, stable));
        }
    }

    private void NoteEpoch(int epoch, long startOffset) => Replace(_epochs.With(epoch, startOffset));

    private void MoveLogStart(long offset)
    {
        _logStart = offset;
        Replace(_epochs.StartingAt(offset));
    }

    private void Replace(LeaderEpochs epochs)
    {
        if (!ReferenceEquals(epochs, _epochs))
        {
            _epochs = epochs;
            _backlog.OnEpochs();
        }
    }

    private void Adopt(Segment[] segments, long logEnd, LeaderEpochs epochs)
    {
        _generation++;
        _backlog.TruncateTo(logEnd);
        _segments = segments;
        _logEnd = logEnd;
        _logStart = Math.Min(_logStart, logEnd);
        _highWatermark = Math.Min(_highWatermark, logEnd);
        RecoveryPoint = Math.Min(RecoveryPoint, logEnd);
        _epochs = epochs;
        _backlog.OnEpochs();
        _backlog.OnDirectory();
        _roll = RollPlan.Of(Active);
    }

    private LogView MakeView()
    {
        var active = Active;
        var end = active.SizeBytes;
        var stable = _producers.Transactions.LastStableOffset(_highWatermark);
        var highPosition = _highWatermark == _logEnd ? end
            : _highWatermark < active.BaseOffset ? -1
            : active.PositionOf(_highWatermark, end, mayRead: true);
        var stablePosition = stable == _highWatermark ? highPosition
            : stable < active.BaseOffset ? -1
            : active.PositionOf(stable, end, mayRead: true);
        var offsets = new LogOffsets(_logStart, _logEnd, _highWatermark, Math.Max(stable, Math.Min(_logStart, _highWatermark)));
        return new LogView(_segments, offsets, _epochs, new LogPositions(end, highPosition, stablePosition));
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (IOException)
        {
            IsBroken = true;
            throw;
        }
    }

    private AppendResult Refused(ErrorCode error) =>
        new() { ErrorCode = error, BaseOffset = -1, LastOffset = -1, LogAppendTimeMs = -1, LogStartOffset = _logStart };

    private AppendResult Accepted(long baseOffset, long lastOffset, long appendTimeMs, bool isDuplicate) => new()
    {
        BaseOffset = baseOffset,
        LastOffset = lastOffset,
        LogAppendTimeMs = appendTimeMs,
        LogStartOffset = _logStart,
        IsDuplicate = isDuplicate,
    };
}
