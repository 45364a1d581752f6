using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Transactions.Requests;

/// <summary>
/// A producer with a transactional id begins, or begins anew: it gets an epoch of its own, and whoever had the id before is fenced. A
/// transaction that is still under way is aborted first, and the producer asks again. Made on any thread, then owned by the coordinator's
/// loop.
/// </summary>
public sealed class InitProducerIdOperation(InitProducerIdRequest request, Action<InitProducerIdResponse> reply)
    : TransactionRequest<InitProducerIdResponse>(reply), IWantsProducerId
{
    private TransactionCoordinator? _aborts;

    /// <summary>The id of this producer; never empty.</summary>
    public string TransactionalId { get; } = request.TransactionalId!;

    long IWantsProducerId.BroughtProducerId { get; set; } = -1;

    // A producer that knows its id and epoch only wants them raised.
    private bool IsKnown => request.ProducerId >= 0;

    /// <inheritdoc/>
    public override ErrorCode Precheck(TransactionConfig config) =>
        request.TransactionTimeoutMs <= 0 || request.TransactionTimeoutMs > config.TimeoutMsMax
            ? ErrorCode.InvalidTransactionTimeout
            : ErrorCode.None;

    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
        if (machine.Find(TransactionalId) is { } transaction)
        {
            Begin(machine, transaction.Value, decision, nowMs);
        }
        else if (TakesNewId(machine, decision, out var producerId))
        {
            Become(machine, Transitions.Created(producerId, request.TransactionTimeoutMs, nowMs), decision);
        }
    }

    /// <inheritdoc/>
    protected override InitProducerIdResponse Refusal(ErrorCode error) => new() { ErrorCode = error, ProducerId = -1, ProducerEpoch = -1 };

    /// <inheritdoc/>
    protected override void Committed()
    {
        if (_aborts?.Find(TransactionalId) is { } transaction)
        {
            _aborts.CarryOut(transaction);
        }
    }

    private void Begin(TransactionCoordinator machine, TransactionValue value, Decision<TransactionRecord> decision, long nowMs)
    {
        if (value.State.IsPreparing())
        {
            Refuse(ErrorCode.ConcurrentTransactions);
        }
        else if (IsKnown && !IsOfProducer(value))
        {
            Refuse(ErrorCode.ProducerFenced);
        }
        else if (value.State == TransactionState.Ongoing)
        {
            decision.Add(machine.Record(TransactionalId, Transitions.Fenced(value, machine.World.TransactionVersion(), nowMs)));
            _aborts = machine;
            Refuse(ErrorCode.ConcurrentTransactions);
        }
        else if (value.IsEpochExhausted && (!IsKnown || request.ProducerEpoch == value.Epoch))
        {
            if (TakesNewId(machine, decision, out var producerId))
            {
                Become(machine, Transitions.Rotated(value, producerId, IsKnown, request.TransactionTimeoutMs, nowMs), decision);
            }
        }
        else if (Epochs(value) is { } epochs)
        {
            var (epoch, last) = epochs;
            Become(machine, Transitions.Begun(value, epoch, last, request.TransactionTimeoutMs, nowMs), decision);
        }
        else
        {
            Refuse(ErrorCode.ProducerFenced);
        }
    }

    // The id that it has, or the one that was taken from it when its epochs were used up.
    private bool IsOfProducer(TransactionValue value) => request.ProducerId == value.ProducerId
        || (request.ProducerId == value.PreviousProducerId && request.ProducerEpoch >= TransactionValue.LastEpochGiven);

    // The new epoch and the one before it; null for a producer that somebody else has fenced.
    private (short Epoch, short Last)? Epochs(TransactionValue value)
    {
        if (!IsKnown)
        {
            return ((short)(value.Epoch + 1), -1);
        }

        if (request.ProducerEpoch == value.Epoch)
        {
            return ((short)(value.Epoch + 1), value.Epoch);
        }

        // The epoch was raised already, and the answer got lost.
        return request.ProducerEpoch == value.LastEpoch ? (value.Epoch, value.LastEpoch) : null;
    }

    private bool TakesNewId(TransactionCoordinator machine, Decision<TransactionRecord> decision, out long producerId)
    {
        producerId = ((IWantsProducerId)this).BroughtProducerId;
        if (producerId < 0)
        {
            decision.Defer();
            machine.ProducerIds.Bring(machine, this);
        }

        return producerId >= 0;
    }

    private void Become(TransactionCoordinator machine, TransactionValue value, Decision<TransactionRecord> decision)
    {
        decision.Add(machine.Record(TransactionalId, value));
        Response = new InitProducerIdResponse { ProducerId = value.ProducerId, ProducerEpoch = value.Epoch };
    }
}
