using Barnabas.Cluster.Groups.Records;

namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>
/// All committed offsets of one coordinator, changed by replay alone. Owned by the loop of its coordinator.
/// </summary>
internal sealed class OffsetStore
{
    private readonly Dictionary<string, GroupOffsets> _groups = [];

    /// <summary>Offsets of transactions that have not ended.</summary>
    public PendingOffsets Pending { get; } = new();

    /// <summary>The offsets of a group, or null when it has none.</summary>
    public GroupOffsets? Of(string groupId) => _groups.GetValueOrDefault(groupId);

    public void Replay(OffsetRecord record, long recordOffset)
    {
        if (record.Value is not { } value)
        {
            // What a transaction has pending for it goes too: its end would bring the deleted offset back.
            Pending.Remove(record.GroupId, record.Topic, record.Partition);
            Remove(record.GroupId, record.Topic, record.Partition);
        }
        else if (record.ProducerId >= 0)
        {
            Pending.Put(record.ProducerId, record.GroupId, record.Topic, record.Partition, new StoredOffset(value, recordOffset));
        }
        else
        {
            Put(record.GroupId, record.Topic, record.Partition, new StoredOffset(value, recordOffset));
        }
    }

    public void Replay(TransactionEndRecord end)
    {
        foreach (var (group, topic, partition, stored) in Pending.Take(end.ProducerId))
        {
            // A plain commit that came after the one in the transaction stays.
            if (end.IsCommit && !(Of(group) is { } offsets && offsets.TryGet(topic, partition, out var there)
                && there.RecordOffset > stored.RecordOffset))
            {
                Put(group, topic, partition, stored);
            }
        }
    }

    public void Clear()
    {
        _groups.Clear();
        Pending.Clear();
    }

    private void Put(string group, string topic, int partition, StoredOffset stored)
    {
        if (!_groups.TryGetValue(group, out var offsets))
        {
            _groups[group] = offsets = new GroupOffsets();
        }

        offsets.Put(topic, partition, stored);
    }

    private void Remove(string group, string topic, int partition)
    {
        if (_groups.TryGetValue(group, out var offsets))
        {
            offsets.Remove(topic, partition);
            if (offsets.Topics.Count == 0)
            {
                _groups.Remove(group);
            }
        }
    }
}
