namespace Barnabas.Cluster.Groups.Offsets;

/// <summary>
/// Offsets committed in transactions that have not ended, by producer. Owned by the loop of its coordinator.
/// </summary>
internal sealed class PendingOffsets
{
    private readonly SortedDictionary<long, Dictionary<(string Group, string Topic, int Partition), StoredOffset>> _byProducer = [];

    /// <summary>How many producers have an offset pending for the partition; none is not in it.</summary>
    private readonly Dictionary<(string Group, string Topic, int Partition), int> _producers = [];

    private readonly Dictionary<string, int> _groups = [];

    public void Put(long producerId, string group, string topic, int partition, StoredOffset stored)
    {
        if (!_byProducer.TryGetValue(producerId, out var offsets))
        {
            _byProducer[producerId] = offsets = [];
        }

        if (!offsets.ContainsKey((group, topic, partition)))
        {
            Count(_producers, (group, topic, partition), 1);
            Count(_groups, group, 1);
        }

        offsets[(group, topic, partition)] = stored;
    }

    /// <summary>True while a transaction may still change the group's offset of the partition.</summary>
    public bool Has(string group, string topic, int partition) => _producers.ContainsKey((group, topic, partition));

    /// <summary>True while a transaction may still change any offset of the group.</summary>
    public bool HasAny(string group) => _groups.ContainsKey(group);

    /// <summary>Every partition of a group that a transaction has an offset for, in order.</summary>
    public IReadOnlyList<(string Topic, int Partition)> Of(string group) => !HasAny(group) ? [] :
        [.. _producers.Keys.Where(at => at.Group == group).Select(at => (at.Topic, at.Partition))
            .OrderBy(at => at.Topic, StringComparer.Ordinal).ThenBy(at => at.Partition)];

    /// <summary>Takes out what a producer has pending, in no order that matters: each partition comes once.</summary>
    public IEnumerable<(string Group, string Topic, int Partition, StoredOffset Stored)> Take(long producerId)
    {
        if (!_byProducer.Remove(producerId, out var offsets))
        {
            yield break;
        }

        foreach (var (at, stored) in offsets)
        {
            Count(_producers, at, -1);
            Count(_groups, at.Group, -1);
            yield return (at.Group, at.Topic, at.Partition, stored);
        }
    }

    /// <summary>Forgets one partition of a group in every transaction: its offset was deleted.</summary>
    public void Remove(string group, string topic, int partition)
    {
        foreach (var offsets in _byProducer.Values)
        {
            if (offsets.Remove((group, topic, partition)))
            {
                Count(_producers, (group, topic, partition), -1);
                Count(_groups, group, -1);
            }
        }
    }

    public void Clear()
    {
        _byProducer.Clear();
        _producers.Clear();
        _groups.Clear();
    }

    private static void Count<TKey>(Dictionary<TKey, int> counts, TKey key, int by)
        where TKey : notnull
    {
        var count = counts.GetValueOrDefault(key) + by;
        if (count == 0)
        {
            counts.Remove(key);
        }
        else
        {
            counts[key] = count;
        }
    }
}
