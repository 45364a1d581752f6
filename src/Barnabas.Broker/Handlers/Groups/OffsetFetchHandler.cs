using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Groups;

using RequestGroup = OffsetFetchRequest.OffsetFetchRequestGroup;
using ResponseGroup = OffsetFetchResponse.OffsetFetchResponseGroup;
using ResponseTopic = OffsetFetchResponse.OffsetFetchResponseTopics;

/// <summary>OffsetFetch: the committed offsets of one group, or of many from version 8 on.</summary>
internal sealed class OffsetFetchHandler(GroupCoordinators coordinators) : MessageHandler<OffsetFetchRequest>(ApiKey.OffsetFetch)
{
    private const short FirstVersionWithGroups = 8;
    private const short FirstVersionWithTopicIds = 10;

    /// <inheritdoc/>
    protected override void Handle(Request request, OffsetFetchRequest message)
    {
        var groups = request.ApiVersion >= FirstVersionWithGroups ? message.Groups : [SingleGroup.Of(message)];
        if (groups.Count == 0)
        {
            request.Complete(new OffsetFetchResponse());
            return;
        }

        var answers = new ResponseGroup[groups.Count];
        var version = request.ApiVersion;
        var call = new CoordinatorCall(request, groups.Count, () => Join(version, groups, answers));
        for (var i = 0; i < groups.Count; i++)
        {
            Fetch(groups[i], i, version >= FirstVersionWithTopicIds, message.RequireStable, answers, call);
        }
    }

    private void Fetch(RequestGroup group, int index, bool byId, bool requireStable, ResponseGroup[] answers, CoordinatorCall call)
    {
        var unknown = byId ? ResolveIds(group) : [];
        var operation = new FetchOffsetsOperation(group, requireStable, answer =>
        {
            if (byId)
            {
                ResolveNames(answer);
                if (answer.ErrorCode == ErrorCode.None)
                {
                    answer.Topics.AddRange(unknown);
                }
            }

            answers[index] = answer;
            call.Answered();
        });
        coordinators.Submit(group.GroupId, operation, call.Submitted);
    }

    // Gives the topics their names, and takes out those that are not there.
    private List<ResponseTopic> ResolveIds(RequestGroup group)
    {
        var unknown = new List<ResponseTopic>();
        if (group.Topics is null)
        {
            return unknown;
        }

        var known = new List<OffsetFetchRequest.OffsetFetchRequestTopics>(group.Topics.Count);
        foreach (var topic in group.Topics)
        {
            if (coordinators.Image.Topics.Find(topic.TopicId) is { } there)
            {
                topic.Name = there.Name;
                known.Add(topic);
                continue;
            }

            unknown.Add(new ResponseTopic
            {
                TopicId = topic.TopicId,
                Partitions = topic.PartitionIndexes.ConvertAll(partition => new OffsetFetchResponse.OffsetFetchResponsePartitions
                {
                    PartitionIndex = partition,
                    CommittedOffset = -1,
                    CommittedLeaderEpoch = -1,
                    Metadata = "",
                    ErrorCode = ErrorCode.UnknownTopicId,
                }),
            });
        }

        group.Topics = known;
        return unknown;
    }

    // All topics were asked for: those that have no id any more cannot be named.
    private void ResolveNames(ResponseGroup answer)
    {
        foreach (var topic in answer.Topics)
        {
            if (topic.TopicId == Uuid.Zero)
            {
                topic.TopicId = coordinators.Image.Topics.Find(topic.Name)?.Id ?? Uuid.Zero;
            }
        }

        answer.Topics.RemoveAll(topic => topic.TopicId == Uuid.Zero);
    }

    private static OffsetFetchResponse Join(short version, List<RequestGroup> groups, ResponseGroup[] answers) =>
        version >= FirstVersionWithGroups
            ? new OffsetFetchResponse { Groups = [.. answers] }
            : SingleGroup.Answer(version, groups[0], answers[0]);

    /// <summary>Versions before 8, which know one group only.</summary>
    private static class SingleGroup
    {
        private const short FirstVersionWithGroupError = 2;

        public static RequestGroup Of(OffsetFetchRequest message) => new()
        {
            GroupId = message.GroupId,
            Topics = message.Topics?.ConvertAll(topic => new OffsetFetchRequest.OffsetFetchRequestTopics
            {
                Name = topic.Name, PartitionIndexes = topic.PartitionIndexes,
            }),
        };

        public static OffsetFetchResponse Answer(short version, RequestGroup asked, ResponseGroup answer)
        {
            var response = new OffsetFetchResponse { ErrorCode = answer.ErrorCode };
            if (answer.ErrorCode != ErrorCode.None && version < FirstVersionWithGroupError)
            {
                // There is no place for the group's error but every partition.
                response.Topics = asked.Topics!.ConvertAll(topic => Topic(topic.Name, topic.PartitionIndexes.ConvertAll(
                    partition => Partition(partition, -1, -1, "", answer.ErrorCode))));
                return response;
            }

            response.Topics = answer.Topics.ConvertAll(topic => Topic(topic.Name, topic.Partitions.ConvertAll(
                p => Partition(p.PartitionIndex, p.CommittedOffset, p.CommittedLeaderEpoch, p.Metadata, p.ErrorCode))));
            return response;
        }

        private static OffsetFetchResponse.OffsetFetchResponseTopic Topic(
            string name, List<OffsetFetchResponse.OffsetFetchResponsePartition> partitions) =>
            new() { Name = name, Partitions = partitions };

        private static OffsetFetchResponse.OffsetFetchResponsePartition Partition(
            int index, long offset, int epoch, string? metadata, ErrorCode error) => new()
        {
            PartitionIndex = index, CommittedOffset = offset, CommittedLeaderEpoch = epoch, Metadata = metadata, ErrorCode = error,
        };
    }
}
