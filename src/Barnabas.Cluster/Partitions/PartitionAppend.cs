using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// One partition's part of an append: the batch in, the outcome out. Owned by the maker until its <see cref="AppendTask"/> is posted, then
/// by the shard, and by the maker again once the group has been acknowledged.
/// </summary>
public sealed class PartitionAppend
{
    private const string DiskIsFull = "The disk is full up to its reserve (barnabas.disk.reserve.bytes); try again later.";
    internal PartitionAppend? NextInTask;
    internal PartitionAppend? NextInQueue;
    internal AppendTask? Task;
    private BufferLease? _ownBatch;
    private TransactionGuard _guard;

    /// <summary>Where the batch goes; null when the maker found no such partition.</summary>
    public Replica? Replica { get; set; }

    /// <summary>Exactly one whole batch, checked; base offset and leader epoch are written into it.</summary>
    public BytePiece Batch { get; set; }

    /// <summary>The header of the batch as it came.</summary>
    public RecordBatchHeader Header { get; set; }

    /// <summary>Who wrote the batch.</summary>
    public AppendOrigin Origin { get; set; }

    /// <summary>Of a marker: true when it commits the transaction, false when it aborts it.</summary>
    public bool IsCommit { get; set; }

    /// <summary>Whether the batch is known to be part of a transaction that is under way.</summary>
    public TransactionCheck Check { get; set; }

    /// <summary>
    /// True when the batch was not appended, because the coordinator has to be asked first: with <see cref="TransactionCheck.Passed"/>
    /// it is posted again.
    /// </summary>
    public bool IsHeld { get; private set; }

    /// <summary>What became of it; set by the maker for a batch that it refused itself.</summary>
    public ErrorCode Error { get; set; }

    /// <summary>A sentence for the client, or null.</summary>
    public string? ErrorMessage { get; set; }

    /// <summary>The records that were refused, where it was for their content.</summary>
    public RecordErrors? RecordErrors { get; set; }

    /// <summary>What the maker still has to do before the part may be posted.</summary>
    public BatchWork Work { get; set; }

    /// <summary>First offset given, or -1.</summary>
    public long BaseOffset { get; internal set; }

    /// <summary>Wall-clock milliseconds of a topic with LogAppendTime (or of the original of a duplicate), else -1.</summary>
    public long LogAppendTimeMs { get; internal set; }

    /// <summary>Start of the log after the append, or -1.</summary>
    public long LogStartOffset { get; set; }

    /// <summary>Last offset given; the append is committed when the high watermark has passed it.</summary>
    internal long LastOffset { get; set; }

    /// <summary>The leader epoch in which the batch was appended.</summary>
    internal int LeaderEpoch { get; set; }

    /// <summary>True to be acknowledged when committed, which also asks for enough replicas in sync.</summary>
    internal bool Committed { get; set; }

    /// <summary>True when the replica takes it now; else the refusal is in it. In a turn of the replica's shard.</summary>
    internal bool MayBeAppendedTo(Replica replica)
    {
        Error = replica.CheckLeader(-1);
        if (Error == ErrorCode.None && Committed && !replica.State.HasEnoughInSync)
        {
            Error = ErrorCode.NotEnoughReplicas;
        }
        else if (Error == ErrorCode.None && Origin == AppendOrigin.Client && !replica.Shard.Health.Room.IsThere)
        {
            // What coordinators write is little, and the groups go on reading.
            (Error, ErrorMessage) = (ErrorCode.KafkaStorageError, DiskIsFull);
        }

        return Error == ErrorCode.None;
    }

    /// <summary>
    /// True when the batch may go into the log as far as its transaction is concerned; else it is held, or refused with NOT_ENOUGH_REPLICAS
    /// where a marker has come since the coordinator was asked: it may be that of the transaction before, and clients send again at that
    /// code, so that the coordinator is asked again too. In a turn of the replica's shard.
    /// </summary>
    internal bool MayJoinTransaction(Replica replica)
    {
        IsHeld = false;
        if (Check == TransactionCheck.None || TransactionGuard.Of(replica, Header.ProducerId, Header.ProducerEpoch) is not { } guard)
        {
            return true;
        }

        if (Check == TransactionCheck.Passed)
        {
            if (_guard.Holds(replica, Header.ProducerId))
            {
                return true;
            }

            Refuse(ErrorCode.NotEnoughReplicas);
            return false;
        }

        _guard = guard;
        IsHeld = true;
        return false;
    }

    /// <summary>What the log made of the batch.</summary>
    internal void Take(in AppendResult result)
    {
        Error = result.ErrorCode;
        BaseOffset = result.BaseOffset;
        LastOffset = result.LastOffset;
        LogAppendTimeMs = result.LogAppendTimeMs;
        LogStartOffset = result.LogStartOffset;
    }

    /// <summary>Refuses the batch: it has no offsets.</summary>
    public void Refuse(ErrorCode error, string? message = null)
    {
        Error = error;
        ErrorMessage = message;
        BaseOffset = -1;
        LogAppendTimeMs = -1;
        LogStartOffset = -1;
        LastOffset = -1;
    }

    /// <summary>Puts another batch in the place of the one that came, in memory that the part holds until it is reset.</summary>
    public void OwnBatch(ReadOnlySpan<byte> batch)
    {
        _ownBatch?.Release();
        _ownBatch = BufferPool.RentUnpooled(batch.Length);
        batch.CopyTo(_ownBatch.Span);
        Batch = _ownBatch.Piece(0, batch.Length);
    }

    /// <summary>Empties the part for its next use.</summary>
    public void Reset()
    {
        _ownBatch?.Release();
        _ownBatch = null;
        RecordErrors = null;
        Work = BatchWork.None;
        NextInTask = null;
        NextInQueue = null;
        Task = null;
        Replica = null;
        Batch = default;
        Header = default;
        Origin = AppendOrigin.Client;
        IsCommit = false;
        Check = TransactionCheck.None;
        IsHeld = false;
        Committed = false;
        Refuse(ErrorCode.None);
    }
}
