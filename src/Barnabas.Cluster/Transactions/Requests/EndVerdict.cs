using Barnabas.Base;

namespace Barnabas.Cluster.Transactions.Requests;

/// <summary>Whether a producer may end its transaction now. Immutable.</summary>
/// <param name="Error">Why not, or None.</param>
/// <param name="IsRetry">True when it is ended just so already.</param>
internal readonly record struct EndVerdict(ErrorCode Error, bool IsRetry = false)
{
    private static readonly EndVerdict Goes = new(ErrorCode.None);
    private static readonly EndVerdict Retry = new(ErrorCode.None, IsRetry: true);

    /// <summary>
    /// With an epoch for every transaction: an epoch that is one behind is that of the transaction before, of which this is the retry.
    /// There may be nothing in a transaction that is aborted.
    /// </summary>
    public static EndVerdict WithEpochs(TransactionValue value, long producerId, short epoch, bool isCommit)
    {
        if (value.State.IsPreparing())
        {
            return new(ErrorCode.ConcurrentTransactions);
        }

        // The epoch above the last one given only fences: nobody may be told it for the retry of an end.
        var isNext = value.Epoch == epoch + 1 && epoch < TransactionValue.LastEpochGiven;
        var isRotated = value.PreviousProducerId == producerId && epoch == TransactionValue.LastEpochGiven && value.Epoch == 0;

        // Where the end did not raise the epoch, one that is behind is that of a producer which another has fenced.
        var isRetry = value.ClientVersion >= Transitions.EpochPerTransaction && (isNext || isRotated);
        if (value.ProducerId != producerId && !isRotated)
        {
            return new(ErrorCode.InvalidProducerIdMapping);
        }

        var isOver = value.State is TransactionState.CompleteCommit or TransactionState.CompleteAbort;
        if (epoch != value.Epoch && !(isOver && isRetry))
        {
            return new(ErrorCode.ProducerFenced);
        }

        return value.State switch
        {
            TransactionState.Ongoing => Goes,
            TransactionState.CompleteCommit when isCommit && isRetry => Retry,
            TransactionState.CompleteAbort when !isCommit && isRetry => Retry,
            _ when isRetry && isOver => new(ErrorCode.InvalidTxnState),
            _ => isCommit ? new(ErrorCode.InvalidTxnState) : Goes,
        };
    }

    /// <summary>The older protocol, in which the epoch stays and a retry looks like the end of the next transaction.</summary>
    public static EndVerdict WithoutEpochs(TransactionValue value, long producerId, short epoch, bool isCommit)
    {
        if (value.ProducerId != producerId)
        {
            return new(ErrorCode.InvalidProducerIdMapping);
        }

        if (epoch != value.Epoch)
        {
            return new(ErrorCode.ProducerFenced);
        }

        return value.State switch
        {
            TransactionState.PrepareCommit or TransactionState.PrepareAbort => new(ErrorCode.ConcurrentTransactions),
            TransactionState.Ongoing => Goes,
            TransactionState.CompleteCommit when isCommit => Retry,
            TransactionState.CompleteAbort when !isCommit => Retry,
            _ => new(ErrorCode.InvalidTxnState),
        };
    }
}
