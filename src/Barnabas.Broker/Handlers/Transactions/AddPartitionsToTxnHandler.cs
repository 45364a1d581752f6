using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Log;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Transactions;

using PartitionResult = AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult;
using RequestTopic = AddPartitionsToTxnRequest.AddPartitionsToTxnTopic;
using TopicResult = AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult;
using TransactionResult = AddPartitionsToTxnResponse.AddPartitionsToTxnResult;

/// <summary>
/// AddPartitionsToTxn: of a producer, for one transaction, or of a broker, for several, which may also only ask. If one partition cannot
/// join, none does.
/// </summary>
internal sealed class AddPartitionsToTxnHandler(TransactionCoordinators coordinators)
    : MessageHandler<AddPartitionsToTxnRequest>(ApiKey.AddPartitionsToTxn)
{
    private const short FirstVersionWithProducerFenced = 2, FirstVersionOfBrokers = 4;

    /// <inheritdoc/>
    protected override void Handle(Request request, AddPartitionsToTxnRequest message)
    {
        var isBroker = request.ApiVersion >= FirstVersionOfBrokers;
        var asked = isBroker ? message.Transactions : [OfProducer(message)];
        var answers = new TransactionResult?[asked.Count];
        if (asked.Count == 0)
        {
            request.Complete(new AddPartitionsToTxnResponse());
            return;
        }

        var call = new CoordinatorCall(request, asked.Count, () => isBroker
            ? new AddPartitionsToTxnResponse { ResultsByTransaction = [.. answers.OfType<TransactionResult>()] }
            : new AddPartitionsToTxnResponse { ResultsByTopicV3AndBelow = answers[0]!.TopicResults });
        for (var i = 0; i < asked.Count; i++)
        {
            var index = i;
            Ask(asked[i], request.ApiVersion, call, answer => answers[index] = answer);
        }
    }

    private void Ask(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction asked,
        short version,
        CoordinatorCall call,
        Action<TransactionResult> answer)
    {
        var isBroker = version >= FirstVersionOfBrokers;
        if (asked.Topics.Exists(topic => topic.Partitions.Exists(p => Problem(topic.Name, p, isBroker) != ErrorCode.None)))
        {
            answer(Result(asked, at => Problem(at.Topic, at.Partition, isBroker) is var problem and not ErrorCode.None
                ? problem
                : ErrorCode.OperationNotAttempted));
            call.Answered();
            call.Submitted();
            return;
        }

        var partitions = asked.Topics.SelectMany(topic => topic.Partitions, (topic, p) => new TopicPartition(topic.Name, p)).ToList();
        var question = new AddPartitions(asked.TransactionalId, asked.ProducerId, asked.ProducerEpoch, partitions)
        {
            ClientVersion = isBroker ? (short)2 : (short)0,
            VerifyOnly = asked.VerifyOnly,
        };
        var operation = new AddPartitionsOperation(question, added =>
        {
            answer(Result(asked, at => OldCodes.Of(added.Of(at), version >= FirstVersionWithProducerFenced)));
            call.Answered();
        });
        coordinators.Submit(asked.TransactionalId, operation, call.Submitted);
    }

    // Brokers add the offsets topic on behalf of their groups; producers have AddOffsetsToTxn for it.
    private ErrorCode Problem(string topic, int partition, bool isBroker) =>
        !isBroker && TopicNames.IsInternal(topic) ? ErrorCode.TopicAuthorizationFailed
        : coordinators.Image.Topics.Find(topic)?.Find(partition) is null ? ErrorCode.UnknownTopicOrPartition
        : ErrorCode.None;

    private static TransactionResult Result(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction asked, Func<TopicPartition, ErrorCode> codeOf) => new()
        {
            TransactionalId = asked.TransactionalId,
            TopicResults = asked.Topics.ConvertAll(topic => new TopicResult
            {
                Name = topic.Name,
                ResultsByPartition = topic.Partitions.ConvertAll(partition => new PartitionResult
                {
                    PartitionIndex = partition, PartitionErrorCode = codeOf(new TopicPartition(topic.Name, partition)),
                }),
            }),
        };

    private static AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction OfProducer(AddPartitionsToTxnRequest message) => new()
    {
        TransactionalId = message.V3AndBelowTransactionalId,
        ProducerId = message.V3AndBelowProducerId,
        ProducerEpoch = message.V3AndBelowProducerEpoch,
        Topics = [.. message.V3AndBelowTopics.Select(topic => new RequestTopic { Name = topic.Name, Partitions = topic.Partitions })],
    };
}
