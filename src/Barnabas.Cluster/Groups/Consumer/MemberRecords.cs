using System.Collections.Immutable;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>Members of consumer groups as their records, and back. Stateless.</summary>
internal static class MemberRecords
{
    /// <summary>What the member says of itself.</summary>
    public static ConsumerMemberRecord Description(string groupId, ConsumerMember member) =>
        new(groupId, member.Id, new ConsumerGroupMemberMetadataValue
        {
            InstanceId = member.InstanceId,
            RackId = member.RackId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            SubscribedTopicNames = [.. member.Topics],
            SubscribedTopicRegex = member.Pattern,
            RebalanceTimeoutMs = member.RebalanceTimeoutMs,
            ServerAssignor = member.ServerAssignor,
            ClassicMemberMetadata = member.Classic,
        });

    /// <summary>Its epoch and its partitions.</summary>
    public static ConsumerCurrentRecord Assignment(string groupId, ConsumerMember member) =>
        new(groupId, member.Id, new ConsumerGroupCurrentMemberAssignmentValue
        {
            MemberEpoch = member.Epoch,
            PreviousMemberEpoch = member.PreviousEpoch,
            State = (sbyte)member.Progress,
            AssignedPartitions = PartitionLists.ToHeld(member.Assigned),
            PartitionsPendingRevocation = PartitionLists.ToHeld(member.Revoking),
        });

    /// <summary>What it is to have.</summary>
    public static ConsumerTargetRecord Target(string groupId, string memberId, ImmutableArray<TopicIdPartition> partitions) =>
        new(groupId, memberId, new ConsumerGroupTargetAssignmentMemberValue { TopicPartitions = PartitionLists.ToTarget(partitions) });

    /// <summary>The member with what a record says of it.</summary>
    public static ConsumerMember With(ConsumerMember member, ConsumerGroupMemberMetadataValue value) => member with
    {
        InstanceId = value.InstanceId,
        RackId = value.RackId,
        ClientId = value.ClientId,
        ClientHost = value.ClientHost,
        Topics = Names(value.SubscribedTopicNames),
        Pattern = value.SubscribedTopicRegex ?? "",
        RebalanceTimeoutMs = value.RebalanceTimeoutMs,
        ServerAssignor = value.ServerAssignor,
        Classic = value.ClassicMemberMetadata,
    };

    /// <summary>The member with the assignment of a record.</summary>
    public static ConsumerMember With(ConsumerMember member, ConsumerGroupCurrentMemberAssignmentValue value) => member with
    {
        Epoch = value.MemberEpoch,
        PreviousEpoch = value.PreviousMemberEpoch,
        Progress = value.State is >= 0 and <= 2 ? (MemberProgress)value.State : MemberProgress.Unknown,
        Assigned = PartitionLists.Of(value.AssignedPartitions, value.MemberEpoch),
        Revoking = PartitionLists.Of(value.PartitionsPendingRevocation, value.MemberEpoch),
    };

    /// <summary>The member without an assignment.</summary>
    public static ConsumerMember WithoutAssignment(ConsumerMember member) => member with
    {
        Epoch = ConsumerMember.Leaving,
        PreviousEpoch = ConsumerMember.Leaving,
        Progress = MemberProgress.Stable,
        Assigned = [],
        Revoking = [],
    };

    /// <summary>Names in ordinal order, each once.</summary>
    public static ImmutableArray<string> Names(List<string> names) =>
        [.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
