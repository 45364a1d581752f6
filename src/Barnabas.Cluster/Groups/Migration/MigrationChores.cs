using Barnabas.Base;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups.Migration;

/// <summary>
/// A consumer group has become a classic one: its members get sessions, and have to join again. What they know beside the group's own
/// protocol is not in its record.
/// </summary>
internal sealed class BeginClassicChore(ClassicGroup converted) : GroupChore
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (machine.FindClassic(converted.Id) is not { State: ClassicState.Stable, IsConverted: true } group)
        {
            return;
        }

        foreach (var member in group.Members)
        {
            if (converted.Find(member.Id) is { } known)
            {
                group.Update(member, known.Protocols, known.RebalanceTimeoutMs, known.SessionTimeoutMs);
            }

            MemberSessions.Start(machine, group, member, member.SessionTimeoutMs);
        }

        Rebalance.Prepare(group, new GroupTurn(machine, decision, nowMs));
    }
}

/// <summary>
/// A member of the classic protocol was told to join again and had its rebalance timeout to do it. Owned by the loop of the coordinator.
/// </summary>
internal sealed class ExpireRejoinChore(string groupId, string memberId, int memberEpoch) : GroupChore
{
    private const int AgainMs = 1_000;

    private GroupCoordinator? _coordinator;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        _coordinator = machine;
        machine.Sessions.StopExpectingJoin(groupId, memberId);
        if (machine.Find(groupId) is ConsumerGroup group && group.Find(memberId) is { Classic: not null } member
            && member.Epoch == memberEpoch && ClassicSpeech.MustJoin(group, member))
        {
            Departure.Remove(group, [member], new GroupTurn(machine, decision, nowMs));
        }
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        if (error != ErrorCode.None && _coordinator is { IsActive: true } coordinator)
        {
            coordinator.Sessions.ExpectJoin(groupId, memberId, memberEpoch, AgainMs);
        }
    }
}
