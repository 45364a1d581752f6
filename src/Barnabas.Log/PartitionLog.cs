using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log.Batches;
using Barnabas.Log.Compaction;
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
/// A turn stages batches, writes them with one call, then publishes: bytes are in the file before the view that shows them. Faults of the
/// disk come out as <see cref="IOException"/> from <see cref="WriteStaged"/> and <see cref="Publish"/>; the log is then broken for good and
/// its owner takes the directory offline, but for a <see cref="DiskFullException"/>, after which <see cref="Rewind"/> mends it.
/// </summary>
public sealed class PartitionLog
{
    private readonly IDisk _disk;
    private readonly FlushBacklog _backlog;
    private readonly SegmentWriter _writer;
    private ProducerStates _producers;
    private LeaderEpochs _epochs;
    private LogView _view;
    private long _logStart, _logEnd, _writtenEnd, _highWatermark; // the log end counts what is staged, a view only what is written
    private int _generation;

    internal PartitionLog(LoadedLog loaded)
    {
        _disk = loaded.Disk;
        DirectoryPath = loaded.DirectoryPath;
        Partition = loaded.Partition;
        Config = loaded.Config;
        RecoveryPoint = loaded.RecoveryPoint;
        _producers = loaded.Producers;
        _epochs = loaded.Epochs;
        _logStart = loaded.LogStartOffset;
        _logEnd = _writtenEnd = loaded.LogEndOffset;
        _highWatermark = loaded.HighWatermark;
        _backlog = FlushBacklog.Of(loaded);
        _writer = new SegmentWriter(_disk, DirectoryPath, loaded.Segments, _backlog);
        Compaction = new LogCompaction(this, _writer, _backlog, loaded);
        _view = MakeView();
    }

    /// <summary>Opens or makes the log of a directory, recovering what has to be. Blocks, and throws <see cref="IOException"/>.</summary>
    public static OpenedLog Open(LogOpenRequest request) => new LogLoader(request).Load();

    /// <summary>Which partition this is.</summary>
    public TopicPartition Partition { get; }

    /// <summary>The partition's directory.</summary>
    public string DirectoryPath { get; }

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
    public bool HasStaged => _writer.HasStaged;

    /// <summary>True when a roll or a truncation waits to be made durable by <see cref="BeginFlush"/>.</summary>
    public bool HasFlushWork => _backlog.HasWork;

    /// <summary>Where the owner begins, carries on and ends cleanings.</summary>
    public LogCompaction Compaction { get; }

    internal ProducerStates Producers => _producers;

    private Segment Active => _writer.Active;

    /// <summary>
    /// Takes one batch as the leader: judges the producer's sequence, gives it its offsets and epoch in place, and stages it. The bytes
    /// have been checked against themselves (checksum, count) by the caller and stay where they are until <see cref="WriteStaged"/>.
    /// Errors: CORRUPT_MESSAGE for bytes that are not one batch, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, the producer's (45, 47, 48, 52),
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
        if (error == ErrorCode.None && header.HasProducerId)
        {
            error = _producers.Judge(header, bytes, origin, out var duplicate);
            if (duplicate is { } known)
            {
                return AppendResult.Duplicate(known.BaseOffset, known.LastOffset, known.TimestampMs, _logStart);
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
        var isStamped = header.TimestampType == TimestampType.LogAppendTime; // by who checked the batch
        var maxTimestamp = isAppendTime && !isStamped ? nowMs : header.MaxTimestamp;
        if (isAppendTime != isStamped)
        {
            BatchStamp.SetMaxTimestamp(bytes, Config.TimestampType, maxTimestamp);
        }

        if (leaderEpoch > _epochs.Latest)
        {
            StartEpoch(leaderEpoch);
        }

        _writer.Stage(batch, new StagedOffsets(baseOffset, lastOffset, maxTimestamp), Config, _producers, nowMs);
        _logEnd = lastOffset + 1;
        if (header.HasProducerId)
        {
            NoteProducer(header, bytes, baseOffset, maxTimestamp);
        }

        return AppendResult.Accepted(baseOffset, lastOffset, isAppendTime ? maxTimestamp : -1, _logStart, header.ProducerId);
    }

    /// <summary>Whether a transaction of the producer's epoch is open, and the offset of the producer's newest marker, or -1.</summary>
    public (bool IsOpen, long MarkerOffset) TransactionOf(long producerId, short epoch) => _producers.TransactionOf(producerId, epoch);

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

        if (!StoredBatch.AreGood(batches.Span, _logEnd))
        {
            return Refused(ErrorCode.CorruptMessage);
        }

        var baseOffset = -1L;
        for (var at = 0; at < batches.Length;)
        {
            StoredBatch.TryRead(batches.Span[at..], out var frame);
            var piece = new BytePiece(batches.Pointer + at, (int)frame.SizeBytes);
            Replace(_epochs.Fitting(frame.LeaderEpoch, frame.BaseOffset));
            var offsets = new StagedOffsets(frame.BaseOffset, frame.LastOffset, frame.MaxTimestamp);
            _writer.Stage(piece, offsets, Config, _producers, nowMs);
            _logEnd = frame.LastOffset + 1;
            if (frame.HasProducerId)
            {
                NoteProducer(frame.Header, piece.Span, frame.BaseOffset, frame.MaxTimestamp);
            }

            baseOffset = baseOffset < 0 ? frame.BaseOffset : baseOffset;
            at += piece.Length;
        }

        return AppendResult.Accepted(baseOffset, _logEnd - 1, -1, _logStart);
    }

    /// <summary>
    /// Writes what is staged, with one call unless the segment rolls in between. Afterwards the callers' buffers are free. A failure breaks
    /// the log: nothing of what was staged counts, and no view will show it.
    /// </summary>
    public int WriteStaged()
    {
        if (!_writer.HasStaged)
        {
            return 0;
        }

        Check.That(!IsBroken);
        IsBroken = true; // and stays so if the write throws
        var bytes = _writer.WriteStaged(Config);
        IsBroken = false;
        _writtenEnd = _logEnd;
        return bytes;
    }

    /// <summary>
    /// Shows readers all that is written, and what is replicated up to <paramref name="highWatermark"/>, which is at most the log end and
    /// never goes back but by truncation. A follower's log starts where its leader's does, as far as that is replicated.
    /// </summary>
    public LogView Publish(long highWatermark, long leadersStart = 0)
    {
        Check.That(!HasStaged && highWatermark <= _logEnd && highWatermark >= Math.Min(_highWatermark, _logEnd));
        _highWatermark = highWatermark;
        MoveLogStart(Math.Max(_logStart, Math.Min(leadersStart, highWatermark)));
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
    /// Hands over what has to be made durable: sealed segments with their indexes, producer snapshots, epochs, the oldest first and perhaps
    /// not all at once; with <paramref name="includeActive"/> all of it, and what was written to the active segment. Run the
    /// job on a background thread, then give it to <see cref="CompleteFlush"/>.
    /// </summary>
    public FlushJob BeginFlush(bool includeActive)
    {
        WriteStaged();
        return includeActive
            ? _backlog.Take(Active, _logEnd, _generation, _epochs)
            : _backlog.TakeSome(Active.BaseOffset, _generation, _epochs);
    }

    /// <summary>The job has run: moves the recovery point, unless the log was truncated meanwhile.</summary>
    public void CompleteFlush(FlushJob job)
    {
        if (job.Generation == _generation)
        {
            RecoveryPoint = Math.Max(RecoveryPoint, job.EndOffset);
        }
    }

    /// <summary>Seals the active segment, unless it is empty, and begins a new one: by time, and before retention takes it.</summary>
    public void Roll(long nowMs)
    {
        WriteStaged();
        if (Active.SizeBytes > 0)
        {
            Guarded(() => _writer.Roll(_logEnd, _producers, Config, nowMs));
            Volatile.Write(ref _view, MakeView());
        }
    }

    /// <summary>
    /// Takes the segments of a plan out of the log, as far as they are still there and below the high watermark. The job that comes back
    /// renames and later removes their files on a background thread; null when there is nothing to do.
    /// </summary>
    public DeleteJob? Delete(RetentionPlan plan, long nowMs)
    {
        WriteStaged();
        if (plan.IncludesActive && plan.EndOffset == _logEnd)
        {
            Roll(nowMs);
        }

        var count = plan.CountIn(_writer.Segments, _highWatermark);
        if (count == 0)
        {
            return null;
        }

        var deleted = _writer.RemoveFirst(count);
        MoveLogStart(Math.Max(_logStart, _writer.Segments[0].BaseOffset));
        Volatile.Write(ref _view, MakeView());
        return new DeleteJob(_disk, DirectoryPath, deleted, _backlog.Take(null, Active.BaseOffset, _generation, _epochs));
    }

    /// <summary>
    /// Cuts the log so that no batch with <paramref name="offset"/> or above is left; the log end is then that offset, or where the cut
    /// batch began. Blocks: files are cut, durably, and producers reloaded. Who cuts below the recovery point of the last checkpoint writes
    /// a new checkpoint before more is appended, or a power cut could leave a hole that recovery trusts.
    /// </summary>
    public void TruncateTo(long offset)
    {
        Check.That(!HasStaged);
        if (offset >= _logEnd)
        {
            return;
        }

        Guarded(() =>
        {
            Compaction.Settle();
            var cut = Truncation.Cut(_disk, _writer.Segments, offset);
            Adopt(cut.Segments, cut.LogEndOffset, _epochs.TruncatedTo(cut.LogEndOffset));
            _producers = ProducerReplay.Load(_disk, _writer.Segments, _logEnd, _logEnd);
        });
        Volatile.Write(ref _view, MakeView());
    }

    /// <summary>After a write that found no room: cuts what came of it. The log is what its view shows, and goes on. Blocks.</summary>
    public void Rewind()
    {
        Check.That(!HasStaged && !View.IsClosed);
        IsBroken = false;
        TruncateTo(_writtenEnd);
    }

    /// <summary>Drops everything and starts empty: the log of a follower that fell behind its leader's start. Blocks.</summary>
    public void TruncateFully(long newStart, long nowMs)
    {
        Check.That(!HasStaged);
        Guarded(() =>
        {
            Compaction.Settle();
            var fresh = Truncation.StartOver(_disk, DirectoryPath, (_writer.Segments, _logEnd), newStart, nowMs);
            _logStart = newStart;
            _highWatermark = newStart;
            _producers = new ProducerStates();
            Adopt([fresh], newStart, LeaderEpochs.Empty);
        });
        Volatile.Write(ref _view, MakeView());
    }

    /// <summary>Closes cleanly, all written and synced, for the flag of a clean stop. Blocks; the log must not be used again.</summary>
    public void Close()
    {
        Check.That(!HasStaged);
        if (!IsBroken)
        {
            Guarded(() =>
            {
                Active.GiveBackReserve();
                Active.AddTimeEntry();
                _backlog.AddSnapshot(_logEnd, ProducerSnapshot.ToBytes(_producers));
                var state = RecoveryPoint >= _logEnd ? CloseState.Idle : CloseState.Closing;
                var job = _backlog.Take(Active, _logEnd, _generation, _epochs, state);
                job.Run();
                CompleteFlush(job);
                ProducerReplay.DeleteStaleSnapshots(_disk, DirectoryPath, _writer.Segments);
            });
        }

        Abandon();
    }

    /// <summary>Lets go of the files as they are, as a crash would: for failed directories and deleted partitions.</summary>
    public void Abandon()
    {
        IsBroken = true;
        Volatile.Write(ref _view, _view.Closed()); // before the files go: who has a stale view asks again, and finds out
        _writer.Close();
    }

    private ErrorCode JudgeSize(int sizeBytes, AppendOrigin origin) =>
        IsBroken ? ErrorCode.KafkaStorageError
        : origin == AppendOrigin.Client && sizeBytes > Config.MaxMessageBytes ? ErrorCode.MessageTooLarge
        : sizeBytes > Config.SegmentBytes ? ErrorCode.RecordListTooLarge
        : ErrorCode.None;

    private void NoteProducer(in RecordBatchHeader header, ReadOnlySpan<byte> batch, long baseOffset, long timestampMs)
    {
        if (_producers.Note(header, batch, baseOffset, timestampMs) is { } aborted)
        {
            _writer.StageAborted(aborted);
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
        Compaction.TruncatedTo(logEnd);
        _backlog.Keep(segments, logEnd);
        _writer.Replace(segments);
        _logEnd = _writtenEnd = logEnd;
        _logStart = Math.Min(_logStart, logEnd);
        _highWatermark = Math.Min(_highWatermark, logEnd);
        RecoveryPoint = Math.Min(RecoveryPoint, logEnd);
        _epochs = epochs;
    }

    private LogView MakeView()
    {
        var undecided = _producers.Transactions.LastStableOffset(_highWatermark);
        var stable = Math.Min(_highWatermark, LogView.StableFrom(_writer.Segments, undecided, _logStart));
        var offsets = new LogOffsets(_logStart, _writtenEnd, _highWatermark, stable, Compaction.FirstDirtyOffset);
        return new LogView(_writer.Segments, offsets, _epochs, LogPositions.Of(Active, offsets));
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

    /// <summary>Shows what the owner has changed besides appending.</summary>
    internal void Show() => Volatile.Write(ref _view, MakeView());

    private AppendResult Refused(ErrorCode error) => AppendResult.Refused(error, _logStart);
}
