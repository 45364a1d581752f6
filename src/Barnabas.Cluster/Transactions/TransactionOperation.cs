using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions;

/// <summary>Something to decide in a transaction coordinator.</summary>
public abstract class TransactionOperation : Operation<TransactionCoordinator, TransactionRecord>
{
    /// <summary>
    /// What is wrong with the request whatever the coordinator knows; None if nothing is. Asked for before the operation is submitted. Any
    /// thread.
    /// </summary>
    public virtual ErrorCode Precheck(TransactionConfig config) => ErrorCode.None;
}

/// <summary>What a coordinator decides of its own accord.</summary>
internal abstract class TransactionChore : TransactionOperation
{
    /// <inheritdoc/>
    public sealed override bool IsInternal => true;

    /// <summary>Nobody waits for it; what failed is taken up by the next timer, or by the next coordinator.</summary>
    protected override void Completed(ErrorCode error)
    {
    }
}

/// <summary>What is asked of a coordinator. Made on any thread, then owned by its loop, on which it replies once.</summary>
/// <typeparam name="TResponse">The answer.</typeparam>
public abstract class TransactionRequest<TResponse>(Action<TResponse> reply) : TransactionOperation
    where TResponse : class
{
    /// <summary>What to answer once all is committed; null until decided.</summary>
    protected TResponse? Response { get; set; }

    /// <summary>The answer that only says what went wrong.</summary>
    protected abstract TResponse Refusal(ErrorCode error);

    /// <summary>The records are committed: what follows from them, before the answer.</summary>
    protected virtual void Committed()
    {
    }

    /// <summary>Answers with an error once all that it rests on is committed.</summary>
    protected void Refuse(ErrorCode error) => Response = Refusal(error);

    /// <inheritdoc/>
    protected sealed override void Completed(ErrorCode error)
    {
        if (error != ErrorCode.None)
        {
            reply(Refusal(CoordinatorErrors.Of(error)));
            return;
        }

        Committed();
        reply(Response!);
    }
}
