using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Transactions.Requests;

using StateData = DescribeTransactionsResponse.TransactionStateData;

/// <summary>What is known of one transactional id. Made on any thread, then owned by the coordinator's loop.</summary>
public sealed class DescribeTransactionOperation(string transactionalId, Action<StateData> reply) : TransactionRequest<StateData>(reply)
{
    /// <inheritdoc/>
    public override ErrorCode Precheck(TransactionConfig config) =>
        transactionalId.Length == 0 ? ErrorCode.InvalidRequest : ErrorCode.None;

    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
        if (machine.Find(transactionalId)?.Value is not { } value)
        {
            Refuse(ErrorCode.TransactionalIdNotFound);
            return;
        }

        Response = new StateData
        {
            TransactionalId = transactionalId,
            TransactionState = value.State.ToString(),
            TransactionTimeoutMs = value.TimeoutMs,
            TransactionStartTimeMs = value.StartMs,
            ProducerId = value.ProducerId,
            ProducerEpoch = value.Epoch,
            Topics =
            [
                .. value.Partitions.All.GroupBy(at => at.Topic, at => at.Partition, StringComparer.Ordinal)
                    .Select(topic => new DescribeTransactionsResponse.TopicData { Topic = topic.Key, Partitions = [.. topic] }),
            ],
        };
    }

    /// <inheritdoc/>
    protected override StateData Refusal(ErrorCode error) => new() { TransactionalId = transactionalId, ErrorCode = error };
}
