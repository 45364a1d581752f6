using Barnabas.Cluster.Groups.Migration;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>How members come out of a consumer group. Stateless: records, and nothing else.</summary>
internal static class Departure
{
    /// <summary>Takes members out for good: what they had is free at once, and the group moves to its next epoch.</summary>
    public static void Remove(ConsumerGroup group, IReadOnlyList<ConsumerMember> members, in GroupTurn turn)
    {
        var left = group.Members.Where(member => !members.Contains(member)).ToList();
        if (Downgrade.IsDue(left, turn.Coordinator.Config.Consumer))
        {
            Downgrade.Convert(group, left, turn);
            return;
        }

        foreach (var member in members)
        {
            AddTombstones(group.Id, member.Id, turn);
        }

        foreach (var pattern in group.Patterns.Keys)
        {
            if (!left.Exists(member => member.Pattern == pattern))
            {
                turn.Decision.Add(new ConsumerPatternRecord(group.Id, pattern, null));
            }
        }

        GroupEpoch.Raise(group, GroupTopics.Of(group, left, turn.Coordinator.Image), turn);
    }

    /// <summary>A static member goes and may come back: it keeps what it has until its session is over.</summary>
    public static void RemoveForNow(ConsumerGroup group, ConsumerMember member, in GroupTurn turn) =>
        turn.Decision.Add(MemberRecords.Assignment(group.Id, member with
        {
            Epoch = ConsumerMember.LeftForNow,
            Assigned = [.. member.Assigned.Select(held => held with { Epoch = 0 })],
            Revoking = [],
        }));

    /// <summary>A static member comes back under another id, which takes the place of the old one with all that it has.</summary>
    public static ConsumerMember Replace(ConsumerGroup group, ConsumerMember member, string newId, in GroupTurn turn)
    {
        var back = member with
        {
            Id = newId,
            Epoch = 0,
            PreviousEpoch = 0,
            Progress = MemberProgress.Stable,
            Assigned = [.. member.Assigned.Select(held => held with { Epoch = 0 })],
        };
        AddTombstones(group.Id, member.Id, turn);
        turn.Decision.Add(MemberRecords.Description(group.Id, back));
        turn.Decision.Add(MemberRecords.Target(group.Id, newId, group.TargetOf(member.Id) ?? []));
        turn.Decision.Add(MemberRecords.Assignment(group.Id, back));
        return back;
    }

    private static void AddTombstones(string groupId, string memberId, in GroupTurn turn)
    {
        turn.Decision.Add(new ConsumerCurrentRecord(groupId, memberId, null));
        turn.Decision.Add(new ConsumerTargetRecord(groupId, memberId, null));
        turn.Decision.Add(new ConsumerMemberRecord(groupId, memberId, null));
    }
}
