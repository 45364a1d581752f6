using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;

namespace Barnabas.Simulation.Workloads;

using Joined = JoinGroupResponse.JoinGroupResponseMember;
using Owned = ConsumerProtocolSubscription.TopicPartition;

/// <summary>What consumers of the classic protocol say to each other, and how the one that leads shares out the work. Stateless.</summary>
internal static class ClassicLeader
{
    /// <summary>Of what they say: with what they own and since when.</summary>
    private const short Version = 3;

    /// <summary>What a member says of itself.</summary>
    public static byte[] Subscribe(List<string> topics, IEnumerable<(string Topic, int Partition)> owned, int generation) => Write(
        new ConsumerProtocolSubscription
        {
            Topics = topics,
            OwnedPartitions =
            [
                .. owned.GroupBy(at => at.Topic).OrderBy(topic => topic.Key, StringComparer.Ordinal).Select(
                    topic => new Owned { Topic = topic.Key, Partitions = [.. topic.Select(at => at.Partition).Order()] }),
            ],
            GenerationId = generation,
        });

    /// <summary>What a member is given.</summary>
    public static IEnumerable<(string Topic, int Partition)> Read(byte[] assignment) => assignment.Length == 0 ? []
        : Read<ConsumerProtocolAssignment>(assignment).AssignedPartitions
            .SelectMany(topic => topic.Partitions.Select(partition => (topic.Topic, partition)));

    /// <summary>
    /// Everybody's share, by turns among those who read a topic. Where members keep what they own, a partition that is to move is nobody's
    /// until its owner has joined once more without it.
    /// </summary>
    public static List<SyncGroupRequest.SyncGroupRequestAssignment> Share(
        List<Joined> members, IEnumerable<TopicModel> topics, bool isCooperative)
    {
        var said = members.ToDictionary(member => member.MemberId, member => Read<ConsumerProtocolSubscription>(member.Metadata));
        var newest = said.Values.Max(each => each.GenerationId);
        var shares = members.ToDictionary(member => member.MemberId, _ => new ConsumerProtocolAssignment());
        var next = 0;
        foreach (var topic in topics)
        {
            var readers = members.FindAll(member => said[member.MemberId].Topics.Contains(topic.Name));
            for (var partition = 0; partition < topic.Partitions && readers.Count > 0; partition++)
            {
                var wanted = readers[next++ % readers.Count].MemberId;
                var owner = said.FirstOrDefault(each => each.Value.GenerationId == newest && Owns(each.Value, topic.Name, partition)).Key;
                if (!isCooperative || owner is null || owner == wanted)
                {
                    shares[wanted].AssignedPartitions.Add(new() { Topic = topic.Name, Partitions = [partition] });
                }
            }
        }

        return [.. shares.Select(share => new SyncGroupRequest.SyncGroupRequestAssignment
        {
            MemberId = share.Key, Assignment = Write(share.Value),
        })];
    }

    private static bool Owns(ConsumerProtocolSubscription member, string topic, int partition) =>
        member.OwnedPartitions.Exists(owned => owned.Topic == topic && owned.Partitions.Contains(partition));

    private static T Read<T>(byte[] bytes)
        where T : IMessage<T>
    {
        var reader = new ByteReader(bytes);
        var version = reader.ReadInt16();
        return MessageCodec.Decode<T>(reader.ReadSpan(reader.Remaining), version);
    }

    private static byte[] Write(IMessage message)
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(Version);
        message.Write(writer, Version);
        return writer.Written.ToArray();
    }
}
