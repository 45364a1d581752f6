using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Messages;
using Barnabas.Simulation.Nodes;

namespace Barnabas.Simulation.Faults;

/// <summary>Takes the end of a transaction that is over for its retry, whatever it wants. A planted bug.</summary>
internal sealed class CredulousEndHandler(SimNode node) : MessageHandler<EndTxnRequest>(ApiKey.EndTxn)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, EndTxnRequest message)
    {
        var version = request.ApiVersion;
        foreach (var replica in node.Held)
        {
            var value = (replica.Resident as PartitionMachine<TransactionCoordinator, TransactionRecord>)?.Host.Machine
                .Find(message.TransactionalId)?.Value;
            if (value is { State: TransactionState.CompleteAbort or TransactionState.CompleteCommit })
            {
                message.Committed = value.State == TransactionState.CompleteCommit;
            }
        }

        var call = new CoordinatorCall(request);
        node.Transactions.Submit(
            message.TransactionalId, new EndTransactionOperation(message, version >= 5, call.Answer), call.Submitted);
    }
}

/// <summary>Takes a commit of anybody for that of a member as it is now. A planted bug.</summary>
internal sealed class CredulousCommitHandler(SimNode node) : MessageHandler<OffsetCommitRequest>(ApiKey.OffsetCommit)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, OffsetCommitRequest message)
    {
        var group = node.Held.Select(replica => (replica.Resident as PartitionMachine<GroupCoordinator, GroupRecord>)?.Host.Machine)
            .Select(coordinator => coordinator?.Find(message.GroupId)).FirstOrDefault(found => found is not null);
        if (group is ClassicGroup { IsEmpty: false } classic)
        {
            message.MemberId = classic.Members.First().Id;
            message.GroupInstanceId = null;
            message.GenerationIdOrMemberEpoch = classic.Generation;
        }
        else if (group is ConsumerGroup { IsEmpty: false } consumer)
        {
            var member = consumer.Find(message.MemberId) ?? consumer.Members.First();
            message.MemberId = member.Id;
            message.GenerationIdOrMemberEpoch = member.Epoch;
        }

        foreach (var topic in message.Topics)
        {
            topic.TopicId = node.Groups.Image.Topics.Find(topic.Name)?.Id ?? topic.TopicId;
        }

        var call = new CoordinatorCall(request);
        var operation = new CommitOffsetsOperation(message, CoordinatorCall.CallerOf(request), call.Answer);
        node.Groups.Submit(message.GroupId, operation, call.Submitted);
    }
}
