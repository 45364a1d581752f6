using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups;

/// <summary>When a group may go, and what is written when it does. Stateless.</summary>
internal static class GroupEnd
{
    /// <summary>True for a group without members, of a protocol that is run here.</summary>
    public static bool IsOver(Group group) => group switch
    {
        ClassicGroup classic => classic.State == ClassicState.Empty,
        ConsumerGroup consumer => consumer.IsEmpty,
        _ => false,
    };

    /// <summary>Ends the group; its offsets are the caller's.</summary>
    public static void AddTombstones(Group group, Decision<GroupRecord> decision)
    {
        if (group is not ConsumerGroup consumer)
        {
            decision.Add(new GroupMetadataRecord(group.Id, null));
            return;
        }

        foreach (var pattern in consumer.Patterns.Keys)
        {
            decision.Add(new ConsumerPatternRecord(group.Id, pattern, null));
        }

        decision.Add(new ConsumerTargetEpochRecord(group.Id, null));
        decision.Add(new ConsumerTopicsRecord(group.Id, IsTombstone: true));
        decision.Add(new ConsumerEpochRecord(group.Id, null));
    }
}
