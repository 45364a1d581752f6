using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>
/// A topic was deleted: nobody's offsets in it mean anything any more. Written in pieces, each in a turn of its own. Owned by the loop of
/// the coordinator.
/// </summary>
internal sealed class ForgetTopicChore(GroupCoordinator coordinator, string topic, Uuid topicId) : GroupChore
{
    private bool _isFull;

    /// <inheritdoc/>
    public override void Decide(GroupCoordinator machine, Decision<GroupRecord> decision, long nowMs)
    {
        foreach (var group in machine.Groups)
        {
            if (machine.Offsets.Of(group.Id) is { } offsets && offsets.Topics.TryGetValue(topic, out var partitions))
            {
                Forget(group.Id, partitions, decision);
            }

            foreach (var (pendingTopic, partition) in machine.Offsets.Pending.Of(group.Id))
            {
                if (pendingTopic == topic)
                {
                    decision.Add(new OffsetRecord(group.Id, topic, partition, null));
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        if (error == ErrorCode.None && _isFull)
        {
            coordinator.SubmitLater(new ForgetTopicChore(coordinator, topic, topicId));
        }
    }

    private void Forget(string groupId, SortedList<int, StoredOffset> partitions, Decision<GroupRecord> decision)
    {
        foreach (var (partition, stored) in partitions)
        {
            if (decision.Count >= coordinator.Config.RecordsPerDecisionMax)
            {
                _isFull = true;
                return;
            }

            // A topic of the same name may be there already, with offsets of its own.
            if (stored.Value.TopicId == Uuid.Zero || stored.Value.TopicId == topicId)
            {
                decision.Add(new OffsetRecord(groupId, topic, partition, null));
            }
        }
    }
}
