using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Log.Batches;

namespace Barnabas.Log.Copying;

/// <summary>
/// A log that becomes the same as another, piece by piece, by reading the other's views: what a move to another directory makes. Owned by
/// one loop on the background pool; any thread may read <see cref="View"/>. Reading and writing are two calls, so that a fault tells whose
/// disk it is.
/// </summary>
public sealed class LogCopy : IDisposable
{
    private const int PieceBytes = 1 << 20;
    private readonly PartitionLog _log;
    private BufferLease _buffer = BufferPool.RentUnpooled(PieceBytes);
    private int _read;
    private long _readFrom;

    /// <summary>Takes over the open log that is to become the copy.</summary>
    public LogCopy(PartitionLog log) => _log = log;

    /// <summary>The copy itself.</summary>
    public PartitionLog Log => _log;

    /// <summary>The copy as it is. Any thread.</summary>
    public LogView View => _log.View;

    /// <summary>
    /// Where the copy of a log has to begin: at the first batch that holds something, which may begin before the log's start. Blocks.
    /// </summary>
    /// <exception cref="IOException">The log's disk failed.</exception>
    public static long StartOf(Func<LogView> source)
    {
        var slice = Slice(source, out var view, view => view.LogStartOffset);
        if (slice.Bytes.IsEmpty)
        {
            return view.LogStartOffset;
        }

        try
        {
            Span<byte> header = stackalloc byte[StoredBatch.HeaderBytes];
            var read = slice.Bytes.Data.Read(header[..Math.Min(header.Length, slice.Bytes.Length)], slice.Bytes.Position);
            return StoredBatch.TryRead(header[..read], out var first) ? first.BaseOffset : view.LogStartOffset;
        }
        finally
        {
            slice.Bytes.Release();
        }
    }

    /// <summary>
    /// For a copy that another run of the program began: cuts what the log has not, by the leader epochs that wrote it. False when nothing
    /// of it can be told to be the same: then it is to be begun anew. Blocks.
    /// </summary>
    public bool Reconcile(LogView source, long nowMs)
    {
        while (true)
        {
            var end = source.Epochs.EndOffsetFor(_log.LatestEpoch, source.LogEndOffset);
            if (end.Epoch == Epochs.LeaderEpochs.UndefinedEpoch || _log.LogEndOffset < source.LogStartOffset)
            {
                return false;
            }

            var own = _log.View.Epochs.EndOffsetFor(end.Epoch, _log.LogEndOffset);
            var agreed = own.Epoch == Epochs.LeaderEpochs.UndefinedEpoch ? 0 : Math.Min(end.StartOffset, own.StartOffset);
            if (agreed <= _log.View.LogStartOffset)
            {
                return false;
            }

            if (agreed >= _log.LogEndOffset)
            {
                return true;
            }

            _log.TruncateTo(agreed);
        }
    }

    /// <summary>
    /// Reads the next piece of the log; false when there is none: the copy has all. Blocks. An error of the log's (CORRUPT_MESSAGE in a
    /// damaged place, KAFKA_STORAGE_ERROR of a closed one) goes to <paramref name="error"/>.
    /// </summary>
    /// <exception cref="IOException">The log's disk failed.</exception>
    public bool Read(Func<LogView> source, out ErrorCode error)
    {
        var slice = Slice(source, out var view, view => Math.Max(_log.LogEndOffset, view.LogStartOffset));
        error = slice.ErrorCode;
        if (slice.Bytes.IsEmpty)
        {
            return false;
        }

        try
        {
            if (slice.Bytes.Length > _buffer.CapacityBytes)
            {
                _buffer.Release();
                _buffer = BufferPool.RentUnpooled(slice.Bytes.Length);
            }

            _readFrom = Math.Max(_log.LogEndOffset, view.LogStartOffset);
            _read = slice.Bytes.Data.Read(_buffer.Piece(0, slice.Bytes.Length).Span, slice.Bytes.Position);
            return _read == slice.Bytes.Length ? true : throw new IOException($"{_log.Partition} ends early at {_readFrom}");
        }
        finally
        {
            slice.Bytes.Release();
        }
    }

    /// <summary>Writes the piece that was read; false when it is not what a log holds, and nothing was written. Blocks.</summary>
    /// <exception cref="IOException">The copy's disk failed.</exception>
    public bool Write(LogView source, long nowMs)
    {
        var piece = _buffer.Piece(0, _read);
        if (!StoredBatch.TryRead(piece.Span, out var first))
        {
            return false;
        }

        if (_readFrom > _log.LogEndOffset)
        {
            // The log's start has moved past the copy's end.
            _log.TruncateFully(first.BaseOffset, nowMs);
        }

        if (_log.AppendVerbatim(piece, nowMs).ErrorCode != ErrorCode.None)
        {
            return false;
        }

        _log.WriteStaged();
        _log.Publish(Math.Max(_log.View.HighWatermark, Math.Min(source.HighWatermark, _log.LogEndOffset)));
        return true;
    }

    /// <summary>Makes all that was written durable. Blocks.</summary>
    /// <exception cref="IOException">The copy's disk failed.</exception>
    public void Flush()
    {
        var job = _log.BeginFlush(includeActive: true);
        job.Run();
        _log.CompleteFlush(job);
    }

    /// <summary>Ends the copying with all that the log's last view shows: takes its start and high watermark, and closes. Blocks.</summary>
    /// <exception cref="IOException">The copy's disk failed.</exception>
    public void Complete(LogView source)
    {
        Check.That(_log.LogEndOffset == source.LogEndOffset);
        _log.Publish(Math.Max(_log.View.HighWatermark, source.HighWatermark));
        _log.AdvanceLogStart(source.LogStartOffset);
        _log.Close();
    }

    /// <summary>Lets go of the memory; the log is its taker's to close.</summary>
    public void Dispose() => _buffer.Release();

    private static LogSlice Slice(Func<LogView> source, out LogView view, Func<LogView, long> from)
    {
        while (true)
        {
            view = source();
            var slice = view.Slice(from(view), PieceBytes, ReadLimit.LogEnd, minOneBatch: true);
            if (!slice.IsStale)
            {
                return slice;
            }
        }
    }
}
