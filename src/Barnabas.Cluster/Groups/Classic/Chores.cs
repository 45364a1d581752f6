using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>Nothing was heard of a member for its session timeout.</summary>
internal sealed class ExpireMemberChore(ClassicGroup group, ClassicMember member) : GroupChore
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        // Whoever waits for an answer is here, but a new member would wait for ever for clients that went away: it has its time to join.
        var waits = !member.IsNew && (member.AwaitingJoin is not null || member.AwaitingSync is not null);
        if (group.Find(member.Id) == member && !waits)
        {
            Membership.Remove(group, member, new GroupTurn(machine, decision, nowMs));
        }
    }
}

/// <summary>A member was given an id and did not come back with it.</summary>
internal sealed class ExpirePendingMemberChore(ClassicGroup group, string memberId) : GroupChore
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (MemberSessions.StopExpecting(group, memberId))
        {
            Rebalance.CompleteIfAllJoined(group, new GroupTurn(machine, decision, nowMs));
        }
    }
}

/// <summary>The time to join is over.</summary>
internal sealed class JoinTimeIsUpChore(ClassicGroup group) : GroupChore
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs) =>
        Rebalance.JoinTimeIsUp(group, new GroupTurn(machine, decision, nowMs));
}

/// <summary>The time to sync in a generation is over: whoever has not is out.</summary>
internal sealed class ExpireSyncChore(ClassicGroup group, int generation) : GroupChore
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (group.Generation != generation || group.PendingSync.Count == 0
            || group.State is ClassicState.Empty or ClassicState.PreparingRebalance)
        {
            return;
        }

        foreach (var memberId in group.PendingSync.ToList())
        {
            Membership.TakeOut(group, group.Find(memberId)!);
        }

        Rebalance.Prepare(group, new GroupTurn(machine, decision, nowMs));
    }
}

/// <summary>The generation has no assignment, or more members than are allowed: all have to join again.</summary>
internal sealed class JoinAgainChore(ClassicGroup group, int generation) : GroupChore
{
    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        if (group.Generation == generation && group.State is ClassicState.CompletingRebalance or ClassicState.Stable)
        {
            Rebalance.Prepare(group, new GroupTurn(machine, decision, nowMs));
        }
    }
}
