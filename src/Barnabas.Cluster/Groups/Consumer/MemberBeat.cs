using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Cluster.Groups.Consumer.Assignors;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// What a heartbeat of a member brings about: what it says of itself, the group's next epoch, a new target assignment, and the member's
/// next step towards it. Owned by one decision.
/// </summary>
internal sealed class MemberBeat(
    ConsumerGroup group, MemberLookup found, ConsumerGroupHeartbeatRequest request, GroupCaller caller,
    ConsumerGroupMemberMetadataValue.ClassicMemberMetadataData? classic = null)
{
    private readonly ConsumerMember _before = found.Member!;
    private ConsumerMember _member = found.Member!;
    private GroupTopics? _topics;

    /// <summary>The member as it will be.</summary>
    public ConsumerMember Member => _member;

    /// <summary>Adds the records, or says what is wrong.</summary>
    public GroupRefusal? Decide(in GroupTurn turn)
    {
        _member = Described();
        if (PatternUse.Validate(group, _before, _member) is { } refusal)
        {
            return refusal;
        }

        if (group.Find(_member.Id) is null && found.ReplacedId is null || !_member.DescribesItselfAs(_before))
        {
            turn.Decision.Add(MemberRecords.Description(group.Id, _member));
        }

        PatternUse.Drop(group, _before, _member, turn);
        var isChanged = !_member.Topics.SequenceEqual(_before.Topics) || _member.Pattern != _before.Pattern;
        var settings = ConsumerSettings.Of(turn.Coordinator, group.Id);
        var epoch = NextEpoch(turn);
        var (targetEpoch, target) = NextTarget(epoch, settings, turn);
        Reconcile(targetEpoch, target, isChanged, turn);
        turn.Coordinator.Sessions.Renew(group.Id, _member.Id, classic?.SessionTimeoutMs ?? settings.SessionTimeoutMs);
        PatternUse.Refresh(group, _member, turn);
        return null;
    }

    /// <summary>What the member is told.</summary>
    public ConsumerGroupHeartbeatResponse Answer(GroupCoordinator coordinator) => new()
    {
        MemberId = _member.Id,
        MemberEpoch = _member.Epoch,
        HeartbeatIntervalMs = ConsumerSettings.Of(coordinator, group.Id).HeartbeatIntervalMs,
        Assignment = SaysEverything || !PartitionLists.SamePartitions(_before.Assigned, _member.Assigned)
            ? new ConsumerGroupHeartbeatResponse.AssignmentData
            {
                TopicPartitions = PartitionLists.ByTopic(
                    _member.Assigned, held => held.At,
                    (id, list) => new ConsumerGroupHeartbeatResponse.TopicPartitions { TopicId = id, Partitions = list }),
            }
            : null,
    };

    // Whoever says all of itself does not know what became of its last heartbeat: it is told all.
    private bool SaysEverything => request.MemberEpoch == 0
        || (request.RebalanceTimeoutMs != -1 && (request.SubscribedTopicNames is not null || request.SubscribedTopicRegex is not null)
            && request.TopicPartitions is not null);

    private ConsumerMember Described() => _before with
    {
        InstanceId = request.InstanceId ?? _before.InstanceId,
        RackId = request.RackId ?? _before.RackId,
        RebalanceTimeoutMs = request.RebalanceTimeoutMs == -1 ? _before.RebalanceTimeoutMs : request.RebalanceTimeoutMs,
        ServerAssignor = request.ServerAssignor ?? _before.ServerAssignor,
        Topics = request.SubscribedTopicNames is { } names ? MemberRecords.Names(names) : _before.Topics,
        Pattern = request.SubscribedTopicRegex ?? _before.Pattern,
        ClientId = caller.ClientId,
        ClientHost = caller.ClientHost,
        Classic = classic,
    };

    private int NextEpoch(in GroupTurn turn)
    {
        var image = turn.Coordinator.Image;
        var raises = !_member.Topics.SequenceEqual(_before.Topics) || PatternUse.Raises(group, _before, _member);
        if (!raises && group.Watch.HasSeen(image))
        {
            return group.Epoch;
        }

        _topics = GroupTopics.Of(group, MembersAfter(), image);
        if (!raises && _topics.Hash(image) == group.TopicsHash)
        {
            group.Watch.See(image);
            return group.Epoch;
        }

        return GroupEpoch.Raise(group, _topics, turn);
    }

    private (int Epoch, ImmutableArray<TopicIdPartition> Target) NextTarget(int epoch, ConsumerSettings settings, in GroupTurn turn)
    {
        // A clock that was set back does not hold the group up.
        var sinceMs = turn.NowMs - group.TargetTimestampMs;
        if (epoch <= group.TargetEpoch || (sinceMs >= 0 && sinceMs < settings.AssignmentIntervalMs))
        {
            return (group.TargetEpoch, TargetOf(_member.Id) ?? []);
        }

        var members = MembersAfter();
        _topics ??= GroupTopics.Of(group, members, turn.Coordinator.Image);
        var name = group.PreferredAssignor(group.Find(found.ReplacedId ?? _before.Id), _member)
            ?? turn.Coordinator.Config.Consumer.Assignors[0];
        var assignor = ConsumerAssignor.Find(name) ?? UniformAssignor.Instance;
        var target = TargetAssignment.Make(group, epoch, members, TargetOf, _topics, assignor, _member.Id, turn);
        return (epoch, target);
    }

    private void Reconcile(int targetEpoch, ImmutableArray<TopicIdPartition> target, bool isChanged, in GroupTurn turn)
    {
        if (_member.IsSettled(targetEpoch) && !isChanged)
        {
            return;
        }

        // What the target still says of topics that the member has left is not for it any more.
        _topics ??= GroupTopics.Of(group, [_member], turn.Coordinator.Image);
        var ids = _topics.IdsOf(_member);
        var reconciliation = new Reconciliation(
            targetEpoch,
            [.. target.Where(at => ids.BinarySearch(at.TopicId) >= 0)],
            request.TopicPartitions is { } owned ? PartitionLists.Of(owned) : null,
            group.IsFree);
        var next = reconciliation.Next(_member, at => ids.BinarySearch(at.TopicId) >= 0);
        if (next.HasSameAssignmentAs(_member))
        {
            return;
        }

        _member = next;
        turn.Decision.Add(MemberRecords.Assignment(group.Id, _member));
        if (_member.Progress == MemberProgress.Unrevoked)
        {
            turn.Coordinator.Sessions.ExpectRevocation(group.Id, _member.Id, _member.Epoch, _member.RebalanceTimeoutMs);
        }
        else
        {
            turn.Coordinator.Sessions.StopExpectingRevocation(group.Id, _member.Id);
        }
    }

    private ImmutableArray<TopicIdPartition>? TargetOf(string memberId) =>
        group.TargetOf(memberId == _member.Id && found.ReplacedId is { } replaced ? replaced : memberId);

    // As the group will be: in order of ids, with the member as it is now.
    private List<ConsumerMember> MembersAfter()
    {
        var members = new List<ConsumerMember>(group.MemberCount + 1);
        foreach (var other in group.Members)
        {
            if (other.Id != _member.Id && other.Id != found.ReplacedId)
            {
                members.Add(other);
            }
        }

        var at = members.BinarySearch(_member, Comparer<ConsumerMember>.Create((a, b) => string.CompareOrdinal(a.Id, b.Id)));
        members.Insert(~at, _member);
        return members;
    }
}
