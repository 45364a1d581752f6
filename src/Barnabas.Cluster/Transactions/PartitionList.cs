using Barnabas.Log;

namespace Barnabas.Cluster.Transactions;

/// <summary>Partitions in order of topic and number, each once. Immutable.</summary>
public sealed class PartitionList
{
    /// <summary>No partitions.</summary>
    public static readonly PartitionList Empty = new([]);

    private static readonly Comparer<TopicPartition> Order = Comparer<TopicPartition>.Create((a, b) =>
        string.CompareOrdinal(a.Topic, b.Topic) is var byTopic and not 0 ? byTopic : a.Partition.CompareTo(b.Partition));

    private readonly TopicPartition[] _sorted;

    private PartitionList(TopicPartition[] sorted) => _sorted = sorted;

    /// <summary>The partitions, in order.</summary>
    public IReadOnlyList<TopicPartition> All => _sorted;

    /// <summary>How many there are.</summary>
    public int Count => _sorted.Length;

    /// <summary>A list of these, in any order and as often as they come.</summary>
    public static PartitionList Of(IEnumerable<TopicPartition> partitions) => Empty.With([.. partitions]);

    /// <summary>True when the partition is in it.</summary>
    public bool Contains(TopicPartition partition) => Array.BinarySearch(_sorted, partition, Order) >= 0;

    /// <summary>A list with these too; this one if it has them all.</summary>
    public PartitionList With(IReadOnlyCollection<TopicPartition> added)
    {
        var all = new SortedSet<TopicPartition>(_sorted, Order);
        all.UnionWith(added);
        return all.Count == Count ? this : new PartitionList([.. all]);
    }
}
