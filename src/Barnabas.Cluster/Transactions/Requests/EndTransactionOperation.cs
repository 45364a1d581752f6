using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Transactions.Requests;

/// <summary>
/// A producer commits or aborts its transaction. It is answered when the decision is committed; the markers follow. Made on any thread,
/// then owned by the coordinator's loop.
/// </summary>
/// <param name="request">From the producer.</param>
/// <param name="raisesEpoch">True for a client whose transactions each have an epoch, which it is told here.</param>
/// <param name="reply">Takes the answer.</param>
public sealed class EndTransactionOperation(EndTxnRequest request, bool raisesEpoch, Action<EndTxnResponse> reply)
    : TransactionRequest<EndTxnResponse>(reply), IWantsProducerId
{
    private TransactionCoordinator? _decided;

    /// <inheritdoc/>
    public override ErrorCode Precheck(TransactionConfig config) =>
        request.TransactionalId.Length == 0 ? ErrorCode.InvalidRequest : ErrorCode.None;

    long IWantsProducerId.BroughtProducerId { get; set; } = -1;

    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
        if (machine.Find(request.TransactionalId)?.Value is not { } value)
        {
            Refuse(ErrorCode.InvalidProducerIdMapping);
            return;
        }

        var verdict = raisesEpoch
            ? EndVerdict.WithEpochs(value, request.ProducerId, request.ProducerEpoch, request.Committed)
            : EndVerdict.WithoutEpochs(value, request.ProducerId, request.ProducerEpoch, request.Committed);
        if (verdict.Error != ErrorCode.None)
        {
            Refuse(verdict.Error);
        }
        else if (verdict.IsRetry)
        {
            Response = Told(value);
        }
        else if (raisesEpoch && machine.World.TransactionVersion() == 0)
        {
            Refuse(ErrorCode.UnsupportedVersion);
        }
        else
        {
            Prepare(machine, value, decision, nowMs);
        }
    }

    /// <inheritdoc/>
    protected override EndTxnResponse Refusal(ErrorCode error) => new() { ErrorCode = error };

    /// <inheritdoc/>
    protected override void Committed()
    {
        if (_decided?.Find(request.TransactionalId) is { } transaction)
        {
            _decided.CarryOut(transaction);
        }
    }

    private void Prepare(TransactionCoordinator machine, TransactionValue value, Decision<TransactionRecord> decision, long nowMs)
    {
        var next = ((IWantsProducerId)this).BroughtProducerId;
        var wantsId = raisesEpoch && value.IsEpochExhausted;
        if (wantsId && next < 0)
        {
            decision.Defer();
            machine.ProducerIds.Bring(machine, this);
            return;
        }

        var version = raisesEpoch ? Transitions.EpochPerTransaction : (short)0;
        var prepared = Transitions.Prepared(value, request.Committed, version, wantsId ? next : -1, nowMs);
        decision.Add(machine.Record(request.TransactionalId, prepared));
        _decided = machine;
        Response = Told(prepared);
    }

    // What the producer has when the markers are written.
    private EndTxnResponse Told(TransactionValue value) => !raisesEpoch ? new EndTxnResponse() : new EndTxnResponse
    {
        ProducerId = value.NextProducerId >= 0 ? value.NextProducerId : value.ProducerId,
        ProducerEpoch = value.NextProducerId >= 0 ? (short)0 : value.Epoch,
    };
}
