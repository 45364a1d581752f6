using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Migration;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// Members leave, or an operator removes static ones by name. Made on any thread, then owned by the coordinator's loop.
/// </summary>
public sealed class LeaveGroupOperation(LeaveGroupRequest request, GroupCaller caller, Action<LeaveGroupResponse> reply)
    : GroupRequest<LeaveGroupResponse>(reply)
{
    private const short FirstVersionWithMembers = 3;

    private bool _anyLeft;

    /// <inheritdoc/>
    public override ErrorCode Precheck(GroupConfig config) => request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (machine.Find(request.GroupId) is ConsumerGroup consumer)
        {
            Response = LeaveConsumers(consumer, new GroupTurn(machine, decision, nowMs));
            return;
        }

        var group = machine.FindClassic(request.GroupId);
        if (caller.Version < FirstVersionWithMembers)
        {
            var left = group is not null && Leave(group, request.MemberId, instanceId: null) == ErrorCode.None;
            Response = Refusal(left ? ErrorCode.None : ErrorCode.UnknownMemberId);
        }
        else
        {
            Response = LeaveAll(group);
        }

        if (group is not null)
        {
            Settle(group, new GroupTurn(machine, decision, nowMs));
        }
    }

    /// <inheritdoc/>
    protected override LeaveGroupResponse Refusal(ErrorCode error) => new() { ErrorCode = error };

    private LeaveGroupResponse LeaveConsumers(ConsumerGroup group, in GroupTurn turn)
    {
        var response = new LeaveGroupResponse();
        var leaving = new List<ConsumerMember>();
        var identities = caller.Version < FirstVersionWithMembers
            ? [new LeaveGroupRequest.MemberIdentity { MemberId = request.MemberId }]
            : request.Members;
        foreach (var identity in identities)
        {
            var (member, error) = ClassicMembers.FindLeaving(group, identity.MemberId, identity.GroupInstanceId);
            if (member is not null && !leaving.Contains(member))
            {
                leaving.Add(member);
            }

            response.Members.Add(new LeaveGroupResponse.MemberResponse
            {
                MemberId = identity.MemberId, GroupInstanceId = identity.GroupInstanceId, ErrorCode = error,
            });
        }

        if (leaving.Count > 0)
        {
            Departure.Remove(group, leaving, turn);
        }

        return caller.Version < FirstVersionWithMembers ? Refusal(response.Members[0].ErrorCode) : response;
    }

    private LeaveGroupResponse LeaveAll(ClassicGroup? group)
    {
        var response = new LeaveGroupResponse();
        foreach (var member in request.Members)
        {
            response.Members.Add(new LeaveGroupResponse.MemberResponse
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.GroupInstanceId,
                ErrorCode = group is null ? ErrorCode.UnknownMemberId : Leave(group, member.MemberId, member.GroupInstanceId),
            });
        }

        return response;
    }

    private ErrorCode Leave(ClassicGroup group, string memberId, string? instanceId)
    {
        if (memberId.Length == 0)
        {
            // An operator names a static member by what does not change.
            if (instanceId is null || group.FindStatic(instanceId) is not { } known)
            {
                return ErrorCode.UnknownMemberId;
            }

            memberId = known;
        }
        else if (MemberSessions.StopExpecting(group, memberId))
        {
            _anyLeft = true;
            return ErrorCode.None;
        }

        if (group.Validate(memberId, instanceId) is var error and not ErrorCode.None)
        {
            return error;
        }

        Membership.TakeOut(group, group.Find(memberId)!);
        _anyLeft = true;
        return ErrorCode.None;
    }

    private void Settle(ClassicGroup group, in GroupTurn turn)
    {
        if (_anyLeft)
        {
            Membership.RebalanceWithout(group, turn);
        }
    }
}
