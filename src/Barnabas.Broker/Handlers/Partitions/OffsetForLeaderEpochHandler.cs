using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>Says where a leader epoch ended, by which clients and followers find where their log parts from the leader's.</summary>
internal sealed class OffsetForLeaderEpochHandler(PartitionFinder partitions)
    : MessageHandler<OffsetForLeaderEpochRequest>(ApiKey.OffsetForLeaderEpoch)
{
    private const int DebuggingId = -2;

    /// <inheritdoc/>
    protected override void Handle(Request request, OffsetForLeaderEpochRequest message)
    {
        var response = new OffsetForLeaderEpochResponse();
        foreach (var topic in message.Topics)
        {
            var answers = new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult { Topic = topic.Topic };
            foreach (var asked in topic.Partitions)
            {
                answers.Partitions.Add(Answer(topic.Topic, asked, message.ReplicaId == DebuggingId));
            }

            response.Topics.Add(answers);
        }

        request.Complete(response);
    }

    private OffsetForLeaderEpochResponse.EpochEndOffset Answer(
        string topic, OffsetForLeaderEpochRequest.OffsetForLeaderPartition asked, bool isDebugging)
    {
        var answer = new OffsetForLeaderEpochResponse.EpochEndOffset { Partition = asked.Partition };
        answer.ErrorCode = isDebugging
            ? partitions.Find(topic, asked.Partition, asked.CurrentLeaderEpoch, out var replica)
            : partitions.FindLeader(topic, asked.Partition, asked.CurrentLeaderEpoch, out replica);
        if (answer.ErrorCode == ErrorCode.None)
        {
            var view = replica.View;
            (answer.LeaderEpoch, answer.EndOffset) = view.Epochs.EndOffsetFor(asked.LeaderEpoch, view.LogEndOffset);
        }

        return answer;
    }
}
