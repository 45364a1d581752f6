using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>How members come into a classic group and out of it.</summary>
internal static class Membership
{
    /// <summary>False for one too many; members that are counted already may go on.</summary>
    public static bool HasRoom(ClassicGroup group, string memberId, int membersMax) => group.State switch
    {
        ClassicState.Empty => true,
        ClassicState.PreparingRebalance => group.Find(memberId)?.AwaitingJoin is not null || group.AwaitingJoinCount < membersMax,
        _ => group.Find(memberId) is not null || group.Members.Count < membersMax,
    };

    /// <summary>Takes a member out: what it waits for is answered, and the others share its work.</summary>
    public static void Remove(ClassicGroup group, ClassicMember member, in GroupTurn turn)
    {
        TakeOut(group, member);
        RebalanceWithout(group, turn);
    }

    /// <summary>Takes a member out without a rebalance, for callers that take out several.</summary>
    public static void TakeOut(ClassicGroup group, ClassicMember member)
    {
        if (member.AwaitingJoin is { } join)
        {
            // It may still be there and asks again, as a new one.
            group.SetAwaitingJoin(member, null);
            join.Answer(join.Refused(ErrorCode.UnknownMemberId, ""));
        }

        if (member.AwaitingSync is { } sync)
        {
            member.AwaitingSync = null;
            sync.Answer(sync.Refused(ErrorCode.UnknownMemberId));
        }

        group.Remove(member);
    }

    /// <summary>The group is not one of the classic protocol any more: whoever waits asks again, and finds it as it is then.</summary>
    public static void Dissolve(ClassicGroup group)
    {
        foreach (var member in group.Members)
        {
            member.Session?.Cancel();
            if (member.AwaitingJoin is { } join)
            {
                group.SetAwaitingJoin(member, null);
                join.Answer(join.Refused(ErrorCode.RebalanceInProgress, member.Id));
            }

            if (member.AwaitingSync is { } sync)
            {
                member.AwaitingSync = null;
                sync.Answer(sync.Refused(ErrorCode.RebalanceInProgress));
            }
        }
    }

    /// <summary>Members have left.</summary>
    public static void RebalanceWithout(ClassicGroup group, in GroupTurn turn)
    {
        if (group.State != ClassicState.Empty)
        {
            Rebalance.PrepareOrComplete(group, turn);
        }
    }

    /// <summary>
    /// A static member is back with a new id: the member keeps its place under it, and whoever still asks under the old one is fenced.
    /// </summary>
    public static void Replace(ClassicGroup group, ClassicMember member, string newId)
    {
        if (member.AwaitingJoin is { } join)
        {
            group.SetAwaitingJoin(member, null);
            join.Answer(join.Refused(ErrorCode.FencedInstanceId, member.Id));
        }

        if (member.AwaitingSync is { } sync)
        {
            member.AwaitingSync = null;
            sync.Answer(sync.Refused(ErrorCode.FencedInstanceId));
        }

        group.Rename(member, newId);
    }
}
