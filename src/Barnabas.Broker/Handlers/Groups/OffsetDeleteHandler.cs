using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

using RequestTopic = OffsetDeleteRequest.OffsetDeleteRequestTopic;
using ResponsePartition = OffsetDeleteResponse.OffsetDeleteResponsePartition;
using ResponseTopic = OffsetDeleteResponse.OffsetDeleteResponseTopic;

/// <summary>OffsetDelete: what exists goes to the group's coordinator, what does not is refused here.</summary>
internal sealed class OffsetDeleteHandler(GroupCoordinators coordinators) : MessageHandler<OffsetDeleteRequest>(ApiKey.OffsetDelete)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, OffsetDeleteRequest message)
    {
        var refused = new OffsetDeleteResponse();
        message.Topics = Existing(message.Topics, refused);
        var call = new CoordinatorCall(request);
        var operation = new DeleteOffsetsOperation(message, answer => call.Answer(Join(refused, answer)));
        coordinators.Submit(message.GroupId, operation, call.Submitted);
    }

    private List<RequestTopic> Existing(List<RequestTopic> topics, OffsetDeleteResponse refused)
    {
        var existing = new List<RequestTopic>(topics.Count);
        foreach (var topic in topics)
        {
            var known = coordinators.Image.Topics.Find(topic.Name);
            var good = topic.Partitions.FindAll(partition => known?.Find(partition.PartitionIndex) is not null);
            foreach (var partition in topic.Partitions.Except(good))
            {
                Of(refused, topic.Name).Partitions.Add(new ResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex, ErrorCode = ErrorCode.UnknownTopicOrPartition,
                });
            }

            if (good.Count > 0)
            {
                existing.Add(new RequestTopic { Name = topic.Name, Partitions = good });
            }
        }

        return existing;
    }

    private static OffsetDeleteResponse Join(OffsetDeleteResponse refused, OffsetDeleteResponse answer)
    {
        if (answer.ErrorCode != ErrorCode.None || refused.Topics.Count == 0)
        {
            return answer;
        }

        foreach (var topic in answer.Topics)
        {
            Of(refused, topic.Name).Partitions.AddRange(topic.Partitions);
        }

        return refused;
    }

    private static ResponseTopic Of(OffsetDeleteResponse response, string name)
    {
        foreach (var topic in response.Topics)
        {
            if (topic.Name == name)
            {
                return topic;
            }
        }

        var added = new ResponseTopic { Name = name };
        response.Topics.Add(added);
        return added;
    }
}
