namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>A committed offset and the offset of its own record, by which later ones win. Immutable.</summary>
internal readonly record struct StoredOffset(CommittedOffset Value, long RecordOffset);

/// <summary>The committed offsets of one group, in order of topic name and partition. Owned by the loop of its coordinator.</summary>
internal sealed class GroupOffsets
{
    /// <summary>By topic name, then by partition. No topic is without partitions.</summary>
    public SortedDictionary<string, SortedList<int, StoredOffset>> Topics { get; } = new(StringComparer.Ordinal);

    public CommittedOffset? Find(string topic, int partition) => TryGet(topic, partition, out var stored) ? stored.Value : null;

    public bool TryGet(string topic, int partition, out StoredOffset stored)
    {
        stored = default;
        return Topics.TryGetValue(topic, out var partitions) && partitions.TryGetValue(partition, out stored);
    }

    public void Put(string topic, int partition, StoredOffset stored)
    {
        if (!Topics.TryGetValue(topic, out var partitions))
        {
            Topics[topic] = partitions = [];
        }

        partitions[partition] = stored;
    }

    public void Remove(string topic, int partition)
    {
        if (Topics.TryGetValue(topic, out var partitions) && partitions.Remove(partition) && partitions.Count == 0)
        {
            Topics.Remove(topic);
        }
    }
}
