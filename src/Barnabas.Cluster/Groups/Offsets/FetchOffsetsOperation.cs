using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Offsets;

using RequestGroup = OffsetFetchRequest.OffsetFetchRequestGroup;
using ResponseGroup = OffsetFetchResponse.OffsetFetchResponseGroup;
using ResponsePartition = OffsetFetchResponse.OffsetFetchResponsePartitions;
using ResponseTopic = OffsetFetchResponse.OffsetFetchResponseTopics;

/// <summary>
/// Reads the committed offsets of one group. What it answers is committed, since the reply waits for all that was replayed before. Made on
/// any thread, then owned by the coordinator's loop.
/// </summary>
/// <param name="request">The group; topics with their names, whatever the version. Null for all topics.</param>
/// <param name="requireStable">Do not answer offsets that a running transaction may change.</param>
/// <param name="reply">Takes the answer, in the order of the request, or of the topics' names.</param>
public sealed class FetchOffsetsOperation(RequestGroup request, bool requireStable, Action<ResponseGroup> reply)
    : GroupRequest<ResponseGroup>(reply)
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (machine.Find(request.GroupId) is ConsumerGroup group
            && OffsetChecks.OfFetch(group, request.MemberId, request.MemberEpoch) is var error and not ErrorCode.None)
        {
            Response = Refusal(error);
            return;
        }

        var response = new ResponseGroup { GroupId = request.GroupId };
        var offsets = machine.Offsets.Of(request.GroupId);
        if (request.Topics is null)
        {
            AddAll(response, offsets, machine.Offsets.Pending);
        }
        else
        {
            foreach (var topic in request.Topics)
            {
                var answered = new ResponseTopic { Name = topic.Name, TopicId = topic.TopicId };
                foreach (var partition in topic.PartitionIndexes)
                {
                    var offset = offsets?.Find(topic.Name, partition);
                    answered.Partitions.Add(Read(machine.Offsets.Pending, topic.Name, partition, OfTopic(offset, topic.TopicId)));
                }

                response.Topics.Add(answered);
            }
        }

        Response = response;
    }

    /// <inheritdoc/>
    protected override ResponseGroup Refusal(ErrorCode error) => new() { GroupId = request.GroupId, ErrorCode = error };

    private void AddAll(ResponseGroup response, GroupOffsets? offsets, PendingOffsets pending)
    {
        if (offsets is null)
        {
            return;
        }

        foreach (var (topic, partitions) in offsets.Topics)
        {
            var answered = new ResponseTopic { Name = topic };
            foreach (var (partition, stored) in partitions)
            {
                answered.Partitions.Add(Read(pending, topic, partition, stored.Value));
            }

            response.Topics.Add(answered);
        }
    }

    // The offset of a topic that was deleted says nothing about one of the same name.
    private static CommittedOffset? OfTopic(CommittedOffset? offset, Uuid topicId) =>
        offset is not null && topicId != Uuid.Zero && offset.TopicId != Uuid.Zero && offset.TopicId != topicId ? null : offset;

    private ResponsePartition Read(PendingOffsets pending, string topic, int partition, CommittedOffset? offset)
    {
        if (requireStable && pending.Has(request.GroupId, topic, partition))
        {
            return None(partition, ErrorCode.UnstableOffsetCommit);
        }

        return offset is null ? None(partition, ErrorCode.None) : new ResponsePartition
        {
            PartitionIndex = partition,
            CommittedOffset = offset.Offset,
            CommittedLeaderEpoch = offset.LeaderEpoch,
            Metadata = offset.Metadata,
        };
    }

    private static ResponsePartition None(int partition, ErrorCode error) => new()
    {
        PartitionIndex = partition,
        CommittedOffset = -1,
        CommittedLeaderEpoch = -1,
        Metadata = "",
        ErrorCode = error,
    };
}
