using System.Collections.Immutable;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// How a member gets from what it has to what it is to have: first it gives up, then it moves to the epoch of the target, then it gets what
/// others have given up. A partition that somebody has is never given to another. Pure.
/// </summary>
/// <param name="TargetEpoch">The epoch of the target assignment.</param>
/// <param name="Target">What the member is to have in the end. Sorted.</param>
/// <param name="Owned">What the member says that it owns; null where it did not say. Sorted.</param>
/// <param name="IsFree">True for a partition that no member has.</param>
internal readonly record struct Reconciliation(
    int TargetEpoch, ImmutableArray<TopicIdPartition> Target, ImmutableArray<TopicIdPartition>? Owned, Func<TopicIdPartition, bool> IsFree)
{
    /// <summary>The member after this heartbeat; itself when nothing changes.</summary>
    /// <param name="member">The member.</param>
    /// <param name="reads">True for partitions of topics that it subscribes to now.</param>
    public ConsumerMember Next(ConsumerMember member, Func<TopicIdPartition, bool> reads) => member.Progress switch
    {
        MemberProgress.Stable when member.Epoch == TargetEpoch => HasLeft(member, reads) ? Towards(member) : member,
        MemberProgress.Unrevoked when !HasGivenUp(member.Revoking) => HasLeft(member, reads) ? RevokeMore(member, reads) : member,
        _ => Towards(member),
    };

    // The subscription has changed, and the target assignment has yet to follow.
    private static bool HasLeft(ConsumerMember member, Func<TopicIdPartition, bool> reads) =>
        member.Assigned.Any(held => !reads(held.At));

    private static ConsumerMember RevokeMore(ConsumerMember member, Func<TopicIdPartition, bool> reads) => member.MoveTo(
        member.Epoch,
        MemberProgress.Unrevoked,
        [.. member.Assigned.Where(held => reads(held.At))],
        [.. member.Revoking.Concat(member.Assigned.Where(held => !reads(held.At))).OrderBy(held => held.At)]);

    private ConsumerMember Towards(ConsumerMember member)
    {
        var kept = ImmutableArray.CreateBuilder<HeldPartition>();
        var revoking = ImmutableArray.CreateBuilder<HeldPartition>();
        foreach (var held in member.Assigned)
        {
            (Target.Has(held.At) ? kept : revoking).Add(held);
        }

        if (revoking.Count > 0 && !HasGivenUp(revoking))
        {
            return member.MoveTo(member.Epoch, MemberProgress.Unrevoked, kept.ToImmutable(), revoking.ToImmutable());
        }

        var isWaiting = false;
        var keptCount = kept.Count;
        foreach (var at in Target)
        {
            if (member.Assigned.Find(at) is not null)
            {
                continue;
            }

            if (IsFree(at))
            {
                kept.Add(new HeldPartition(at, TargetEpoch));
            }
            else
            {
                isWaiting = true;
            }
        }

        if (kept.Count > keptCount)
        {
            kept.Sort((a, b) => a.At.CompareTo(b.At));
        }

        return member.MoveTo(TargetEpoch, isWaiting ? MemberProgress.Unreleased : MemberProgress.Stable, kept.ToImmutable(), []);
    }

    // Only a member that says what it owns, and that these are not among it, has given them up.
    private bool HasGivenUp(IReadOnlyList<HeldPartition> revoking)
    {
        if (Owned is not { } owned)
        {
            return false;
        }

        foreach (var held in revoking)
        {
            if (owned.Has(held.At))
            {
                return false;
            }
        }

        return true;
    }
}
