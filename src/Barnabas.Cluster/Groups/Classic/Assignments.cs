using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>What members are told to work on.</summary>
internal static class Assignments
{
    /// <summary>The leader's assignment is committed: every member has its part, and those that wait are told.</summary>
    public static void HandOut(ClassicGroup group, GroupCoordinator coordinator, IReadOnlyDictionary<string, byte[]> assignments)
    {
        foreach (var member in group.Members)
        {
            member.Assignment = assignments.GetValueOrDefault(member.Id) ?? [];
        }

        Tell(group, coordinator, ErrorCode.None);
    }

    /// <summary>There is no assignment in this generation: nobody has work, and those that wait are told why.</summary>
    public static void Withdraw(ClassicGroup group, GroupCoordinator coordinator, ErrorCode error)
    {
        foreach (var member in group.Members)
        {
            member.Assignment = [];
        }

        Tell(group, coordinator, error);
    }

    private static void Tell(ClassicGroup group, GroupCoordinator coordinator, ErrorCode error)
    {
        foreach (var member in group.Members)
        {
            if (member.AwaitingSync is { } waiting)
            {
                member.AwaitingSync = null;
                MemberSessions.Renew(coordinator, group, member);
                waiting.Answer(error == ErrorCode.None ? waiting.Assigned(group, member) : waiting.Refused(error));
            }
        }
    }
}
