using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Migration;

/// <summary>A live classic group becomes one of the consumer protocol when the first member of that joins it. Stateless: records.</summary>
internal static class Upgrade
{
    /// <summary>True for a group whose members can stay as they are.</summary>
    public static bool IsPossible(ClassicGroup group, ConsumerGroupConfig config) =>
        config.AllowsUpgrade && group.HasConsumers && group.Members.Count < config.GroupSizeMax
        && group.Members.All(
            member => member.Protocols.Count > 0 && ClassicSpeech.ReadSubscription(member.Protocols[0].Metadata) is not null);

    /// <summary>
    /// Adds the records that make the group a consumer group with the same members, generation and assignment, and gives the group as it
    /// will be.
    /// </summary>
    public static ConsumerGroup Convert(ClassicGroup classic, in GroupTurn turn)
    {
        var image = turn.Coordinator.Image;
        var group = new ConsumerGroup(classic.Id);
        var members = classic.Members.Select(member => MemberOf(classic, member, image))
            .OrderBy(m => m.Id, StringComparer.Ordinal).ToList();
        var records = new List<ConsumerGroupRecord>();
        records.AddRange(members.Select(member => MemberRecords.Description(group.Id, member)));
        records.Add(new ConsumerEpochRecord(group.Id, new ConsumerGroupMetadataValue
        {
            Epoch = classic.Generation, MetadataHash = GroupTopics.Of(group, members, image).Hash(image),
        }));
        records.AddRange(members.Select(member =>
            MemberRecords.Target(group.Id, member.Id, [.. member.Assigned.Select(held => held.At)])));
        records.Add(new ConsumerTargetEpochRecord(
            group.Id, new ConsumerGroupTargetAssignmentMetadataValue { AssignmentEpoch = classic.Generation }));
        records.AddRange(members.Select(member => MemberRecords.Assignment(group.Id, member)));
        foreach (var member in members)
        {
            turn.Coordinator.Sessions.Renew(group.Id, member.Id, member.Classic!.SessionTimeoutMs);
        }

        turn.Decision.Add(new GroupMetadataRecord(classic.Id, null));
        foreach (var record in records)
        {
            // The group is not the coordinator's yet: what follows in this decision builds on it.
            turn.Decision.Add(record);
            group.Replay(record);
        }

        return group;
    }

    private static ConsumerMember MemberOf(ClassicGroup group, ClassicMember member, MetadataImage image)
    {
        var subscription = ClassicSpeech.ReadSubscription(member.Protocols[0].Metadata)!;

        // In a rebalance too: until it has joined again a member has what it was given last, and nobody else may get that.
        var assigned = ClassicSpeech.ReadAssignment(member.Assignment, image);
        var epoch = group.Generation;
        return new ConsumerMember(member.Id)
        {
            InstanceId = member.InstanceId,
            RackId = subscription.RackId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            Topics = MemberRecords.Names(subscription.Topics),
            RebalanceTimeoutMs = member.RebalanceTimeoutMs,
            Classic = new ConsumerGroupMemberMetadataValue.ClassicMemberMetadataData
            {
                SessionTimeoutMs = member.SessionTimeoutMs,
                SupportedProtocols = member.Protocols.ConvertAll(
                    each => new ConsumerGroupMemberMetadataValue.ClassicProtocol { Name = each.Name, Metadata = each.Metadata }),
            },
            Epoch = epoch,
            PreviousEpoch = epoch,
            Assigned = [.. assigned.Select(at => new HeldPartition(at, epoch))],
        };
    }
}
