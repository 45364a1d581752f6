using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Migration;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// A member of a new generation asks for its work; the leader brings everybody's. The others wait for the leader's to be committed. Made on
/// any thread, then owned by the coordinator's loop.
/// </summary>
public sealed class SyncGroupOperation(SyncGroupRequest request, GroupCaller caller, Action<SyncGroupResponse> reply)
    : GroupRequest<SyncGroupResponse>(reply)
{
    private const short FirstVersionWithProtocol = 5;

    private GroupCoordinator? _coordinator;
    private ClassicGroup? _group;
    private Dictionary<string, byte[]>? _assignments;

    /// <inheritdoc/>
    public override ErrorCode Precheck(GroupConfig config)
    {
        if (caller.Version >= FirstVersionWithProtocol && (request.ProtocolType is null || request.ProtocolName is null))
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        return request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;
    }

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        decision.Saw(-1);
        _coordinator = machine;
        if (machine.Find(request.GroupId) is ConsumerGroup consumer)
        {
            Response = ClassicMembers.Sync(consumer, request, machine);
            return;
        }

        _group = machine.FindClassic(request.GroupId);
        if (Validate(_group, machine.Config) is var error and not ErrorCode.None)
        {
            Response = Refused(error);
            return;
        }

        var member = _group!.Find(request.MemberId)!;
        if (_group.PendingSync.Remove(member.Id) && _group.PendingSync.Count == 0)
        {
            _group.SyncTimer?.Cancel();
        }

        if (_group.State == ClassicState.Stable)
        {
            Response = Assigned(_group, member);
            return;
        }

        var before = member.AwaitingSync;
        member.AwaitingSync = this;

        // Its client has stopped waiting for this one.
        before?.Answer(before.Refused(ErrorCode.RebalanceInProgress));
        if (_group.LeaderId == member.Id)
        {
            // Answered with the others', once it is committed.
            _assignments = AssignmentsAsked();
            decision.Add(RecordedGroup.Of(_group, other => _assignments.GetValueOrDefault(other.Id) ?? []));
        }
        else
        {
            decision.Defer();
        }
    }

    internal SyncGroupResponse Refused(ErrorCode error) => new() { ErrorCode = error };

    internal SyncGroupResponse Assigned(ClassicGroup group, ClassicMember member) => new()
    {
        ProtocolType = group.ProtocolType,
        ProtocolName = group.ProtocolName,
        Assignment = member.Assignment,
    };

    /// <inheritdoc/>
    protected override SyncGroupResponse Refusal(ErrorCode error) => Refused(error);

    /// <inheritdoc/>
    protected override SyncGroupResponse? LateAnswer()
    {
        // Whatever ended the generation before its assignment was committed has answered this operation too.
        var group = _group!;
        Check.That(group.State == ClassicState.CompletingRebalance && group.Generation == request.GenerationId);
        var leader = group.Find(request.MemberId)!;
        leader.AwaitingSync = null;
        MemberSessions.Renew(_coordinator!, group, leader);
        group.MoveTo(ClassicState.Stable, _coordinator!.Loop.NowWallMs);
        Assignments.HandOut(group, _coordinator, _assignments!);
        return Assigned(group, leader);
    }

    /// <inheritdoc/>
    protected override void NotWritten(ErrorCode error)
    {
        if (_group?.Find(request.MemberId) is not { } member || member.AwaitingSync != this)
        {
            return;
        }

        member.AwaitingSync = null;
        if (_assignments is not null && _coordinator!.IsActive)
        {
            Assignments.Withdraw(_group, _coordinator, CoordinatorErrors.Of(error));
            _coordinator.Submit(new JoinAgainChore(_group, request.GenerationId));
        }
    }

    private ErrorCode Validate(ClassicGroup? group, GroupConfig config)
    {
        if (group is null)
        {
            return ErrorCode.UnknownMemberId;
        }

        if (group.Validate(request.MemberId, request.GroupInstanceId) is var error and not ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationId != group.Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        if (group.IsConverted)
        {
            // It joined the consumer group, by a protocol that need not be this group's: it has to join again in any case.
            return ErrorCode.RebalanceInProgress;
        }

        if ((request.ProtocolType is { } type && type != group.ProtocolType)
            || (request.ProtocolName is { } name && name != group.ProtocolName))
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        return group.State == ClassicState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    private Dictionary<string, byte[]> AssignmentsAsked()
    {
        var assignments = new Dictionary<string, byte[]>(request.Assignments.Count);
        foreach (var asked in request.Assignments)
        {
            assignments[asked.MemberId] = asked.Assignment;
        }

        return assignments;
    }
}
