using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

using HeartbeatTopic = ConsumerGroupHeartbeatRequest.TopicPartitionsData;
using HeldTopic = ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions;
using TargetTopic = ConsumerGroupTargetAssignmentMemberValue.TopicPartition;

/// <summary>Sets of partitions as sorted arrays, and how they lie in records and messages. Stateless.</summary>
internal static class PartitionLists
{
    /// <summary>What a member says that it owns.</summary>
    public static ImmutableArray<TopicIdPartition> Of(List<HeartbeatTopic> topics)
    {
        var list = ImmutableArray.CreateBuilder<TopicIdPartition>();
        foreach (var topic in topics)
        {
            foreach (var partition in topic.Partitions)
            {
                list.Add(new TopicIdPartition(topic.TopicId, partition));
            }
        }

        list.Sort();
        return list.ToImmutable();
    }

    /// <summary>A target assignment from its record.</summary>
    public static ImmutableArray<TopicIdPartition> Of(List<TargetTopic> topics)
    {
        var list = ImmutableArray.CreateBuilder<TopicIdPartition>();
        foreach (var topic in topics)
        {
            foreach (var partition in topic.Partitions)
            {
                list.Add(new TopicIdPartition(topic.TopicId, partition));
            }
        }

        list.Sort();
        return list.ToImmutable();
    }

    /// <summary>A member's partitions from its record; those without an epoch, as older brokers wrote them, get the member's.</summary>
    public static ImmutableArray<HeldPartition> Of(List<HeldTopic> topics, int memberEpoch)
    {
        var list = ImmutableArray.CreateBuilder<HeldPartition>();
        foreach (var topic in topics)
        {
            for (var i = 0; i < topic.Partitions.Count; i++)
            {
                var epoch = topic.AssignmentEpochs is { } epochs && i < epochs.Count ? epochs[i] : memberEpoch;
                list.Add(new HeldPartition(new TopicIdPartition(topic.TopicId, topic.Partitions[i]), epoch));
            }
        }

        list.Sort((a, b) => a.At.CompareTo(b.At));
        return list.ToImmutable();
    }

    /// <summary>A target assignment as its record has it.</summary>
    public static List<TargetTopic> ToTarget(ImmutableArray<TopicIdPartition> partitions) =>
        ByTopic(partitions, at => at, (id, list) => new TargetTopic { TopicId = id, Partitions = list });

    /// <summary>A member's partitions as its record has them.</summary>
    public static List<HeldTopic> ToHeld(ImmutableArray<HeldPartition> partitions)
    {
        var topics = ByTopic(partitions, held => held.At, (id, list) => new HeldTopic { TopicId = id, Partitions = list });
        var next = 0;
        foreach (var topic in topics)
        {
            topic.AssignmentEpochs = topic.Partitions.ConvertAll(_ => partitions[next++].Epoch);
        }

        return topics;
    }

    /// <summary>Groups sorted partitions by their topics.</summary>
    public static List<TTopic> ByTopic<TPartition, TTopic>(
        ImmutableArray<TPartition> partitions, Func<TPartition, TopicIdPartition> at, Func<Uuid, List<int>, TTopic> topic)
    {
        var topics = new List<TTopic>();
        List<int>? numbers = null;
        var last = Uuid.Zero;
        foreach (var partition in partitions)
        {
            var (id, number) = at(partition);
            if (numbers is null || id != last)
            {
                numbers = [];
                last = id;
                topics.Add(topic(id, numbers));
            }

            numbers.Add(number);
        }

        return topics;
    }

    /// <summary>True when the sorted array has the partition.</summary>
    public static bool Has(this ImmutableArray<TopicIdPartition> partitions, TopicIdPartition at) => partitions.BinarySearch(at) >= 0;

    /// <summary>The member's partition with its epoch, or null.</summary>
    public static HeldPartition? Find(this ImmutableArray<HeldPartition> partitions, TopicIdPartition at)
    {
        var (low, high) = (0, partitions.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = partitions[middle].At.CompareTo(at);
            if (order == 0)
            {
                return partitions[middle];
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    /// <summary>True when both have the same partitions, whatever their epochs.</summary>
    public static bool SamePartitions(ImmutableArray<HeldPartition> one, ImmutableArray<HeldPartition> other)
    {
        if (one.Length != other.Length)
        {
            return false;
        }

        for (var i = 0; i < one.Length; i++)
        {
            if (one[i].At != other[i].At)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True when every partition of the first is among the second.</summary>
    public static bool IsWithin(ImmutableArray<TopicIdPartition> some, ImmutableArray<HeldPartition> all)
    {
        foreach (var at in some)
        {
            if (all.Find(at) is null)
            {
                return false;
            }
        }

        return true;
    }
}
