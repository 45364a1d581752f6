using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Migration;

/// <summary>A consumer group becomes a classic one when its last member of the consumer protocol is gone. Stateless: records.</summary>
internal static class Downgrade
{
    /// <summary>True when members are left, all of them of the classic protocol.</summary>
    public static bool IsDue(IReadOnlyList<ConsumerMember> left, ConsumerGroupConfig config) =>
        config.AllowsDowngrade && left.Count > 0 && left.All(member => member.Classic is not null);

    /// <summary>
    /// Adds the records that end the consumer group and begin the classic one, with the same generation and assignment; its members have
    /// to join again.
    /// </summary>
    public static void Convert(ConsumerGroup group, IReadOnlyList<ConsumerMember> left, in GroupTurn turn)
    {
        foreach (var member in group.Members)
        {
            turn.Decision.Add(new ConsumerCurrentRecord(group.Id, member.Id, null));
        }

        foreach (var member in group.Members)
        {
            turn.Decision.Add(new ConsumerTargetRecord(group.Id, member.Id, null));
        }

        foreach (var member in group.Members)
        {
            turn.Decision.Add(new ConsumerMemberRecord(group.Id, member.Id, null));
        }

        GroupEnd.AddTombstones(group, turn.Decision);
        var leader = left[0];
        var value = new GroupMetadataValue
        {
            ProtocolType = ClassicSpeech.ProtocolType,
            Generation = group.Epoch,
            Protocol = leader.Classic!.SupportedProtocols[0].Name,
            Leader = leader.Id,
            CurrentStateTimestamp = turn.NowMs,
        };
        foreach (var member in left)
        {
            value.Members.Add(new GroupMetadataValue.MemberMetadata
            {
                MemberId = member.Id,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                RebalanceTimeout = member.RebalanceTimeoutMs,
                SessionTimeout = member.Classic!.SessionTimeoutMs,
                Subscription = member.Classic.SupportedProtocols.Find(each => each.Name == value.Protocol)?.Metadata ?? [],
                Assignment = ClassicSpeech.WriteAssignment(member, turn.Coordinator.Image),
            });
        }

        turn.Decision.Add(new GroupMetadataRecord(group.Id, value));
    }
}
