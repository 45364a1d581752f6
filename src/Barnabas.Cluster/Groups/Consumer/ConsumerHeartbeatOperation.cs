using Barnabas.Base;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Migration;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// A member of a consumer group joins, says that it is alive and what it has, or leaves; it learns what it is to have. Made on any
/// thread, then owned by the coordinator's loop.
/// </summary>
public sealed class ConsumerHeartbeatOperation(
    ConsumerGroupHeartbeatRequest request, GroupCaller caller, Action<ConsumerGroupHeartbeatResponse> reply)
    : GroupRequest<ConsumerGroupHeartbeatResponse>(reply)
{
    private GroupRefusal? _refusal;

    /// <inheritdoc/>
    public override ErrorCode Precheck(GroupConfig config)
    {
        _refusal = HeartbeatChecks.Of(request, caller.Version, config.Consumer);
        return _refusal?.Error ?? ErrorCode.None;
    }

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        var turn = new GroupTurn(machine, decision, nowMs);
        Response = request.MemberEpoch < 0 ? Leave(turn) : Beat(turn);
    }

    /// <inheritdoc/>
    protected override ConsumerGroupHeartbeatResponse Refusal(ErrorCode error) =>
        Refused(_refusal?.Error == error ? _refusal : new GroupRefusal(error, null));

    private static ConsumerGroupHeartbeatResponse Refused(GroupRefusal refusal)
    {
        var sayable = refusal.Sayable;
        return new ConsumerGroupHeartbeatResponse { ErrorCode = sayable.Error, ErrorMessage = sayable.Message };
    }

    private ConsumerGroupHeartbeatResponse Beat(in GroupTurn turn)
    {
        if (FindOrMake(turn) is not { } group)
        {
            return Refused(NotFound(turn.Coordinator, "Consumer group"));
        }

        var memberId = request.MemberId.Length == 0 ? turn.Coordinator.NewUuid().ToString() : request.MemberId;
        var sizeMax = turn.Coordinator.Config.Consumer.GroupSizeMax;
        if (group.MemberCount >= sizeMax && group.Find(memberId) is null)
        {
            return Refused(new GroupRefusal(
                ErrorCode.GroupMaxSizeReached, $"The consumer group has reached its maximum capacity of {sizeMax} members."));
        }

        var found = MemberLookup.Of(group, request, memberId, turn);
        if (found.Refusal is { } refusal)
        {
            turn.Decision.TakeBack(0);
            return Refused(refusal);
        }

        var beat = new MemberBeat(group, found, request, caller);
        if (beat.Decide(turn) is { } mistake)
        {
            turn.Decision.TakeBack(0);
            return Refused(mistake);
        }

        return beat.Answer(turn.Coordinator);
    }

    private ConsumerGroupHeartbeatResponse Leave(in GroupTurn turn)
    {
        if (turn.Coordinator.Find(request.GroupId) is not ConsumerGroup group)
        {
            return Refused(NotFound(turn.Coordinator, "Group"));
        }

        var found = MemberLookup.OfLeaving(group, request);
        if (found.Member is not { } member)
        {
            return Refused(found.Refusal!);
        }

        if (request.MemberEpoch == ConsumerMember.LeftForNow)
        {
            Departure.RemoveForNow(group, member, turn);
        }
        else
        {
            Departure.Remove(group, [member], turn);
        }

        return new ConsumerGroupHeartbeatResponse { MemberId = member.Id, MemberEpoch = request.MemberEpoch };
    }

    // Whoever joins makes the group; a classic one that nobody is in any more gives way.
    private ConsumerGroup? FindOrMake(in GroupTurn turn)
    {
        switch (turn.Coordinator.Find(request.GroupId))
        {
            case ConsumerGroup group:
                return group;
            case null when request.MemberEpoch == 0:
                return new ConsumerGroup(request.GroupId);
            case ClassicGroup { State: ClassicState.Empty } classic when request.MemberEpoch == 0:
                if (classic.Recorded is not null)
                {
                    turn.Decision.Add(new GroupMetadataRecord(request.GroupId, null));
                }

                return new ConsumerGroup(request.GroupId);
            case ClassicGroup live when request.MemberEpoch == 0 && Upgrade.IsPossible(live, turn.Coordinator.Config.Consumer):
                return Upgrade.Convert(live, turn);
            default:
                return null;
        }
    }

    private GroupRefusal NotFound(GroupCoordinator coordinator, string what) => new(
        ErrorCode.GroupIdNotFound,
        coordinator.Find(request.GroupId) is null
            ? $"{what} {request.GroupId} not found."
            : $"Group {request.GroupId} is not a consumer group.");
}
