using Barnabas.Cluster.Groups.Classic;
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
        var image = turn.Coordinator.Image;

        // What a member has yet to give up is its own until it has joined again, should the group go back before that.
        var work = left.ToDictionary(member => member.Id, member => ClassicSpeech.WriteAssignment(
            member, [.. member.Assigned.Concat(member.Revoking).OrderBy(held => held.At)], image));
        var classic = ClassicOf(group, left, turn.NowMs);
        turn.Decision.Add(RecordedGroup.Of(classic, member => work[member.Id]));
        turn.Coordinator.SubmitLater(new BeginClassicChore(classic));
    }

    // With an assignor that all of them know, not only the one that comes first: whoever does not know the group's could not join again.
    private static ClassicGroup ClassicOf(ConsumerGroup group, IReadOnlyList<ConsumerMember> left, long nowMs)
    {
        var classic = new ClassicGroup(group.Id) { Generation = group.Epoch, StateTimestampMs = nowMs };
        foreach (var member in left)
        {
            classic.Add(
                new ClassicMember(member.Id, member.InstanceId, member.ClientId, member.ClientHost)
                {
                    Protocols = member.Classic!.SupportedProtocols.ConvertAll(each => new JoinGroupRequest.JoinGroupRequestProtocol
                    {
                        Name = each.Name, Metadata = each.Metadata,
                    }),
                    RebalanceTimeoutMs = member.RebalanceTimeoutMs,
                    SessionTimeoutMs = member.Classic.SessionTimeoutMs,
                },
                ClassicSpeech.ProtocolType);
        }

        classic.ProtocolName = classic.SelectProtocol();
        return classic;
    }
}
