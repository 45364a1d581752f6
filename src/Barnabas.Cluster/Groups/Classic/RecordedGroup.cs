using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>A classic group as its record, and back.</summary>
internal static class RecordedGroup
{
    /// <summary>The record of a group that has just been made.</summary>
    public static GroupMetadataRecord New(string groupId, long nowMs) =>
        new(groupId, new GroupMetadataValue { CurrentStateTimestamp = nowMs });

    /// <summary>The record of a group as it is now.</summary>
    /// <param name="group">Members, generation and protocol.</param>
    /// <param name="assignmentOf">What each member is to get.</param>
    public static GroupMetadataRecord Of(ClassicGroup group, Func<ClassicMember, byte[]> assignmentOf)
    {
        var value = new GroupMetadataValue
        {
            ProtocolType = group.ProtocolType ?? "",
            Generation = group.Generation,
            Protocol = group.ProtocolName,
            Leader = group.LeaderId,
            CurrentStateTimestamp = group.StateTimestampMs,
        };
        foreach (var member in group.Members)
        {
            value.Members.Add(new GroupMetadataValue.MemberMetadata
            {
                MemberId = member.Id,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                RebalanceTimeout = member.RebalanceTimeoutMs,
                SessionTimeout = member.SessionTimeoutMs,
                Subscription = member.MetadataOf(group.ProtocolName),
                Assignment = assignmentOf(member),
            });
        }

        return new GroupMetadataRecord(group.Id, value);
    }

    /// <summary>The group that a coordinator begins with when it finds this record: stable, or empty.</summary>
    public static ClassicGroup Restore(string groupId, GroupMetadataValue value)
    {
        var group = new ClassicGroup(groupId) { Recorded = value };
        foreach (var recorded in value.Members)
        {
            var protocol = new JoinGroupRequest.JoinGroupRequestProtocol { Name = value.Protocol ?? "", Metadata = recorded.Subscription };
            group.Add(
                new ClassicMember(recorded.MemberId, recorded.GroupInstanceId, recorded.ClientId, recorded.ClientHost)
                {
                    Protocols = [protocol],
                    RebalanceTimeoutMs = recorded.RebalanceTimeout < 0 ? recorded.SessionTimeout : recorded.RebalanceTimeout,
                    SessionTimeoutMs = recorded.SessionTimeout,
                    Assignment = recorded.Assignment,
                },
                value.ProtocolType);
        }

        group.MoveTo(group.IsEmpty ? ClassicState.Empty : ClassicState.Stable, value.CurrentStateTimestamp);
        group.ProtocolType = value.ProtocolType.Length == 0 ? null : value.ProtocolType;
        group.ProtocolName = value.Protocol;
        group.Generation = value.Generation;
        group.LeaderId = value.Leader;
        group.SubscribedTopics = Subscription.Of(group);
        return group;
    }
}
