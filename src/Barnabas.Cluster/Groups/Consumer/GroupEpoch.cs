using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>How a consumer group moves to its next epoch. Stateless.</summary>
internal static class GroupEpoch
{
    /// <summary>Adds the record of the next epoch, and gives it.</summary>
    /// <param name="group">The group as it is replayed.</param>
    /// <param name="topics">Its topics as they will be.</param>
    /// <param name="turn">Takes the record.</param>
    public static int Raise(ConsumerGroup group, GroupTopics topics, in GroupTurn turn)
    {
        if (group.HasTopicsRecord)
        {
            turn.Decision.Add(new ConsumerTopicsRecord(group.Id, IsTombstone: true));
        }

        var epoch = group.Epoch + 1;
        turn.Decision.Add(new ConsumerEpochRecord(group.Id, new ConsumerGroupMetadataValue
        {
            Epoch = epoch, MetadataHash = topics.Hash(turn.Coordinator.Image),
        }));
        return epoch;
    }
}
