using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>Who may commit and read offsets of a consumer group. Stateless.</summary>
internal static class OffsetChecks
{
    private const short FirstVersionWithMemberEpoch = 9;

    /// <summary>
    /// Whether a commit is of a member of the group, or of an operator while there is none. A member of an older epoch may still commit
    /// what it has had since then: <see cref="OfPartition"/> tells for each partition.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="memberId">As the request has it.</param>
    /// <param name="memberEpoch">As the request has it; negative for an operator.</param>
    /// <param name="version">Of OffsetCommit.</param>
    public static ErrorCode OfCommit(ConsumerGroup group, string memberId, int memberEpoch, short version)
    {
        if (memberEpoch < 0 && group.IsEmpty)
        {
            return ErrorCode.None;
        }

        if (group.Find(memberId) is not { } member)
        {
            return ErrorCode.UnknownMemberId;
        }

        if (member.Classic is not null)
        {
            return memberEpoch == member.Epoch ? ErrorCode.None : ErrorCode.IllegalGeneration;
        }

        if (version < FirstVersionWithMemberEpoch)
        {
            return ErrorCode.UnsupportedVersion;
        }

        return memberEpoch > member.Epoch ? ErrorCode.StaleMemberEpoch : ErrorCode.None;
    }

    /// <summary>Whether the member has had the partition since that epoch; None or StaleMemberEpoch.</summary>
    public static ErrorCode OfPartition(ConsumerGroup group, string memberId, int memberEpoch, TopicIdPartition at)
    {
        if (group.Find(memberId) is not { Classic: null } member || memberEpoch == member.Epoch)
        {
            return ErrorCode.None;
        }

        return (member.Assigned.Find(at) ?? member.Revoking.Find(at)) is { } held && held.Epoch <= memberEpoch
            ? ErrorCode.None
            : ErrorCode.StaleMemberEpoch;
    }

    /// <summary>Whether the offsets are read by a member of this epoch, or by somebody who names no member.</summary>
    public static ErrorCode OfFetch(ConsumerGroup group, string? memberId, int memberEpoch)
    {
        if (memberId is null && memberEpoch < 0)
        {
            return ErrorCode.None;
        }

        if (memberId is null || group.Find(memberId) is not { } member)
        {
            return ErrorCode.UnknownMemberId;
        }

        return member.Epoch == memberEpoch ? ErrorCode.None : ErrorCode.StaleMemberEpoch;
    }
}
