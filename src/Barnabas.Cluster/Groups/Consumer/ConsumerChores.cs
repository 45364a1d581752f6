using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>Nothing was heard of a member for its session timeout. Owned by the loop of the coordinator.</summary>
internal sealed class ExpireConsumerChore(string groupId, string memberId) : GroupChore
{
    // Soon enough for those that wait for the member's partitions.
    private const int AgainMs = 1_000;

    private GroupCoordinator? _coordinator;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        _coordinator = machine;
        if (machine.Find(groupId) is ConsumerGroup group && group.Find(memberId) is { } member)
        {
            Departure.Remove(group, [member], new GroupTurn(machine, decision, nowMs));
        }
        else
        {
            machine.Sessions.Forget(groupId, memberId);
        }
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        // The log did not take it: the member is still in.
        if (error != ErrorCode.None && _coordinator is { IsActive: true } coordinator)
        {
            coordinator.Sessions.Renew(groupId, memberId, AgainMs);
        }
    }
}

/// <summary>
/// A member had its rebalance timeout to give up partitions that others wait for, and did not. Owned by the loop of the coordinator.
/// </summary>
internal sealed class ExpireRevocationChore(string groupId, string memberId, int memberEpoch) : GroupChore
{
    private const int AgainMs = 1_000;

    private GroupCoordinator? _coordinator;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        _coordinator = machine;
        if (machine.Find(groupId) is ConsumerGroup group && group.Find(memberId) is { } member && member.Epoch == memberEpoch
            && member.Progress == MemberProgress.Unrevoked)
        {
            Departure.Remove(group, [member], new GroupTurn(machine, decision, nowMs));
        }
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        if (error != ErrorCode.None && _coordinator is { IsActive: true } coordinator)
        {
            coordinator.Sessions.ExpectRevocation(groupId, memberId, memberEpoch, AgainMs);
        }
    }
}
