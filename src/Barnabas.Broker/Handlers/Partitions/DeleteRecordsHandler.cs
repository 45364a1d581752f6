using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Partitions;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>Moves the start of logs forward, in turns of their owners; a partition that is named twice goes by its last mention.</summary>
internal sealed class DeleteRecordsHandler(PartitionFinder partitions) : MessageHandler<DeleteRecordsRequest>(ApiKey.DeleteRecords)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, DeleteRecordsRequest message)
    {
        var response = new DeleteRecordsResponse();
        var round = new ShardRound(() => request.Complete(response));
        foreach (var topic in message.Topics.GroupBy(t => t.Name, StringComparer.Ordinal))
        {
            var answers = new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = topic.Key };
            foreach (var asked in topic.SelectMany(t => t.Partitions).GroupBy(p => p.PartitionIndex).Select(same => same.Last()))
            {
                var answer = new DeleteRecordsResponse.DeleteRecordsPartitionResult
                {
                    PartitionIndex = asked.PartitionIndex,
                    LowWatermark = -1,
                };
                answers.Partitions.Add(answer);
                answer.ErrorCode = Find(topic.Key, asked.PartitionIndex, out var replica);
                if (answer.ErrorCode == ErrorCode.None)
                {
                    round.Run(replica, () => (answer.ErrorCode, answer.LowWatermark) = replica.DeleteRecords(asked.Offset));
                }
            }

            if (answers.Partitions.Count > 0)
            {
                response.Topics.Add(answers);
            }
        }

        round.End();
    }

    private ErrorCode Find(string topic, int partition, out Replica replica)
    {
        var error = partitions.FindLeader(topic, partition, PartitionFinder.AnyEpoch, out replica);
        return error != ErrorCode.UnknownTopicOrPartition && TopicNames.IsInternal(topic) ? ErrorCode.InvalidTopicException : error;
    }
}
