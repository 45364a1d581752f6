using Barnabas.Log;

namespace Barnabas.Cluster.Transactions;

/// <summary>
/// The changes of a transactional id, each as a function from what is known to what will be. Whether a change is allowed is for the
/// request that wants it. Stateless.
/// </summary>
internal static class Transitions
{
    /// <summary>The level of transaction.version from which on the end of every transaction raises the epoch.</summary>
    public const short EpochPerTransaction = 2;

    /// <summary>A transactional id that is new.</summary>
    public static TransactionValue Created(long producerId, int timeoutMs, long nowMs) => new()
    {
        ProducerId = producerId,
        PreviousProducerId = producerId,
        Epoch = 0,
        TimeoutMs = timeoutMs,
        State = TransactionState.Empty,
        LastUpdateMs = nowMs,
    };

    /// <summary>A producer began anew: its epoch is one higher, or stays where this is the retry of a request that raised it.</summary>
    public static TransactionValue Begun(TransactionValue value, short epoch, short lastEpoch, int timeoutMs, long nowMs) => value with
    {
        PreviousProducerId = value.ProducerId,
        NextProducerId = -1,
        Epoch = epoch,
        LastEpoch = lastEpoch,
        TimeoutMs = timeoutMs,
        State = TransactionState.Empty,
        Partitions = PartitionList.Empty,
        StartMs = -1,
        LastUpdateMs = nowMs,
    };

    /// <summary>A producer began anew whose epochs are used up: it gets another producer id.</summary>
    public static TransactionValue Rotated(TransactionValue value, long producerId, bool isKnown, int timeoutMs, long nowMs) =>
        Begun(value, 0, isKnown ? value.Epoch : (short)-1, timeoutMs, nowMs) with { ProducerId = producerId };

    /// <summary>Partitions joined; the first ones begin the transaction.</summary>
    public static TransactionValue Joined(
        TransactionValue value, IReadOnlyCollection<TopicPartition> partitions, short clientVersion, long nowMs) => value with
        {
            PreviousProducerId = value.ProducerId,
            State = TransactionState.Ongoing,
            Partitions = value.Partitions.With(partitions),
            StartMs = value.State == TransactionState.Ongoing ? value.StartMs : nowMs,
            ClientVersion = clientVersion,
            LastUpdateMs = nowMs,
        };

    /// <summary>It is decided how the transaction ends.</summary>
    /// <param name="value">As it is.</param>
    /// <param name="isCommit">How.</param>
    /// <param name="clientVersion">From 2 on the epoch is raised, so that nothing late of this transaction gets into the next.</param>
    /// <param name="nextProducerId">For a producer whose epochs are used up, else -1.</param>
    /// <param name="nowMs">Wall-clock milliseconds.</param>
    public static TransactionValue Prepared(
        TransactionValue value, bool isCommit, short clientVersion, long nextProducerId, long nowMs)
    {
        var raises = clientVersion >= EpochPerTransaction;
        return value with
        {
            PreviousProducerId = value.ProducerId,
            NextProducerId = nextProducerId,
            Epoch = raises ? Raised(value.Epoch) : value.Epoch,
            LastEpoch = raises ? value.Epoch : value.LastEpoch,
            State = isCommit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort,

            // One without partitions has no beginning of its own.
            StartMs = value.State == TransactionState.Ongoing ? value.StartMs : nowMs,
            ClientVersion = clientVersion,
            LastUpdateMs = nowMs,
        };
    }

    /// <summary>
    /// The coordinator aborts the transaction itself: it took too long, or its producer begins anew. The epoch is raised at every level, so
    /// that whoever is still in it is fenced.
    /// </summary>
    public static TransactionValue Fenced(TransactionValue value, short transactionVersion, long nowMs)
    {
        if (transactionVersion >= EpochPerTransaction)
        {
            return Prepared(value, isCommit: false, EpochPerTransaction, -1, nowMs);
        }

        return Prepared(value, isCommit: false, 0, -1, nowMs) with { Epoch = Raised(value.Epoch), LastEpoch = -1 };
    }

    /// <summary>Every partition has its marker.</summary>
    public static TransactionValue Completed(TransactionValue value, long nowMs)
    {
        var moves = value.NextProducerId >= 0;
        return value with
        {
            PreviousProducerId = value.ProducerId,
            ProducerId = moves ? value.NextProducerId : value.ProducerId,
            NextProducerId = -1,
            Epoch = moves ? (short)0 : value.Epoch,
            State = value.State == TransactionState.PrepareCommit ? TransactionState.CompleteCommit : TransactionState.CompleteAbort,
            Partitions = PartitionList.Empty,
            LastUpdateMs = nowMs,
        };
    }

    // The last one only fences: producers are given at most the one before it.
    private static short Raised(short epoch) => epoch == short.MaxValue ? epoch : (short)(epoch + 1);
}
