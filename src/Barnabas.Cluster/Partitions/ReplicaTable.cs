using System.Diagnostics.CodeAnalysis;
using System.Text;
using Barnabas.Base;
using Barnabas.Log;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The replicas of one topic on this node, owned by the <see cref="ReplicaTable"/>: an array by partition number, replaced as a whole, so
/// that readers on any thread take one reference.
/// </summary>
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

    internal byte[] NameUtf8 { get; } = Encoding.UTF8.GetBytes(name);

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
/// Where handlers find a replica by topic name or id without a lock. Owned by <see cref="LocalReplicas"/>, which alone changes it, one
/// volatile write a bucket; any thread may look up.
/// </summary>
public sealed class ReplicaTable
{
    private const int Buckets = 1024;
    private readonly TopicReplicas[]?[] _byName = new TopicReplicas[]?[Buckets];
    private readonly TopicReplicas[]?[] _byId = new TopicReplicas[]?[Buckets];

    /// <summary>Looks a topic up by the UTF-8 bytes of its name, as they stand in a request.</summary>
    public bool TryFind(ReadOnlySpan<byte> nameUtf8, [MaybeNullWhen(false)] out TopicReplicas topic)
    {
        foreach (var candidate in Volatile.Read(ref _byName[BucketOf(nameUtf8)]) ?? [])
        {
            if (nameUtf8.SequenceEqual(candidate.NameUtf8))
            {
                topic = candidate;
                return true;
            }
        }

        topic = null;
        return false;
    }

    /// <summary>Looks a topic up by its id.</summary>
    public bool TryFind(Uuid id, [MaybeNullWhen(false)] out TopicReplicas topic)
    {
        foreach (var candidate in Volatile.Read(ref _byId[BucketOf(id)]) ?? [])
        {
            if (candidate.Id == id)
            {
                topic = candidate;
                return true;
            }
        }

        topic = null;
        return false;
    }

    /// <summary>Looks a replica up by its topic's name.</summary>
    public Replica? Find(string name, int partition) =>
        TryFind(Encoding.UTF8.GetBytes(name), out var topic) ? topic.Find(partition) : null;

    /// <summary>Looks a replica up by its topic's id.</summary>
    public Replica? Find(Uuid topicId, int partition) => TryFind(topicId, out var topic) ? topic.Find(partition) : null;

    /// <summary>Every replica, ordered by topic name and partition.</summary>
    public IReadOnlyList<Replica> Snapshot()
    {
        var topics = new List<TopicReplicas>();
        for (var i = 0; i < Buckets; i++)
        {
            topics.AddRange(Volatile.Read(ref _byId[i]) ?? []);
        }

        return [.. topics.OrderBy(t => t.Name, StringComparer.Ordinal).SelectMany(t => t.All)];
    }

    /// <summary>Every replica in one log directory, in the same order.</summary>
    public IReadOnlyList<Replica> Snapshot(DirectoryHealth directory) => [.. Snapshot().Where(r => r.Shard.Health == directory)];

    internal void Add(Replica replica)
    {
        var partition = replica.Partition;
        if (!TryFind(replica.TopicId, out var topic))
        {
            topic = new TopicReplicas(partition.Topic, replica.TopicId);
            topic.Set(partition.Partition, replica);
            Put(_byId, BucketOf(topic.Id), topic);
            Put(_byName, BucketOf(topic.NameUtf8), topic);
            return;
        }

        topic.Set(partition.Partition, replica);
    }

    internal void Remove(Replica replica)
    {
        if (!TryFind(replica.TopicId, out var topic))
        {
            return;
        }

        topic.Set(replica.Partition.Partition, null);
        if (topic.IsEmpty)
        {
            Take(_byId, BucketOf(topic.Id), topic);
            Take(_byName, BucketOf(topic.NameUtf8), topic);
        }
    }

    // The newest comes first: a topic that was deleted and made again under its name is found before what is left of the old one.
    private static void Put(TopicReplicas[]?[] buckets, int bucket, TopicReplicas topic) =>
        Volatile.Write(ref buckets[bucket], [topic, .. buckets[bucket] ?? []]);

    private static void Take(TopicReplicas[]?[] buckets, int bucket, TopicReplicas topic) =>
        Volatile.Write(ref buckets[bucket], Array.FindAll(buckets[bucket] ?? [], t => !ReferenceEquals(t, topic)));

    private static int BucketOf(Uuid id) => (int)((id.High ^ id.Low ^ (id.Low >> 32)) % Buckets);

    // FNV-1a.
    private static int BucketOf(ReadOnlySpan<byte> name)
    {
        var hash = 2166136261u;
        foreach (var b in name)
        {
            hash = (hash ^ b) * 16777619u;
        }

        return (int)(hash % Buckets);
    }
}
