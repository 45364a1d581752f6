using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Lists partitions page by page, topics in order of their names; the answer's cursor is where the next page begins.</summary>
public sealed class DescribeTopicPartitionsHandler(AdminContext context)
    : MessageHandler<DescribeTopicPartitionsRequest>(ApiKey.DescribeTopicPartitions)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeTopicPartitionsRequest message)
    {
        var image = context.Image;
        var cursor = message.Cursor;
        var names = Names(image, message);
        var isLost = cursor is not null && message.Topics.Count > 0 && !message.Topics.Exists(t => t.Name == cursor.TopicName);
        var isNameless = message.Topics.Exists(topic => topic.Name.Length == 0);
        if (isLost || isNameless || cursor is { PartitionIndex: < 0 })
        {
            var error = isNameless ? ErrorCode.UnknownServerError : ErrorCode.InvalidRequest;
            request.Complete(new DescribeTopicPartitionsResponse
            {
                Topics = message.Topics.ConvertAll(topic => Failed(topic.Name, error)),
            });
            return;
        }

        var left = Math.Max(1, Math.Min(message.ResponsePartitionLimit, context.Config().Network.DescribePartitionsMax));
        var response = new DescribeTopicPartitionsResponse();
        foreach (var name in names)
        {
            if (cursor is not null && string.CompareOrdinal(name, cursor.TopicName) < 0)
            {
                continue;
            }

            if (image.Topics.Find(name) is not { } topic)
            {
                var isValid = TopicNames.Problem(name) is null;
                response.Topics.Add(Failed(name, isValid ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException));
                response.Topics[^1].TopicAuthorizedOperations = AdminContext.TopicOperations;
                continue;
            }

            var from = cursor?.TopicName == name ? cursor.PartitionIndex : 0;
            if (left == 0)
            {
                response.NextCursor = new() { TopicName = name, PartitionIndex = from };
                break;
            }

            var count = Math.Min(left, Math.Max(0, topic.Partitions.Length - from));
            response.Topics.Add(Describe(image, topic, from, count));
            left -= count;
            if (from + count < topic.Partitions.Length)
            {
                response.NextCursor = new() { TopicName = name, PartitionIndex = from + count };
                break;
            }
        }

        request.Complete(response);
    }

    private static List<string> Names(MetadataImage image, DescribeTopicPartitionsRequest message)
    {
        if (message.Topics.Count > 0)
        {
            return message.Topics.Select(topic => topic.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        }

        var first = message.Cursor?.TopicName ?? "";
        return image.Topics.From(first).Select(topic => topic.Name).ToList();
    }

    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic Failed(string name, ErrorCode error) =>
        new() { Name = name, ErrorCode = error, IsInternal = TopicNames.IsInternal(name) };

    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic Describe(
        MetadataImage image, TopicImage topic, int from, int count)
    {
        var answer = new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = TopicNames.IsInternal(topic.Name),
            TopicAuthorizedOperations = AdminContext.TopicOperations,
        };
        for (var i = from; i < from + count; i++)
        {
            var partition = topic.Partitions[i];
            answer.Partitions.Add(new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition
            {
                ErrorCode = image.IsActive(partition.Leader) ? ErrorCode.None : ErrorCode.LeaderNotAvailable,
                PartitionIndex = i,
                LeaderId = partition.Leader,
                LeaderEpoch = partition.LeaderEpoch,
                ReplicaNodes = [.. partition.Replicas],
                IsrNodes = [.. partition.Isr],
                EligibleLeaderReplicas = [.. partition.EligibleLeaderReplicas],
                LastKnownElr = [.. partition.LastKnownElr],
                OfflineReplicas = PartitionView.Offline(image, partition),
            });
        }

        return answer;
    }
}
