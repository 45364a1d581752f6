using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;

namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>Which offsets are so old that nobody will come back for them.</summary>
internal static class OffsetExpiry
{
    /// <summary>
    /// Adds tombstones for the group's offsets that have expired, and for the group itself when it has neither offsets nor members. False
    /// when the decision is full, and there may be more.
    /// </summary>
    public static bool Expire(string groupId, in GroupTurn turn)
    {
        var coordinator = turn.Coordinator;
        if (coordinator.Find(groupId) is not { } group)
        {
            return true;
        }

        var isLeft = coordinator.Offsets.Pending.HasAny(groupId);
        foreach (var (topic, partitions) in coordinator.Offsets.Of(groupId)?.Topics ?? [])
        {
            foreach (var (partition, stored) in partitions)
            {
                if (!HasExpired(group, topic, stored.Value, turn.NowMs, coordinator.Config.OffsetsRetentionMs)
                    || coordinator.Offsets.Pending.Has(groupId, topic, partition))
                {
                    isLeft = true;
                }
                else if (turn.Decision.Count >= coordinator.Config.RecordsPerDecisionMax)
                {
                    return false;
                }
                else
                {
                    turn.Decision.Add(new OffsetRecord(groupId, topic, partition, null));
                }
            }
        }

        if (!isLeft && GroupEnd.IsOver(group))
        {
            GroupEnd.AddTombstones(group, turn.Decision);
        }

        return true;
    }

    private static bool HasExpired(Group group, string topic, CommittedOffset offset, long nowMs, long retentionMs)
    {
        var firstUnusedMs = group is ClassicGroup classic ? FirstUnusedMs(classic, topic, offset) : FirstUnusedMs(group, topic, offset);
        if (firstUnusedMs is not { } unusedMs)
        {
            return false;
        }

        return offset.ExpireTimestampMs >= 0 ? nowMs >= offset.ExpireTimestampMs : nowMs - unusedMs >= retentionMs;
    }

    private static long? FirstUnusedMs(Group group, string topic, CommittedOffset offset) =>
        group.Subscribes(topic) ? null : offset.CommitTimestampMs;

    // Since when nobody has used the offset, or null while somebody may.
    private static long? FirstUnusedMs(ClassicGroup group, string topic, CommittedOffset offset)
    {
        if (group.ProtocolType is null)
        {
            return offset.CommitTimestampMs;
        }

        if (group.State == ClassicState.Empty)
        {
            return group.StateTimestampMs < 0 ? offset.CommitTimestampMs : group.StateTimestampMs;
        }

        // Never while the group is not stable: a member that is about to come back would begin from the start.
        return group.State == ClassicState.Stable && group.HasConsumers && !group.Subscribes(topic)
            ? offset.CommitTimestampMs
            : null;
    }
}
