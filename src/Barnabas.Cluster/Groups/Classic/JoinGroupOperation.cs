using System.Text;
using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Migration;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// A member joins: for the first time, again because the group rebalances, or under a static name. Waits until all have joined. Made on any
/// thread, then owned by the coordinator's loop.
/// </summary>
public sealed class JoinGroupOperation(JoinGroupRequest request, GroupCaller caller, Action<JoinGroupResponse> reply)
    : GroupRequest<JoinGroupResponse>(reply)
{
    private const short FirstVersionWithKnownMemberId = 4;
    private const short FirstVersionWithNullProtocol = 7;
    private const short FirstVersionWithSkippedAssignment = 9;

    private readonly Action<JoinGroupResponse> _reply = reply;
    private GroupCoordinator? _newGroupOf;
    private StaticRejoin? _rejoin;

    private int NewIdBytes => Encoding.UTF8.GetByteCount(request.GroupInstanceId ?? caller.ClientId) + GroupCoordinator.MemberIdSuffixBytes;

    private int RebalanceTimeoutMs => caller.Version < 1 ? request.SessionTimeoutMs : request.RebalanceTimeoutMs;

    /// <inheritdoc/>
    public override ErrorCode Precheck(GroupConfig config)
    {
        if (request.GroupId.Length == 0)
        {
            return ErrorCode.InvalidGroupId;
        }

        if (request.SessionTimeoutMs < config.SessionTimeoutMinMs || request.SessionTimeoutMs > config.SessionTimeoutMaxMs)
        {
            return ErrorCode.InvalidSessionTimeout;
        }

        // The id that it would get is longer than an answer can say.
        return request.MemberId.Length == 0 && NewIdBytes > short.MaxValue ? ErrorCode.UnknownServerError : ErrorCode.None;
    }

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        decision.Saw(-1);
        var turn = new GroupTurn(machine, decision, nowMs);
        var group = machine.Find(request.GroupId);
        if (Validate(machine.Config, group) is var error and not ErrorCode.None)
        {
            Response = Refused(error, request.MemberId);
        }
        else if (group is ConsumerGroup { IsEmpty: false } consumer)
        {
            decision.Saw(decision.NextOffset - 1);
            Response = ClassicMembers.Join(consumer, request, caller, turn);
            if (Response.ErrorCode != ErrorCode.None)
            {
                decision.TakeBack(0);
                Response.ProtocolName = caller.Version >= FirstVersionWithNullProtocol ? null : "";
            }
        }
        else if (group is not ClassicGroup classic)
        {
            // The group comes first, in the place of one of the consumer protocol that nobody is in any more; then the member joins it.
            if (group is not null)
            {
                GroupEnd.AddTombstones(group, decision);
            }

            decision.Add(RecordedGroup.New(request.GroupId, nowMs));
            _newGroupOf = machine;
        }
        else
        {
            Join(classic, turn);
        }
    }

    internal JoinGroupResponse Refused(ErrorCode error, string memberId) => new()
    {
        ErrorCode = error,
        MemberId = memberId,
        ProtocolName = caller.Version >= FirstVersionWithNullProtocol ? null : "",
    };

    /// <summary>The answer once all have joined: the leader gets to know the members.</summary>
    internal JoinGroupResponse Joined(ClassicGroup group, ClassicMember member) =>
        InGeneration(group, member, group.LeaderId == member.Id, group.LeaderId!);

    /// <inheritdoc/>
    protected override JoinGroupResponse Refusal(ErrorCode error) => Refused(error, request.MemberId);

    /// <inheritdoc/>
    protected override JoinGroupResponse? LateAnswer()
    {
        if (_newGroupOf is { } coordinator)
        {
            coordinator.Submit(new JoinGroupOperation(request, caller, _reply));
            return null;
        }

        // Only a static member that came back into a stable group waits for a record.
        var (group, member) = (_rejoin!.Group, _rejoin.Member);
        if (!_rejoin.Stands)
        {
            return Refused(ErrorCode.FencedInstanceId, _rejoin.NewId);
        }

        if (caller.Version < FirstVersionWithSkippedAssignment)
        {
            // Older clients would assign anew if they knew that they lead: they are told the old leader's id.
            return InGeneration(group, member, withMembers: false, _rejoin.LeaderIdBefore);
        }

        var leads = group.LeaderId == member.Id;
        var response = InGeneration(group, member, leads, group.LeaderId!);
        response.SkipAssignment = leads;
        return response;
    }

    /// <inheritdoc/>
    protected override void NotWritten(ErrorCode error) => _rejoin?.Undo();

    private ErrorCode Validate(GroupConfig config, Group? group) => Precheck(config) is var mistake and not ErrorCode.None ? mistake
        : group switch
        {
            null or ConsumerGroup { IsEmpty: true } => request.MemberId.Length == 0 ? ErrorCode.None : ErrorCode.UnknownMemberId,
            ClassicGroup or ConsumerGroup => ErrorCode.None,
            _ => ErrorCode.InconsistentGroupProtocol,
        };

    private void Join(ClassicGroup group, in GroupTurn turn)
    {
        if (!Membership.HasRoom(group, request.MemberId, turn.Coordinator.Config.GroupSizeMax))
        {
            TurnAway(group, turn);
        }
        else if (!group.Accepts(request.ProtocolType, request.Protocols))
        {
            Response = Refused(ErrorCode.InconsistentGroupProtocol, request.MemberId);
        }
        else if (request.MemberId.Length == 0)
        {
            JoinAsNew(group, turn);
        }
        else
        {
            JoinAsKnown(group, turn);
        }
    }

    private void TurnAway(ClassicGroup group, in GroupTurn turn)
    {
        MemberSessions.StopExpecting(group, request.MemberId);
        if (group.Find(request.MemberId) is { } member)
        {
            Membership.TakeOut(group, member);
        }

        Rebalance.CompleteIfAllJoined(group, turn);
        Response = Refused(ErrorCode.GroupMaxSizeReached, "");
    }

    private void JoinAsNew(ClassicGroup group, in GroupTurn turn)
    {
        var newId = turn.Coordinator.NewMemberId(request.GroupInstanceId ?? caller.ClientId);
        if (request.GroupInstanceId is { } instanceId)
        {
            if (group.FindStatic(instanceId) is { } oldId)
            {
                JoinAsReturned(group, group.Find(oldId)!, newId, turn);
            }
            else
            {
                Enter(group, newId, turn);
            }
        }
        else if (caller.Version >= FirstVersionWithKnownMemberId)
        {
            // A client that gives up before it hears its id would stay a member that nobody speaks for: it has to come back with the id.
            MemberSessions.Expect(turn.Coordinator, group, newId, request.SessionTimeoutMs);
            Response = Refused(ErrorCode.MemberIdRequired, newId);
        }
        else
        {
            Enter(group, newId, turn);
        }
    }

    private void JoinAsKnown(ClassicGroup group, in GroupTurn turn)
    {
        if (request.GroupInstanceId is null && MemberSessions.StopExpecting(group, request.MemberId))
        {
            Enter(group, request.MemberId, turn);
            return;
        }

        if (group.Validate(request.MemberId, request.GroupInstanceId) is var error and not ErrorCode.None)
        {
            Response = Refused(error, request.MemberId);
            return;
        }

        var member = group.Find(request.MemberId)!;
        var isUnchanged = member.Matches(request.Protocols);
        var leads = group.LeaderId == member.Id;
        switch (group.State)
        {
            case ClassicState.CompletingRebalance when isUnchanged:
                // The answer was lost: it gets the same once more.
                Response = Joined(group, member);
                break;
            case ClassicState.Stable when isUnchanged && !leads && !group.IsConverted:
                Response = InGeneration(group, member, withMembers: false, group.LeaderId!);
                break;
            default:
                group.Update(member, request.Protocols, RebalanceTimeoutMs, request.SessionTimeoutMs);
                Wait(group, member, turn);
                Rebalance.PrepareOrComplete(group, turn);
                break;
        }
    }

    // A static member of before, started again.
    private void JoinAsReturned(ClassicGroup group, ClassicMember member, string newId, in GroupTurn turn)
    {
        _rejoin = new StaticRejoin(turn.Coordinator, group, member, newId);
        Membership.Replace(group, member, newId);
        group.Update(member, request.Protocols, RebalanceTimeoutMs, request.SessionTimeoutMs);
        MemberSessions.Renew(turn.Coordinator, group, member);
        if (group is { State: ClassicState.Stable, IsConverted: false } && group.SelectProtocol() == group.ProtocolName)
        {
            // The work stays as it is shared out: only the new id has to be known to the next coordinator.
            turn.Decision.Add(RecordedGroup.Of(group, other => other.Assignment));
            return;
        }

        _rejoin = null;
        Wait(group, member, turn);
        Rebalance.PrepareOrComplete(group, turn);
    }

    private void Enter(ClassicGroup group, string memberId, in GroupTurn turn)
    {
        var member = new ClassicMember(memberId, request.GroupInstanceId, caller.ClientId, caller.ClientHost)
        {
            Protocols = request.Protocols,
            RebalanceTimeoutMs = RebalanceTimeoutMs,
            SessionTimeoutMs = request.SessionTimeoutMs,
            IsNew = true,
        };
        if (group.State == ClassicState.PreparingRebalance && group.PreviousState == ClassicState.Empty)
        {
            group.NewMemberAdded = true;
        }

        group.Add(member, request.ProtocolType);
        Wait(group, member, turn);
        MemberSessions.Start(turn.Coordinator, group, member, turn.Coordinator.Config.NewMemberJoinTimeoutMs);
        Rebalance.PrepareOrComplete(group, turn);
    }

    private void Wait(ClassicGroup group, ClassicMember member, in GroupTurn turn)
    {
        turn.Decision.Defer();
        var before = member.AwaitingJoin;
        group.SetAwaitingJoin(member, this);

        // Its client has stopped waiting for this one.
        before?.Answer(before.Refused(ErrorCode.RebalanceInProgress, member.Id));
    }

    private static JoinGroupResponse InGeneration(ClassicGroup group, ClassicMember member, bool withMembers, string leaderId)
    {
        var response = new JoinGroupResponse
        {
            GenerationId = group.Generation,
            ProtocolType = group.ProtocolType,
            ProtocolName = group.ProtocolName,
            Leader = leaderId,
            MemberId = member.Id,
        };
        if (withMembers)
        {
            foreach (var other in group.Members)
            {
                response.Members.Add(new JoinGroupResponse.JoinGroupResponseMember
                {
                    MemberId = other.Id,
                    GroupInstanceId = other.InstanceId,
                    Metadata = other.MetadataOf(group.ProtocolName),
                });
            }
        }

        return response;
    }
}
