using System.Collections.Immutable;
using Barnabas.Cluster.Groups.Consumer.Assignors;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>Makes the assignment that a group is to come to. Stateless: records, and what the one member is to have.</summary>
internal static class TargetAssignment
{
    /// <summary>
    /// Adds the records of a new target assignment, those of members whose part changes and its epoch; gives one member's part.
    /// </summary>
    /// <param name="group">The group as it is replayed.</param>
    /// <param name="epoch">The group epoch that it is for.</param>
    /// <param name="members">The members as they will be, in order of their ids.</param>
    /// <param name="targetOf">The target assignment before.</param>
    /// <param name="topics">What they subscribe to.</param>
    /// <param name="assignor">How the work is shared out.</param>
    /// <param name="memberId">Whose part is given back.</param>
    /// <param name="turn">Takes the records.</param>
    public static ImmutableArray<TopicIdPartition> Make(
        ConsumerGroup group, int epoch, IReadOnlyList<ConsumerMember> members, Func<string, ImmutableArray<TopicIdPartition>?> targetOf,
        GroupTopics topics, ConsumerAssignor assignor, string memberId, in GroupTurn turn)
    {
        var image = turn.Coordinator.Image;
        var assigned = assignor.Assign(new AssignmentInput(
            Describe(members, targetOf, topics),
            id => image.Topics.Find(id)?.Partitions.Length ?? 0,
            (at, rack) => HasReplicaIn(image, at, rack)));
        var own = ImmutableArray<TopicIdPartition>.Empty;
        for (var i = 0; i < members.Count; i++)
        {
            own = members[i].Id == memberId ? assigned[i] : own;
            if (targetOf(members[i].Id) is not { } before || !before.SequenceEqual(assigned[i]))
            {
                turn.Decision.Add(MemberRecords.Target(group.Id, members[i].Id, assigned[i]));
            }
        }

        turn.Decision.Add(new ConsumerTargetEpochRecord(group.Id, new ConsumerGroupTargetAssignmentMetadataValue
        {
            AssignmentEpoch = epoch, AssignmentTimestamp = turn.NowMs,
        }));
        return own;
    }

    private static List<AssignedMember> Describe(
        IReadOnlyList<ConsumerMember> members, Func<string, ImmutableArray<TopicIdPartition>?> targetOf, GroupTopics topics)
    {
        var described = new List<AssignedMember>(members.Count);
        ConsumerMember? last = null;
        foreach (var member in members)
        {
            var ids = last is not null && last.Topics.SequenceEqual(member.Topics) && last.Pattern == member.Pattern
                ? described[^1].Topics
                : topics.IdsOf(member);
            described.Add(new AssignedMember(member.Id, member.InstanceId, member.RackId, ids, targetOf(member.Id) ?? []));
            last = member;
        }

        return described;
    }

    private static bool HasReplicaIn(MetadataImage image, TopicIdPartition at, string rack)
    {
        foreach (var replica in image.Topics.Find(at.TopicId)?.Find(at.Partition)?.Replicas ?? [])
        {
            if (image.Brokers.Find(replica)?.Rack == rack)
            {
                return true;
            }
        }

        return false;
    }
}
