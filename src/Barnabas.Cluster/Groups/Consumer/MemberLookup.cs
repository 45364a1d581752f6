using System.Collections.Immutable;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>Which member of the group a heartbeat is of, or why of none. Immutable, for one decision.</summary>
/// <param name="Member">The member as it is; one without an epoch that joins.</param>
/// <param name="ReplacedId">The id that a static member had before it came back under another one; null for none.</param>
/// <param name="Refusal">Why not; then there is no member.</param>
internal readonly record struct MemberLookup(ConsumerMember? Member, string? ReplacedId = null, GroupRefusal? Refusal = null)
{
    /// <summary>Finds the member of a heartbeat that does not leave, and takes in a static one that comes back.</summary>
    public static MemberLookup Of(ConsumerGroup group, ConsumerGroupHeartbeatRequest request, string memberId, in GroupTurn turn) =>
        request.InstanceId is null ? Dynamic(group, request, memberId) : Static(group, request, memberId, turn);

    /// <summary>Finds the member that wants to leave.</summary>
    public static MemberLookup OfLeaving(ConsumerGroup group, ConsumerGroupHeartbeatRequest request)
    {
        if (request.InstanceId is not { } instanceId)
        {
            return group.Find(request.MemberId) is { } member ? new(member)
                : Refused(GroupRefusal.UnknownMember(group.Id, request.MemberId));
        }

        return group.FindStatic(instanceId) switch
        {
            null => Refused(GroupRefusal.UnknownInstance(instanceId)),
            var known when known.Id != request.MemberId => Refused(GroupRefusal.FencedInstance(request.MemberId, instanceId, known.Id)),
            var known => new(known),
        };
    }

    private static MemberLookup Dynamic(ConsumerGroup group, ConsumerGroupHeartbeatRequest request, string memberId)
    {
        if (group.Find(memberId) is { } member)
        {
            return Checked(member, request);
        }

        return request.MemberEpoch == 0
            ? new(new ConsumerMember(memberId))
            : Refused(GroupRefusal.UnknownMember(group.Id, memberId));
    }

    private static MemberLookup Static(ConsumerGroup group, ConsumerGroupHeartbeatRequest request, string memberId, in GroupTurn turn)
    {
        var instanceId = request.InstanceId!;
        var known = group.FindStatic(instanceId);
        if (request.MemberEpoch == 0)
        {
            return known switch
            {
                null => new(new ConsumerMember(memberId)),
                { Epoch: not ConsumerMember.LeftForNow } => Refused(GroupRefusal.Unreleased(memberId, instanceId, known.Id)),
                _ => new(Departure.Replace(group, known, memberId, turn), known.Id),
            };
        }

        if (known is null)
        {
            return Refused(GroupRefusal.UnknownInstance(instanceId));
        }

        return known.Id != memberId
            ? Refused(GroupRefusal.FencedInstance(memberId, instanceId, known.Id))
            : Checked(known, request);
    }

    // A member may be one epoch behind, where an answer was lost, as long as it has nothing that is not its own.
    private static MemberLookup Checked(ConsumerMember member, ConsumerGroupHeartbeatRequest request)
    {
        var epoch = request.MemberEpoch;
        if (epoch > member.Epoch)
        {
            return Refused(GroupRefusal.FencedEpoch("greater", epoch, member.Epoch));
        }

        if (epoch == member.Epoch || epoch == 0)
        {
            return new(member);
        }

        var ownsNoMore = request.TopicPartitions is { } owned && PartitionLists.IsWithin(PartitionLists.Of(owned), member.Assigned);
        return epoch == member.PreviousEpoch && ownsNoMore
            ? new(member)
            : Refused(GroupRefusal.FencedEpoch("smaller", epoch, member.Epoch));
    }

    private static MemberLookup Refused(GroupRefusal refusal) => new(null, null, refusal);
}
