using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Partitions;
using Barnabas.Log.Producers;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>Shows the producers that partitions remember, in turns of their owners.</summary>
internal sealed class DescribeProducersHandler(PartitionFinder partitions)
    : MessageHandler<DescribeProducersRequest>(ApiKey.DescribeProducers)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeProducersRequest message)
    {
        var response = new DescribeProducersResponse();
        var round = new ShardRound(() => request.Complete(response));
        foreach (var topic in message.Topics)
        {
            var answers = new DescribeProducersResponse.TopicResponse { Name = topic.Name };
            response.Topics.Add(answers);
            foreach (var index in topic.PartitionIndexes)
            {
                var answer = new DescribeProducersResponse.PartitionResponse { PartitionIndex = index };
                answers.Partitions.Add(answer);
                (answer.ErrorCode, answer.ErrorMessage) = Find(topic.Name, index, out var replica);
                if (answer.ErrorCode == ErrorCode.None)
                {
                    round.Run(replica, () => answer.ActiveProducers = replica.DescribeProducers().Select(Describe).ToList());
                }
            }
        }

        round.End();
    }

    private static DescribeProducersResponse.ProducerState Describe(ProducerDescription producer) => new()
    {
        ProducerId = producer.ProducerId,
        ProducerEpoch = producer.Epoch,
        LastSequence = producer.LastSequence,
        LastTimestamp = producer.LastTimestampMs,
        CoordinatorEpoch = producer.CoordinatorEpoch,
        CurrentTxnStartOffset = producer.TransactionFirstOffset,
    };

    // Only what is wrong with a topic is put into words, as Kafka has it.
    private (ErrorCode Error, string? Message) Find(string topic, int partition, out Replica replica)
    {
        var error = partitions.FindLeader(topic, partition, PartitionFinder.AnyEpoch, out replica);
        if (error != ErrorCode.UnknownTopicOrPartition || partitions.IsTopicKnown(topic))
        {
            return (error, null);
        }

        return TopicNames.Problem(topic) is { } problem
            ? (ErrorCode.InvalidTopicException, problem)
            : (error, "This server does not host this topic-partition.");
    }
}
