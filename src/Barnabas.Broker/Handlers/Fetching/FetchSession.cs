using Barnabas.Base;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>
/// The partitions of an incremental fetch session (KIP-227) in the order in which they are served. Owned by the fetch that won
/// <see cref="TryEnter"/>, until it calls <see cref="Leave"/>; a second fetch of the same session meanwhile is refused.
/// </summary>
internal sealed class FetchSession(int id, bool usesTopicIds)
{
    private readonly Dictionary<(Uuid Id, string Name, int Partition), LinkedListNode<FetchPartition>> _index = [];
    private readonly LinkedList<FetchPartition> _order = [];
    private int _entered;

    public int Id { get; } = id;

    /// <summary>True when the session's requests name topics by id (version 13 and later).</summary>
    public bool UsesTopicIds { get; } = usesTopicIds;

    /// <summary>The epoch that the next request must carry.</summary>
    public int Epoch { get; private set; } = 1;

    /// <summary>Monotonic microseconds of the last use. Any thread.</summary>
    public long LastUsedUs { get; set; }

    public int Count => _order.Count;

    /// <summary>Partitions in the order in which they are served.</summary>
    public LinkedList<FetchPartition> Partitions => _order;

    /// <summary>True for the one fetch that may use the session now.</summary>
    public bool TryEnter() => Interlocked.CompareExchange(ref _entered, 1, 0) == 0;

    public void Leave() => Volatile.Write(ref _entered, 0);

    /// <summary>The epoch after this one: 1 follows the largest.</summary>
    public void AdvanceEpoch() => Epoch = Epoch == int.MaxValue ? 1 : Epoch + 1;

    /// <summary>Adds a partition or changes what is wanted of it.</summary>
    public FetchPartition Want(Uuid topicId, ReadOnlySpan<byte> name, int partition)
    {
        var key = Key(topicId, name, partition);
        if (_index.TryGetValue(key, out var node))
        {
            return node.Value;
        }

        var added = new FetchPartition { TopicId = topicId, TopicName = name.ToArray(), Partition = partition };
        _index.Add(key, _order.AddLast(added));
        return added;
    }

    /// <summary>Takes a partition out; nothing if it is not in.</summary>
    public void Forget(Uuid topicId, ReadOnlySpan<byte> name, int partition)
    {
        if (_index.Remove(Key(topicId, name, partition), out var node))
        {
            _order.Remove(node);
        }
    }

    /// <summary>Puts a partition that was served last in line, so that one busy partition cannot starve the others.</summary>
    public void MoveToEnd(FetchPartition partition)
    {
        if (!ReferenceEquals(_order.Last?.Value, partition)
            && _index.TryGetValue(Key(partition.TopicId, partition.TopicName, partition.Partition), out var node))
        {
            _order.Remove(node);
            _order.AddLast(node);
        }
    }

    private static (Uuid, string, int) Key(Uuid topicId, ReadOnlySpan<byte> name, int partition) =>
        (topicId, name.IsEmpty ? "" : System.Text.Encoding.UTF8.GetString(name), partition);
}
