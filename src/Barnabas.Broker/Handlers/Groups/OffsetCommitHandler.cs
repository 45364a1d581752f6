using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

using RequestTopic = OffsetCommitRequest.OffsetCommitRequestTopic;
using ResponsePartition = OffsetCommitResponse.OffsetCommitResponsePartition;
using ResponseTopic = OffsetCommitResponse.OffsetCommitResponseTopic;

/// <summary>OffsetCommit: what exists goes to the group's coordinator, what does not is refused here.</summary>
internal sealed class OffsetCommitHandler(GroupCoordinators coordinators) : MessageHandler<OffsetCommitRequest>(ApiKey.OffsetCommit)
{
    private const short FirstVersionWithTopicIds = 10;

    /// <inheritdoc/>
    protected override void Handle(Request request, OffsetCommitRequest message)
    {
        var refused = new OffsetCommitResponse();
        message.Topics = Existing(message.Topics, request.ApiVersion >= FirstVersionWithTopicIds, refused);
        if (message.Topics.Count == 0)
        {
            request.Complete(refused);
            return;
        }

        var call = new CoordinatorCall(request);
        var caller = CoordinatorCall.CallerOf(request);
        var operation = new CommitOffsetsOperation(message, caller, answer => call.Answer(Join(refused, answer)));
        coordinators.Submit(message.GroupId, operation, call.Submitted);
    }

    private List<RequestTopic> Existing(List<RequestTopic> topics, bool byId, OffsetCommitResponse refused)
    {
        var image = coordinators.Image;
        var existing = new List<RequestTopic>(topics.Count);
        foreach (var topic in topics)
        {
            var known = byId ? image.Topics.Find(topic.TopicId) : image.Topics.Find(topic.Name);
            var good = topic.Partitions.FindAll(partition => known?.Find(partition.PartitionIndex) is not null);
            if (good.Count < topic.Partitions.Count)
            {
                var error = known is null && byId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
                foreach (var partition in topic.Partitions.Except(good))
                {
                    Of(refused, topic.Name, topic.TopicId).Partitions.Add(new ResponsePartition
                    {
                        PartitionIndex = partition.PartitionIndex, ErrorCode = error,
                    });
                }
            }

            if (good.Count > 0)
            {
                existing.Add(new RequestTopic { Name = known!.Name, TopicId = known.Id, Partitions = good });
            }
        }

        return existing;
    }

    // As Kafka puts them together: what was refused here comes first, topic by topic.
    private static OffsetCommitResponse Join(OffsetCommitResponse refused, OffsetCommitResponse answer)
    {
        if (refused.Topics.Count == 0)
        {
            return answer;
        }

        foreach (var topic in answer.Topics)
        {
            Of(refused, topic.Name, topic.TopicId).Partitions.AddRange(topic.Partitions);
        }

        return refused;
    }

    private static ResponseTopic Of(OffsetCommitResponse response, string name, Uuid id)
    {
        foreach (var topic in response.Topics)
        {
            // What was refused has the name or the id that the request had; what was committed has both.
            if (topic.TopicId != Uuid.Zero && id != Uuid.Zero ? topic.TopicId == id : topic.Name == name)
            {
                return topic;
            }
        }

        var added = new ResponseTopic { Name = name, TopicId = id };
        response.Topics.Add(added);
        return added;
    }
}
