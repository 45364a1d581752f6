using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Barnabas.Base;
using Barnabas.Log;

namespace Barnabas.Cluster.Partitions;

/// <summary>The replicas of one topic on this node: an array by partition number, replaced as a whole, so that readers take one reference.</summary>
public sealed class TopicReplicas(string name, Uuid id)
{
    private Replica?[] _replicas = [];

    public string Name { get; } = name;

    public Uuid Id { get; } = id;

    /// <summary>The replica of a partition, or null. Any thread, no allocation.</summary>
    public Replica? Find(int partition)
    {
        var replicas = Volatile.Read(ref _replicas);
        return (uint)partition < (uint)replicas.Length ? replicas[partition] : null;
    }

    /// <summary>All replicas held, in order of their partition. Any thread.</summary>
    public IEnumerable<Replica> All => Volatile.Read(ref _replicas).OfType<Replica>();

    internal bool IsEmpty => !_replicas.Any(r => r is not null);

    internal void Set(int partition, Replica? replica)
    {
        var replicas = _replicas;
        var copy = new Replica?[Math.Max(replicas.Length, partition + 1)];
        replicas.CopyTo(copy, 0);
        copy[partition] = replica;
        Volatile.Write(ref _replicas, copy);
    }
}

/// <summary>
/// Where handlers find a replica by topic name or id without a lock. Owned by <see cref="LocalReplicas"/>, which alone changes it; any
/// thread may look up.
/// </summary>
public sealed class ReplicaTable
{
    private readonly ConcurrentDictionary<byte[], TopicReplicas> _byName;
    private readonly ConcurrentDictionary<byte[], TopicReplicas>.AlternateLookup<ReadOnlySpan<byte>> _byNameBytes;
    private readonly ConcurrentDictionary<Uuid, TopicReplicas> _byId = new();

    public ReplicaTable()
    {
        _byName = new ConcurrentDictionary<byte[], TopicReplicas>(Utf8Comparer.Instance);
        _byNameBytes = _byName.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Looks a topic up by the UTF-8 bytes of its name, as they stand in a request.</summary>
    public bool TryFind(ReadOnlySpan<byte> nameUtf8, [MaybeNullWhen(false)] out TopicReplicas topic) => _byNameBytes.TryGetValue(nameUtf8, out topic);

    /// <summary>Looks a topic up by its id.</summary>
    public bool TryFind(Uuid id, [MaybeNullWhen(false)] out TopicReplicas topic) => _byId.TryGetValue(id, out topic);

    /// <summary>Looks a replica up by its topic's name.</summary>
    public Replica? Find(string name, int partition) =>
        _byName.TryGetValue(Encoding.UTF8.GetBytes(name), out var topic) ? topic.Find(partition) : null;

    /// <summary>Looks a replica up by its topic's id.</summary>
    public Replica? Find(Uuid topicId, int partition) => _byId.TryGetValue(topicId, out var topic) ? topic.Find(partition) : null;

    /// <summary>Every replica, ordered by topic name and partition.</summary>
    public IReadOnlyList<Replica> Snapshot() =>
        [.. _byId.Values.OrderBy(t => t.Name, StringComparer.Ordinal).SelectMany(t => t.All)];

    internal void Add(Replica replica)
    {
        var partition = replica.Partition;
        if (!_byId.TryGetValue(replica.TopicId, out var topic))
        {
            topic = new TopicReplicas(partition.Topic, replica.TopicId);
            topic.Set(partition.Partition, replica);
            _byId[replica.TopicId] = topic;
            _byName[Encoding.UTF8.GetBytes(partition.Topic)] = topic;
            return;
        }

        topic.Set(partition.Partition, replica);
    }

    internal void Remove(Replica replica)
    {
        if (!_byId.TryGetValue(replica.TopicId, out var topic))
        {
            return;
        }

        topic.Set(replica.Partition.Partition, null);
        if (topic.IsEmpty)
        {
            _byId.TryRemove(replica.TopicId, out _);

            // A topic of the same name may have been made meanwhile: it is not ours to take out.
            _byName.TryRemove(new KeyValuePair<byte[], TopicReplicas>(Encoding.UTF8.GetBytes(topic.Name), topic));
        }
    }

    /// <summary>Compares names by their UTF-8 bytes with a hash of our own (FNV-1a), so that spans can be looked up.</summary>
    private sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly Utf8Comparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(byte[] name) => GetHashCode(name.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> name)
        {
            var hash = 2166136261u;
            foreach (var b in name)
            {
                hash = (hash ^ b) * 16777619u;
            }

            return (int)hash;
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
