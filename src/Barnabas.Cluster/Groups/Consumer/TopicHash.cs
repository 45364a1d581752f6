using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// The number by which a consumer group notices that its topics have changed: the same that Kafka has in the group's record, so that a
/// group that changes brokers does not change its assignment for it. Pure.
/// </summary>
public static class TopicHash
{
    private const byte Magic = 0;

    // Each join of a group asks for the same topics. Images never change, so what was found for one holds for any loop.
    private static readonly ConditionalWeakTable<TopicImage, Remembered> Known = [];

    /// <summary>Of a group's topics, in ordinal order of their names; 0 for none.</summary>
    public static long OfGroup(IReadOnlyCollection<TopicImage> topics, MetadataImage image)
    {
        if (topics.Count == 0)
        {
            return 0;
        }

        var bytes = new ArrayBufferWriter<byte>(8 * topics.Count);
        foreach (var topic in topics)
        {
            Write(bytes, OfTopic(topic, image));
        }

        return (long)XxHash3.HashToUInt64(bytes.WrittenSpan);
    }

    // Of one topic in a state of the metadata.
    private static long OfTopic(TopicImage topic, MetadataImage image)
    {
        if (Known.TryGetValue(topic, out var known) && ReferenceEquals(known.Brokers, image.Brokers))
        {
            return known.Hash;
        }

        var hash = OfTopic(topic, partition => RacksOf(topic.Partitions[partition], image));
        Known.AddOrUpdate(topic, new Remembered(image.Brokers, hash));
        return hash;
    }

    /// <summary>Of one topic: its id, name and partitions, and the racks of their replicas, in ordinal order.</summary>
    public static long OfTopic(TopicImage topic, Func<int, IEnumerable<string>> racks)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        bytes.Write([Magic]);
        Write(bytes, (long)topic.Id.High);
        Write(bytes, (long)topic.Id.Low);
        Write(bytes, topic.Name);
        Write(bytes, topic.Partitions.Length);
        for (var i = 0; i < topic.Partitions.Length; i++)
        {
            Write(bytes, i);
            foreach (var rack in racks(i))
            {
                Write(bytes, rack.Length);
                Write(bytes, rack);
            }
        }

        return (long)XxHash3.HashToUInt64(bytes.WrittenSpan);
    }

    /// <summary>Racks of a partition's replicas, in ordinal order, one for each replica whose broker has one.</summary>
    public static IEnumerable<string> RacksOf(PartitionImage partition, MetadataImage image)
    {
        var racks = new List<string>(partition.Replicas.Length);
        foreach (var replica in partition.Replicas)
        {
            if (image.Brokers.Find(replica)?.Rack is { } rack)
            {
                racks.Add(rack);
            }
        }

        racks.Sort(StringComparer.Ordinal);
        return racks;
    }

    private static void Write(ArrayBufferWriter<byte> bytes, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes.GetSpan(8), value);
        bytes.Advance(8);
    }

    private static void Write(ArrayBufferWriter<byte> bytes, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes.GetSpan(4), value);
        bytes.Advance(4);
    }

    // UTF-16 units, then their number.
    private static void Write(ArrayBufferWriter<byte> bytes, string text)
    {
        foreach (var unit in text)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.GetSpan(2), unit);
            bytes.Advance(2);
        }

        Write(bytes, text.Length);
    }

    /// <summary>A topic's hash while the brokers are these. Immutable.</summary>
    private sealed record Remembered(PersistentMap<int, BrokerImage> Brokers, long Hash);
}
