namespace Barnabas.Cluster.Groups.Classic;

/// <summary>When members were last heard of.</summary>
internal static class MemberSessions
{
    /// <summary>The member was heard of: its session begins again.</summary>
    public static void Renew(GroupCoordinator coordinator, ClassicGroup group, ClassicMember member) =>
        Start(coordinator, group, member, member.SessionTimeoutMs);

    /// <summary>The member has this long from now.</summary>
    public static void Start(GroupCoordinator coordinator, ClassicGroup group, ClassicMember member, int timeoutMs)
    {
        member.Session ??= new GroupTimer(coordinator, () => new ExpireMemberChore(group, member));
        member.Session.Set(timeoutMs);
    }

    /// <summary>Gives out an id that a member has to come back with in its session timeout.</summary>
    public static void Expect(GroupCoordinator coordinator, ClassicGroup group, string memberId, int timeoutMs)
    {
        var timer = new GroupTimer(coordinator, () => new ExpirePendingMemberChore(group, memberId));
        group.PendingMembers[memberId] = timer;
        timer.Set(timeoutMs);
    }

    /// <summary>The member came back, or left: true if it was waited for.</summary>
    public static bool StopExpecting(ClassicGroup group, string memberId)
    {
        if (!group.PendingMembers.Remove(memberId, out var timer))
        {
            return false;
        }

        timer.Cancel();
        return true;
    }
}
