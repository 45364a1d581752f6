using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// How a classic group gets from one generation to the next: all join, the leader is told who is there, all sync and are told what is
/// theirs.
/// </summary>
internal static class Rebalance
{
    /// <summary>Begins one if the group is not joining already, else ends the joining if nobody is missing.</summary>
    public static void PrepareOrComplete(ClassicGroup group, in GroupTurn turn)
    {
        if (group.State == ClassicState.PreparingRebalance)
        {
            CompleteIfAllJoined(group, turn);
        }
        else
        {
            Prepare(group, turn);
        }
    }

    /// <summary>Has every member join again. Whoever waits to sync is told so; the others learn it by their next heartbeat.</summary>
    public static void Prepare(ClassicGroup group, in GroupTurn turn)
    {
        Check.That(group.State != ClassicState.PreparingRebalance);
        if (group.State == ClassicState.CompletingRebalance)
        {
            Assignments.Withdraw(group, turn.Coordinator, ErrorCode.RebalanceInProgress);
        }

        group.SyncTimer?.Cancel();
        var isInitial = group.State == ClassicState.Empty;
        group.MoveTo(ClassicState.PreparingRebalance, turn.NowMs);
        group.JoinTimer ??= JoinTimerOf(group, turn.Coordinator);
        if (isInitial)
        {
            // The group is new. Give more members the time to come.
            var delayMs = turn.Coordinator.Config.InitialRebalanceDelayMs;
            group.InitialDelayLeftMs = Math.Max(group.RebalanceTimeoutMs - delayMs, 0);
            group.JoinTimer.Set(delayMs);
        }
        else if (group.HasAllJoined)
        {
            Complete(group, turn);
        }
        else
        {
            group.JoinTimer.Set(group.RebalanceTimeoutMs);
        }
    }

    /// <summary>Somebody has joined or left: ends the joining if nobody is missing. The initial delay is waited for in any case.</summary>
    public static void CompleteIfAllJoined(ClassicGroup group, in GroupTurn turn)
    {
        if (group.State == ClassicState.PreparingRebalance && group.PreviousState != ClassicState.Empty && group.HasAllJoined)
        {
            Complete(group, turn);
        }
    }

    /// <summary>The time for joining is over.</summary>
    public static void JoinTimeIsUp(ClassicGroup group, in GroupTurn turn)
    {
        if (group.State != ClassicState.PreparingRebalance)
        {
            return;
        }

        if (group.PreviousState == ClassicState.Empty && group.NewMemberAdded && group.InitialDelayLeftMs > 0)
        {
            // Members came during the delay: wait once more, but not longer than a rebalance may take.
            group.NewMemberAdded = false;
            var configuredMs = turn.Coordinator.Config.InitialRebalanceDelayMs;
            var delayMs = Math.Min(configuredMs, group.InitialDelayLeftMs);
            group.InitialDelayLeftMs = Math.Max(group.InitialDelayLeftMs - configuredMs, 0);
            group.JoinTimer!.Set(delayMs);
            return;
        }

        Complete(group, turn);
    }

    private static void Complete(ClassicGroup group, in GroupTurn turn)
    {
        group.JoinTimer?.Cancel();
        RemoveAbsent(group);
        if (!group.ElectJoinedLeader() && !group.IsEmpty)
        {
            // Only static members are left and none of them has joined: they keep their places until their sessions end.
            group.JoinTimer!.Set(group.RebalanceTimeoutMs);
            return;
        }

        group.NewMemberAdded = false;
        group.BeginGeneration(turn.NowMs);
        if (group.IsEmpty)
        {
            turn.Decision.Add(RecordedGroup.Of(group, _ => []));
            return;
        }

        foreach (var member in group.Members)
        {
            Welcome(group, member, turn.Coordinator);
        }

        var generation = group.Generation;
        var coordinator = turn.Coordinator;
        group.SyncTimer = new GroupTimer(coordinator, () => new ExpireSyncChore(group, generation));
        group.SyncTimer.Set(group.RebalanceTimeoutMs);
    }

    // Whoever has not joined in time is out, but for static members, who may be restarting.
    private static void RemoveAbsent(ClassicGroup group)
    {
        foreach (var member in group.Members.Where(member => member.AwaitingJoin is null && member.InstanceId is null).ToList())
        {
            group.Remove(member);
        }
    }

    private static void Welcome(ClassicGroup group, ClassicMember member, GroupCoordinator coordinator)
    {
        group.PendingSync.Add(member.Id);
        MemberSessions.Renew(coordinator, group, member);
        if (member.AwaitingJoin is { } operation)
        {
            group.SetAwaitingJoin(member, null);
            member.IsNew = false;
            operation.Answer(operation.Joined(group, member));
        }
    }

    private static GroupTimer JoinTimerOf(ClassicGroup group, GroupCoordinator coordinator) =>
        new(coordinator, () => new JoinTimeIsUpChore(group));
}
