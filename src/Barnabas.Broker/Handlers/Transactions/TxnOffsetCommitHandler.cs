using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Transactions;

using RequestTopic = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic;
using ResponsePartition = TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition;
using ResponseTopic = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic;

/// <summary>
/// TxnOffsetCommit: offsets of a group in a transaction. What exists goes to the group's coordinator, once the transaction is known to be
/// under way; what does not is refused here.
/// </summary>
internal sealed class TxnOffsetCommitHandler(GroupCoordinators groups, TransactionVerifier verifier)
    : MessageHandler<TxnOffsetCommitRequest>(ApiKey.TxnOffsetCommit)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, TxnOffsetCommitRequest message)
    {
        var refused = new TxnOffsetCommitResponse();
        message.Topics = Existing(message.Topics, refused);
        if (message.Topics.Count == 0)
        {
            request.Complete(refused);
            return;
        }

        var call = new CoordinatorCall(request);
        var operation = new CommitInTransactionOperation(message, answer => call.Answer(Join(refused, answer)));
        if (groups.Admit(message.GroupId, operation) is { } replica)
        {
            new TransactionalCommit(replica, message, operation, call.Submitted, request.ApiVersion).Begin(verifier);
        }
        else
        {
            call.Submitted();
        }
    }

    private List<RequestTopic> Existing(List<RequestTopic> topics, TxnOffsetCommitResponse refused)
    {
        var existing = new List<RequestTopic>(topics.Count);
        foreach (var topic in topics)
        {
            var known = groups.Image.Topics.Find(topic.Name);
            foreach (var partition in topic.Partitions.Where(partition => known?.Find(partition.PartitionIndex) is null))
            {
                Of(refused, topic.Name).Partitions.Add(new ResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex, ErrorCode = ErrorCode.UnknownTopicOrPartition,
                });
            }

            var good = topic.Partitions.FindAll(partition => known?.Find(partition.PartitionIndex) is not null);
            if (good.Count > 0)
            {
                existing.Add(new RequestTopic { Name = topic.Name, Partitions = good });
            }
        }

        return existing;
    }

    // As Kafka puts them together: what was refused here comes first, topic by topic.
    private static TxnOffsetCommitResponse Join(TxnOffsetCommitResponse refused, TxnOffsetCommitResponse answer)
    {
        foreach (var topic in answer.Topics)
        {
            Of(refused, topic.Name).Partitions.AddRange(topic.Partitions);
        }

        return refused;
    }

    private static ResponseTopic Of(TxnOffsetCommitResponse response, string name)
    {
        if (response.Topics.Find(topic => topic.Name == name) is { } there)
        {
            return there;
        }

        var added = new ResponseTopic { Name = name };
        response.Topics.Add(added);
        return added;
    }
}
