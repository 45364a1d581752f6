using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Migration;

using OwnedTopic = ConsumerGroupHeartbeatRequest.TopicPartitionsData;

/// <summary>
/// What members of the classic protocol say to each other, read and written by the coordinator in their place. Stateless.
/// </summary>
internal static class ClassicSpeech
{
    /// <summary>What a client calls a group of consumers.</summary>
    public const string ProtocolType = "consumer";

    /// <summary>A subscription, or null where the bytes are none.</summary>
    public static ConsumerProtocolSubscription? ReadSubscription(byte[] metadata)
    {
        try
        {
            var reader = new ByteReader(metadata);
            var version = Version(reader.ReadInt16(), ConsumerProtocolSubscription.HighestVersion);
            return MessageCodec.Decode<ConsumerProtocolSubscription>(reader.ReadSpan(reader.Remaining), version);
        }
        catch (MalformedException)
        {
            return null;
        }
    }

    /// <summary>The partitions of an assignment, of topics that exist; none where the bytes are no assignment. Sorted.</summary>
    public static ImmutableArray<TopicIdPartition> ReadAssignment(byte[] bytes, MetadataImage image)
    {
        try
        {
            var reader = new ByteReader(bytes);
            var version = Version(reader.ReadInt16(), ConsumerProtocolAssignment.HighestVersion);
            var assignment = MessageCodec.Decode<ConsumerProtocolAssignment>(reader.ReadSpan(reader.Remaining), version);
            var partitions = new SortedSet<TopicIdPartition>();
            foreach (var topic in assignment.AssignedPartitions)
            {
                if (image.Topics.Find(topic.Topic) is { } there)
                {
                    partitions.UnionWith(topic.Partitions.Select(partition => new TopicIdPartition(there.Id, partition)));
                }
            }

            return [.. partitions];
        }
        catch (MalformedException)
        {
            return [];
        }
    }

    /// <summary>What a member has, or is to have, as an assignment of the version that it subscribed with.</summary>
    /// <param name="member">Who it is for.</param>
    /// <param name="partitions">Its partitions. Sorted.</param>
    /// <param name="image">In which their topics are looked up.</param>
    public static byte[] WriteAssignment(ConsumerMember member, ImmutableArray<HeldPartition> partitions, MetadataImage image)
    {
        var metadata = member.Classic!.SupportedProtocols[0].Metadata;
        var reader = new ByteReader(metadata);
        var version = metadata.Length < 2 ? (short)0 : Version(reader.ReadInt16(), ConsumerProtocolAssignment.HighestVersion);
        var assignment = new ConsumerProtocolAssignment();
        foreach (var topic in PartitionLists.ToHeld(partitions))
        {
            if (image.Topics.Find(topic.TopicId) is { } there)
            {
                assignment.AssignedPartitions.Add(new() { Topic = there.Name, Partitions = topic.Partitions });
            }
        }

        using var writer = new ByteWriter();
        writer.WriteInt16(version);
        assignment.Write(writer, version);
        return writer.Written.ToArray();
    }

    /// <summary>The partitions that a member says it owns, by the ids of their topics.</summary>
    public static List<OwnedTopic> Owned(ConsumerProtocolSubscription subscription, MetadataImage image)
    {
        var owned = new List<OwnedTopic>();
        foreach (var topic in subscription.OwnedPartitions)
        {
            if (image.Topics.Find(topic.Topic) is { } there)
            {
                owned.Add(new OwnedTopic { TopicId = there.Id, Partitions = topic.Partitions });
            }
        }

        return owned;
    }

    /// <summary>True for a member that has to join again to take its next step.</summary>
    public static bool MustJoin(ConsumerGroup group, ConsumerMember member) =>
        member.Epoch < group.Epoch || member.Progress == MemberProgress.Unrevoked
        || (member.Progress == MemberProgress.Unreleased && CanGoOn(group, member));

    // What it waits for has been given up, in part at least.
    private static bool CanGoOn(ConsumerGroup group, ConsumerMember member)
    {
        foreach (var at in group.TargetOf(member.Id) ?? [])
        {
            if (group.IsFree(at))
            {
                return true;
            }
        }

        return false;
    }

    // A version that came later begins with what is known.
    private static short Version(short version, short highest) =>
        version < 0 ? throw new MalformedException($"version {version}") : Math.Min(version, highest);
}
