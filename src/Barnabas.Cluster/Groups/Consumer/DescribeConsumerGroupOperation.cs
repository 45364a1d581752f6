using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

using Assignment = ConsumerGroupDescribeResponse.Assignment;
using DescribedGroup = ConsumerGroupDescribeResponse.DescribedGroup;

/// <summary>Describes one consumer group. Made on any thread, then owned by the coordinator's loop.</summary>
public sealed class DescribeConsumerGroupOperation(string groupId, Action<DescribedGroup> reply) : GroupRequest<DescribedGroup>(reply)
{
    private const sbyte ClassicMember = 0, ConsumerMemberType = 1;

    /// <inheritdoc/>
    public override ErrorCode Precheck(GroupConfig config) => groupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        Response = machine.Find(groupId) switch
        {
            ConsumerGroup group => Describe(group, machine),
            null => NotFound($"Group {groupId} not found."),
            _ => NotFound($"Group {groupId} is not a consumer group."),
        };
    }

    /// <inheritdoc/>
    protected override DescribedGroup Refusal(ErrorCode error) => new() { GroupId = groupId, ErrorCode = error };

    private DescribedGroup NotFound(string message)
    {
        var refusal = new GroupRefusal(ErrorCode.GroupIdNotFound, message).Sayable;
        return new DescribedGroup { GroupId = groupId, ErrorCode = refusal.Error, ErrorMessage = refusal.Message };
    }

    private static DescribedGroup Describe(ConsumerGroup group, GroupCoordinator coordinator)
    {
        var described = new DescribedGroup
        {
            GroupId = group.Id,
            GroupState = group.StateName,
            GroupEpoch = group.Epoch,
            AssignmentEpoch = group.TargetEpoch,
            AssignorName = group.PreferredAssignor() ?? coordinator.Config.Consumer.Assignors[0],
        };
        foreach (var member in group.Members)
        {
            described.Members.Add(new ConsumerGroupDescribeResponse.Member
            {
                MemberId = member.Id,
                InstanceId = member.InstanceId,
                RackId = member.RackId,
                MemberEpoch = member.Epoch,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                SubscribedTopicNames = [.. member.Topics],
                SubscribedTopicRegex = member.Pattern,
                Assignment = Named([.. member.Assigned.Concat(member.Revoking).Select(held => held.At).Order()], coordinator.Image),
                TargetAssignment = Named(group.TargetOf(member.Id) ?? [], coordinator.Image),
                MemberType = member.Classic is null ? ConsumerMemberType : ClassicMember,
            });
        }

        return described;
    }

    // Topics that have been deleted have no name, and are not shown.
    private static Assignment Named(ImmutableArray<TopicIdPartition> partitions, MetadataImage image)
    {
        var topics = PartitionLists.ByTopic(partitions, at => at, (id, list) => new ConsumerGroupDescribeResponse.TopicPartitions
        {
            TopicId = id, TopicName = image.Topics.Find(id)?.Name ?? "", Partitions = list,
        });
        topics.RemoveAll(topic => topic.TopicName.Length == 0);
        return new Assignment { TopicPartitions = topics };
    }
}
