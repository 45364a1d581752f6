using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Log;

namespace Barnabas.Cluster.Transactions.Requests;

/// <summary>Who asks that partitions join a transaction, and how. Immutable.</summary>
/// <param name="TransactionalId">The transaction's.</param>
/// <param name="ProducerId">Of the producer.</param>
/// <param name="Epoch">Of the producer.</param>
/// <param name="Partitions">To join, or to be looked for.</param>
public sealed record AddPartitions(string TransactionalId, long ProducerId, short Epoch, IReadOnlyCollection<TopicPartition> Partitions)
{
    /// <summary>2 for a client whose transactions each have an epoch, else 0.</summary>
    public short ClientVersion { get; init; }

    /// <summary>True to only ask whether they are in.</summary>
    public bool VerifyOnly { get; init; }

    /// <summary>How long to wait for the markers of the transaction before, in milliseconds; 0 to be told to come again.</summary>
    public int WaitMs { get; init; }
}

/// <summary>The answer. Immutable.</summary>
/// <param name="Error">For all partitions; None with <paramref name="Absent"/> for those that are not in the transaction.</param>
/// <param name="Absent">Of a question only: partitions that are not in.</param>
public sealed record AddedPartitions(ErrorCode Error, IReadOnlyCollection<TopicPartition> Absent)
{
    /// <summary>What is said of one partition.</summary>
    public ErrorCode Of(TopicPartition partition) =>
        Error == ErrorCode.None && Absent.Contains(partition) ? ErrorCode.TransactionAbortable : Error;
}

/// <summary>
/// Partitions join a transaction before its records get there, so that each gets a marker. Made on any thread, then owned by the
/// coordinator's loop.
/// </summary>
public sealed class AddPartitionsOperation(AddPartitions request, Action<AddedPartitions> reply)
    : TransactionRequest<AddedPartitions>(reply)
{
    private TransactionTimer? _wait;

    /// <summary>What is asked.</summary>
    public AddPartitions Asked => request;

    /// <inheritdoc/>
    public override ErrorCode Precheck(TransactionConfig config) =>
        request.TransactionalId.Length == 0 ? ErrorCode.InvalidRequest : ErrorCode.None;

    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
        _wait?.Cancel();
        var transaction = machine.Find(request.TransactionalId);
        if (Judge(transaction?.Value) is var error and not ErrorCode.None)
        {
            if (error == ErrorCode.ConcurrentTransactions && request.WaitMs > 0 && _wait is null)
            {
                Wait(machine, transaction!, decision);
                return;
            }

            Refuse(error);
            return;
        }

        var value = transaction!.Value;
        var absent = request.Partitions.Where(partition => !value.Partitions.Contains(partition)).ToList();
        Response = new AddedPartitions(ErrorCode.None, request.VerifyOnly ? absent : []);
        if (request.VerifyOnly || (absent.Count == 0 && value.State == TransactionState.Ongoing))
        {
            return;
        }

        if (request.ClientVersion > 0 && machine.World.TransactionVersion() == 0)
        {
            // The log could not say that the transaction ends as that client expects.
            Refuse(ErrorCode.UnsupportedVersion);
            return;
        }

        var joined = Transitions.Joined(value, request.Partitions, request.ClientVersion, nowMs);
        decision.Add(machine.Record(request.TransactionalId, joined));
    }

    /// <inheritdoc/>
    protected override AddedPartitions Refusal(ErrorCode error) => new(error, []);

    /// <summary>The wait for the transaction before is over without its end.</summary>
    internal void GiveUp(ErrorCode error)
    {
        _wait?.Cancel();
        Finish(error);
    }

    private ErrorCode Judge(TransactionValue? value)
    {
        if (value is null)
        {
            return ErrorCode.InvalidProducerIdMapping;
        }

        // First, for the producer may have been told of the id and epoch that it has when the markers are written.
        if (value.State.IsPreparing() && !request.VerifyOnly)
        {
            return ErrorCode.ConcurrentTransactions;
        }

        return value.ProducerId != request.ProducerId ? ErrorCode.InvalidProducerIdMapping
            : value.Epoch != request.Epoch ? ErrorCode.ProducerFenced
            : value.State.IsPreparing() ? ErrorCode.ConcurrentTransactions
            : ErrorCode.None;
    }

    private void Wait(TransactionCoordinator machine, Transaction transaction, Decision<TransactionRecord> decision)
    {
        decision.Defer();
        transaction.Waiting.Add(this);
        _wait = new TransactionTimer(machine.Loop, () =>
        {
            transaction.Waiting.Remove(this);
            Finish(ErrorCode.ConcurrentTransactions);
        });
        _wait.Set(request.WaitMs);
    }
}
