using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Migration;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// A member says that it is alive, and learns when it has to join again. Made on any thread, then owned by the coordinator's loop.
/// </summary>
public sealed class HeartbeatOperation(HeartbeatRequest request, Action<HeartbeatResponse> reply) : GroupRequest<HeartbeatResponse>(reply)
{
    /// <inheritdoc/>
    public override ErrorCode Precheck(GroupConfig config) => request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        decision.Saw(-1);
        Response = new HeartbeatResponse { ErrorCode = Hear(machine) };
    }

    /// <inheritdoc/>
    protected override HeartbeatResponse Refusal(ErrorCode error) => new()
    {
        // A coordinator that does not know the member yet has not forgotten it either: no reason to join again.
        ErrorCode = error == ErrorCode.CoordinatorLoadInProgress ? ErrorCode.None : error,
    };

    private ErrorCode Hear(GroupCoordinator coordinator)
    {
        if (coordinator.Find(request.GroupId) is ConsumerGroup consumer)
        {
            return ClassicMembers.Hear(consumer, request, coordinator);
        }

        if (coordinator.FindClassic(request.GroupId) is not { } group)
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

        MemberSessions.Renew(coordinator, group, group.Find(request.MemberId)!);
        return group.State == ClassicState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }
}
