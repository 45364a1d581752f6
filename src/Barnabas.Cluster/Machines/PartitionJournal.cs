using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Machines;

/// <summary>
/// The log of a partition as the journal of the machine that lives on it: one decision is one batch. The bytes are staged at once and
/// written at the end of the shard's turn. Owned by the shard's loop.
/// </summary>
public sealed class PartitionJournal<TRecord>(Replica replica, RecordCodec<TRecord> codec) : IJournal<TRecord>, IDisposable
    where TRecord : class
{
    private const int BlockBytes = 16 * 1024;

    private readonly ByteWriter _bytes = new();
    private readonly PartitionAppend _part = new();
    private readonly List<BufferLease> _full = [];
    private RecordBatchBuilder? _batch;
    private BufferLease? _block;
    private int _blockUsed;

    /// <inheritdoc/>
    public long EndOffset => replica.Log.LogEndOffset;

    /// <inheritdoc/>
    public long HighWatermark => replica.View.HighWatermark;

    /// <inheritdoc/>
    public JournalAppend Append(ReadOnlySpan<TRecord> records, long nowMs)
    {
        _bytes.Reset();
        if (!TryBuild(records, nowMs))
        {
            return new JournalAppend(ErrorCode.UnknownServerError, -1);
        }

        if (_bytes.Length > replica.State.Config.MaxMessageBytes)
        {
            return new JournalAppend(ErrorCode.MessageTooLarge, -1);
        }

        _part.Reset();
        _part.Batch = Hold(_bytes.Written);
        _part.Origin = AppendOrigin.Coordinator;
        _part.Committed = true;
        replica.Append(_part);
        return new JournalAppend(_part.Error, _part.Error == ErrorCode.None ? _part.LastOffset : -1);
    }

    /// <summary>What was staged has been written: its memory is let go.</summary>
    public void ReleaseWritten()
    {
        if (replica.Log.HasStaged)
        {
            return;
        }

        foreach (var block in _full)
        {
            block.Release();
        }

        _full.Clear();
        _block?.Release();
        _block = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ReleaseWritten();
        _batch?.Dispose();
        _bytes.Dispose();
    }

    // False for what a record has no way to say: names come from clients, and a name may be longer than a record's length of it can be.
    private bool TryBuild(ReadOnlySpan<TRecord> records, long nowMs)
    {
        _batch ??= new RecordBatchBuilder(_bytes);
        _batch.Begin(codec.OptionsOf(records));
        try
        {
            foreach (var record in records)
            {
                codec.Write(record, nowMs, _batch);
            }
        }
        catch (UnsupportedVersionException)
        {
            _batch.Abandon();
            return false;
        }

        _batch.End();
        return true;
    }

    // Staged bytes stay where they are until the turn has written them.
    private BytePiece Hold(ReadOnlySpan<byte> bytes)
    {
        if (_block is null || _block.CapacityBytes - _blockUsed < bytes.Length)
        {
            if (_block is not null)
            {
                _full.Add(_block);
            }

            _block = BufferPool.RentUnpooled(Math.Max(BlockBytes, bytes.Length));
            _blockUsed = 0;
        }

        var piece = _block.Piece(_blockUsed, bytes.Length);
        bytes.CopyTo(piece.Span);
        _blockUsed += bytes.Length;
        return piece;
    }
}
