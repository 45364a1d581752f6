using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Migration;

using ClassicMetadata = ConsumerGroupMemberMetadataValue.ClassicMemberMetadataData;

/// <summary>Serves members that speak the classic protocol in a group of the consumer protocol. Stateless: records, and replies.</summary>
internal static class ClassicMembers
{
    private const short FirstVersionWithKnownMemberId = 4;

    /// <summary>
    /// A member joins, or joins again: to the group it is a heartbeat that says everything. The answer has the member's epoch for a
    /// generation, and no leader: the assignment comes with the sync.
    /// </summary>
    public static JoinGroupResponse Join(ConsumerGroup group, JoinGroupRequest request, GroupCaller caller, in GroupTurn turn)
    {
        var config = turn.Coordinator.Config.Consumer;
        if (request.ProtocolType != ClassicSpeech.ProtocolType || request.Protocols.Count == 0 || !HasCommonProtocol(group, request))
        {
            return Refused(ErrorCode.InconsistentGroupProtocol, request.MemberId);
        }

        if (ClassicSpeech.ReadSubscription(request.Protocols[0].Metadata) is not { } subscription)
        {
            return Refused(ErrorCode.UnknownServerError, "");
        }

        var memberId = request.MemberId.Length == 0 ? turn.Coordinator.NewUuid().ToString() : request.MemberId;
        if (group.MemberCount >= config.GroupSizeMax && group.Find(memberId) is null)
        {
            return Refused(ErrorCode.GroupMaxSizeReached, request.MemberId);
        }

        if (request.MemberId.Length == 0 && request.GroupInstanceId is null && caller.Version >= FirstVersionWithKnownMemberId)
        {
            return Refused(ErrorCode.MemberIdRequired, memberId);
        }

        var found = Find(group, request, memberId, turn);
        if (found.Refusal is { } refusal)
        {
            return Refused(refusal.Error, request.MemberId);
        }

        var heartbeat = new ConsumerGroupHeartbeatRequest
        {
            GroupId = group.Id,
            MemberId = memberId,
            InstanceId = request.GroupInstanceId,
            RackId = subscription.RackId,
            RebalanceTimeoutMs = caller.Version < 1 ? request.SessionTimeoutMs : request.RebalanceTimeoutMs,
            SubscribedTopicNames = subscription.Topics,
            TopicPartitions = ClassicSpeech.Owned(subscription, turn.Coordinator.Image),
        };
        var beat = new MemberBeat(group, found, heartbeat, caller, new ClassicMetadata
        {
            SessionTimeoutMs = request.SessionTimeoutMs,
            SupportedProtocols = request.Protocols.ConvertAll(
                each => new ConsumerGroupMemberMetadataValue.ClassicProtocol { Name = each.Name, Metadata = each.Metadata }),
        });
        turn.Coordinator.Sessions.StopExpectingJoin(group.Id, memberId);
        if (beat.Decide(turn) is { } mistake)
        {
            return Refused(mistake.Error, request.MemberId);
        }

        return new JoinGroupResponse
        {
            MemberId = memberId,
            GenerationId = beat.Member.Epoch,
            ProtocolType = ClassicSpeech.ProtocolType,
            ProtocolName = request.Protocols[0].Name,
        };
    }

    /// <summary>The member asks for what it has.</summary>
    public static SyncGroupResponse Sync(ConsumerGroup group, SyncGroupRequest request, GroupCoordinator coordinator)
    {
        var (member, error) = Find(group, request.MemberId, request.GroupInstanceId, request.GenerationId);
        if (error != ErrorCode.None)
        {
            return new SyncGroupResponse { ErrorCode = error };
        }

        // Whoever joined before the group was one of this protocol was told another one of those that it knows.
        var protocol = request.ProtocolName ?? member!.Classic!.SupportedProtocols[0].Name;
        if ((request.ProtocolType is { } type && type != ClassicSpeech.ProtocolType)
            || !member!.Classic!.SupportedProtocols.Exists(known => known.Name == protocol))
        {
            return new SyncGroupResponse { ErrorCode = ErrorCode.InconsistentGroupProtocol };
        }

        // Whoever has to give something up learns what by the assignment: only the epoch behind it sends it back.
        coordinator.Sessions.Renew(group.Id, member.Id, member.Classic.SessionTimeoutMs);
        return new SyncGroupResponse
        {
            ProtocolType = ClassicSpeech.ProtocolType,
            ProtocolName = protocol,
            Assignment = ClassicSpeech.WriteAssignment(member, member.Assigned, coordinator.Image),
        };
    }

    /// <summary>The member is alive, and learns whether it has to join again.</summary>
    public static ErrorCode Hear(ConsumerGroup group, HeartbeatRequest request, GroupCoordinator coordinator)
    {
        var (member, error) = Find(group, request.MemberId, request.GroupInstanceId, request.GenerationId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        coordinator.Sessions.Renew(group.Id, member!.Id, member.Classic!.SessionTimeoutMs);
        if (!ClassicSpeech.MustJoin(group, member))
        {
            return ErrorCode.None;
        }

        coordinator.Sessions.ExpectJoin(group.Id, member.Id, member.Epoch, member.RebalanceTimeoutMs);
        return ErrorCode.RebalanceInProgress;
    }

    /// <summary>A member, of either protocol, that is to leave: by its id, or by the name of a static one.</summary>
    public static (ConsumerMember? Member, ErrorCode Error) FindLeaving(ConsumerGroup group, string memberId, string? instanceId)
    {
        if (instanceId is null)
        {
            return group.Find(memberId) is { } member ? (member, ErrorCode.None) : (null, ErrorCode.UnknownMemberId);
        }

        return group.FindStatic(instanceId) switch
        {
            null => (null, ErrorCode.UnknownMemberId),
            var known when memberId.Length > 0 && known.Id != memberId => (null, ErrorCode.FencedInstanceId),
            var known => (known, ErrorCode.None),
        };
    }

    private static (ConsumerMember? Member, ErrorCode Error) Find(ConsumerGroup group, string memberId, string? instanceId, int generation)
    {
        if (instanceId is not null && group.FindStatic(instanceId) is { } known && known.Id != memberId)
        {
            return (null, ErrorCode.FencedInstanceId);
        }

        if (group.Find(memberId) is not { Classic: not null } member)
        {
            return (null, ErrorCode.UnknownMemberId);
        }

        return generation == member.Epoch ? (member, ErrorCode.None) : (null, ErrorCode.IllegalGeneration);
    }

    private static MemberLookup Find(ConsumerGroup group, JoinGroupRequest request, string memberId, in GroupTurn turn)
    {
        if (request.GroupInstanceId is not { } instanceId)
        {
            return new(group.Find(memberId) ?? new ConsumerMember(memberId));
        }

        return group.FindStatic(instanceId) switch
        {
            null when request.MemberId.Length > 0 => new(null, null, GroupRefusal.UnknownInstance(instanceId)),
            null => new(new ConsumerMember(memberId)),
            var known when known.Id == memberId => new(known),
            var known when request.MemberId.Length > 0 => new(null, null, GroupRefusal.FencedInstance(memberId, instanceId, known.Id)),
            var known => new(Departure.Replace(group, known, memberId, turn), known.Id),
        };
    }

    // The classic members of a group have to understand each other, should it become a classic one.
    private static bool HasCommonProtocol(ConsumerGroup group, JoinGroupRequest request)
    {
        var common = request.Protocols.Select(protocol => protocol.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var member in group.Members)
        {
            if (member.Classic is { } classic && member.Id != request.MemberId)
            {
                common.IntersectWith(classic.SupportedProtocols.Select(protocol => protocol.Name));
            }
        }

        return common.Count > 0;
    }

    private static JoinGroupResponse Refused(ErrorCode error, string memberId) => new() { ErrorCode = error, MemberId = memberId };
}
