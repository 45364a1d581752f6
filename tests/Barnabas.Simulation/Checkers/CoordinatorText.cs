using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Barnabas.Base.Loops;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Transactions;
using Barnabas.Messages;

namespace Barnabas.Simulation.Checkers;

/// <summary>All of a coordinator that is replicated, as text. Stateless.</summary>
internal static class CoordinatorText
{
    /// <summary>Transactional ids with what their last records say.</summary>
    public static string Of(TransactionCoordinator coordinator)
    {
        var text = new StringBuilder();
        foreach (var transaction in coordinator.All.OrderBy(each => each.Id, StringComparer.Ordinal))
        {
            // The epoch before the last one is not in the log.
            var value = transaction.Value with { LastEpoch = -1, Partitions = PartitionList.Empty };
            text.AppendLine(
                CultureInfo.InvariantCulture, $"{transaction.Id} {value} {string.Join(' ', transaction.Value.Partitions.All)}");
        }

        return text.ToString();
    }

    /// <summary>Groups of both protocols, committed offsets and those of transactions.</summary>
    public static string Of(GroupCoordinator coordinator)
    {
        var text = new StringBuilder();
        foreach (var group in coordinator.Groups.OrderBy(group => group.Id, StringComparer.Ordinal))
        {
            var offsets = coordinator.Offsets.Of(group.Id);
            if (group is ClassicGroup { Recorded: null } && offsets is null)
            {
                // Somebody has asked to join and nothing was written yet.
                continue;
            }

            text.Append(group.Id).Append(' ');
            Add(text, group);
            foreach (var (topic, partitions) in offsets?.Topics ?? [])
            {
                foreach (var (partition, stored) in partitions)
                {
                    text.AppendLine(CultureInfo.InvariantCulture, $"{topic}-{partition} {stored}");
                }
            }
        }

        foreach (var (producerId, pending) in ByProducer(coordinator.Offsets.Pending))
        {
            foreach (var (at, stored) in pending.OrderBy(each => $"{each.Key}", StringComparer.Ordinal))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"producer {producerId}: {at} {stored}");
            }
        }

        return text.ToString();
    }

    private static void Add(StringBuilder text, Group group)
    {
        switch (group)
        {
            case ClassicGroup classic:
                text.AppendLine(classic.Recorded is null ? "-" : Convert.ToHexString(MessageCodec.Encode(classic.Recorded, 3)));
                break;
            case ConsumerGroup consumer:
                Add(text, consumer);
                break;
        }
    }

    private static void Add(StringBuilder text, ConsumerGroup group)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"{group.Epoch} {group.TopicsHash} {group.TargetEpoch} {group.TargetTimestampMs}");
        foreach (var member in group.Members)
        {
            text.Append(' ').AppendLine(member.Id);
            text.AppendLine(Convert.ToHexString(MessageCodec.Encode(MemberRecords.Description(group.Id, member).Value!, 0)));
            text.AppendLine(Convert.ToHexString(MessageCodec.Encode(MemberRecords.Assignment(group.Id, member).Value!, 0)));
            text.AppendLine(string.Join(' ', group.TargetOf(member.Id) ?? []));
        }

        foreach (var (pattern, resolved) in group.Patterns)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $" {pattern} {string.Join(',', resolved.Topics)} {resolved.Version} {resolved.TimestampMs}");
        }

        text.Append(string.Join(',', group.NamedTopics.Order(StringComparer.Ordinal))).Append('/')
            .AppendLine(string.Join(',', group.MemberPatterns.Order(StringComparer.Ordinal)));
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_byProducer")]
    private static extern ref SortedDictionary<long, Dictionary<(string Group, string Topic, int Partition), StoredOffset>> ByProducer(
        PendingOffsets pending);
}
