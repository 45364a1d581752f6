using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Tests.Cluster.Groups;

using OwnedTopic = ConsumerGroupHeartbeatRequest.TopicPartitionsData;

/// <summary>What tests of consumer groups ask of a <see cref="GroupBench"/>.</summary>
internal static class ConsumerBench
{
    /// <summary>An image with these topics; a topic's id is <see cref="GroupBench.TopicId"/>.</summary>
    public static MetadataImage Topics(params (string Name, int Partitions)[] topics)
    {
        var image = MetadataImage.Empty with { EndOffset = 1 };
        foreach (var (name, partitions) in topics)
        {
            image = image.With(name, partitions);
        }

        return image;
    }

    /// <summary>The image with a topic of so many partitions, one replica each, on broker 1.</summary>
    public static MetadataImage With(this MetadataImage image, string name, int partitions) => image with
    {
        EndOffset = image.EndOffset + 1,
        Topics = image.Topics.With(new TopicImage(
            name, GroupBench.TopicId(name), [.. Enumerable.Range(0, partitions).Select(i => Partition(1 + (i % 3)))])),
    };

    public static MetadataImage Without(this MetadataImage image, string name) => image with
    {
        EndOffset = image.EndOffset + 1, Topics = image.Topics.Without(image.Topics.Find(name)!),
    };

    /// <summary>Joins with topic names.</summary>
    public static ConsumerGroupHeartbeatResponse Enter(
        this GroupBench bench, string group, string member, params string[] topics) =>
        bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = group, MemberId = member, RebalanceTimeoutMs = 5_000, TopicPartitions = [], SubscribedTopicNames = [.. topics],
        });

    /// <summary>Says what the member owns, or nothing of it (null).</summary>
    public static ConsumerGroupHeartbeatResponse Beat(
        this GroupBench bench, string group, string member, int epoch, params (string Topic, int[] Partitions)[]? owned) =>
        bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = group, MemberId = member, MemberEpoch = epoch, TopicPartitions = owned is null ? null : Owned(owned),
        });

    public static ConsumerGroupHeartbeatResponse Beat(this GroupBench bench, ConsumerGroupHeartbeatRequest request, short version = 1) =>
        bench.Ask<ConsumerGroupHeartbeatResponse>(
            reply => new ConsumerHeartbeatOperation(request, new GroupCaller("cl", "/127.0.0.1", version), reply)).Now;

    public static ConsumerGroupDescribeResponse.DescribedGroup Look(this GroupBench bench, string group) =>
        bench.Ask<ConsumerGroupDescribeResponse.DescribedGroup>(reply => new DescribeConsumerGroupOperation(group, reply)).Now;

    public static List<OwnedTopic> Owned(params (string Topic, int[] Partitions)[] owned) =>
        [.. owned.Select(each => new OwnedTopic { TopicId = GroupBench.TopicId(each.Topic), Partitions = [.. each.Partitions] })];

    /// <summary>The answer in short: error, epoch, assignment where there is one.</summary>
    public static string Short(this ConsumerGroupHeartbeatResponse answer, params string[] topics)
    {
        if (answer.ErrorCode != ErrorCode.None)
        {
            return $"{answer.ErrorCode}: {answer.ErrorMessage}";
        }

        return answer.Assignment is { } assignment
            ? $"{answer.MemberEpoch} [{Text(assignment.TopicPartitions.Select(t => (t.TopicId, t.Partitions)), topics)}]"
            : answer.MemberEpoch.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>All that is replicated of consumer groups, as text.</summary>
    public static string ReplicatedText(this GroupCoordinator coordinator)
    {
        var text = new StringBuilder();
        foreach (var group in coordinator.Groups.OfType<ConsumerGroup>().OrderBy(g => g.Id, StringComparer.Ordinal))
        {
            text.AppendLine(
                CultureInfo.InvariantCulture, $"{group.Id} {group.Epoch} {group.TopicsHash} {group.TargetEpoch} {group.TargetTimestampMs}");
            foreach (var member in group.Members)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $" {member.Id}");
                text.AppendLine(Convert.ToHexString(MessageCodec.Encode(MemberRecords.Description(group.Id, member).Value!, 0)));
                text.AppendLine(Convert.ToHexString(MessageCodec.Encode(MemberRecords.Assignment(group.Id, member).Value!, 0)));
                text.AppendLine(string.Join(' ', group.TargetOf(member.Id) ?? []));
                foreach (var held in member.Assigned.Concat(member.Revoking))
                {
                    Assert.False(group.IsFree(held.At));
                }
            }

            foreach (var (pattern, resolved) in group.Patterns)
            {
                text.AppendLine(
                    CultureInfo.InvariantCulture, $" {pattern} {string.Join(',', resolved.Topics)} "
                    + $"{resolved.Version} {resolved.TimestampMs}");
            }

            text.AppendLine(string.Join(',', group.NamedTopics.Order()) + '/' + string.Join(',', group.MemberPatterns.Order()));
        }

        return text.ToString();
    }

    private static string Text(IEnumerable<(Uuid Id, List<int> Partitions)> topics, string[] names) => string.Join(
        "; ", topics.OrderBy(t => NameOf(t.Id, names), StringComparer.Ordinal)
            .Select(t => $"{NameOf(t.Id, names)} {string.Join(' ', t.Partitions)}"));

    private static string NameOf(Uuid id, string[] names) => names.FirstOrDefault(name => GroupBench.TopicId(name) == id) ?? "?";

    private static PartitionImage Partition(int broker) => new()
    {
        Replicas = [broker], Directories = [Uuid.Zero], Isr = [broker], Leader = broker, LeaderEpoch = 0, PartitionEpoch = 0,
    };
}
