using System.Collections.Immutable;
using Barnabas.Cluster.Groups.Records;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// A group whose coordinator assigns the work. All that stands here is what its records say, and changes by <see cref="Replay"/> alone;
/// only
/// <see cref="Watch"/> is soft. Owned by the loop of its coordinator.
/// </summary>
internal sealed class ConsumerGroup(string id) : Group(id)
{
    // A member never has epoch 0 once it has joined, so a new group begins with 1.
    private const int FirstEpoch = 1;

    private readonly SortedDictionary<string, ConsumerMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _staticMembers = [];
    private readonly Dictionary<string, ImmutableArray<TopicIdPartition>> _targets = [];
    private readonly SortedDictionary<string, ResolvedPattern> _patterns = new(StringComparer.Ordinal);
    private readonly HashSet<TopicIdPartition> _held = [];
    private readonly Dictionary<string, int> _topicMembers = [];
    private readonly Dictionary<string, int> _patternMembers = [];
    private readonly SortedDictionary<string, int> _assignorVotes = new(StringComparer.Ordinal);

    /// <summary>Rises with every change of members, their subscriptions, or the topics.</summary>
    public int Epoch { get; private set; } = FirstEpoch;

    /// <summary>What the topics were when the epoch last rose.</summary>
    public long TopicsHash { get; private set; }

    /// <summary>The group epoch that the target assignment is made for.</summary>
    public int TargetEpoch { get; private set; } = FirstEpoch;

    /// <summary>When the target assignment was made, wall-clock milliseconds; 0 for never or not known.</summary>
    public long TargetTimestampMs { get; private set; }

    /// <summary>True while there is a record of the kind that brokers before 4.1 kept of the topics.</summary>
    public bool HasTopicsRecord { get; private set; }

    /// <summary>Members in order of their ids.</summary>
    public SortedDictionary<string, ConsumerMember>.ValueCollection Members => _members.Values;

    public int MemberCount => _members.Count;

    /// <summary>Members that speak the classic protocol.</summary>
    public int ClassicMemberCount { get; private set; }

    /// <summary>Which metadata was looked at last. Soft.</summary>
    public TopicWatch Watch { get; } = new();

    /// <inheritdoc/>
    public override string Type => "consumer";

    /// <inheritdoc/>
    public override string ProtocolTypeName => "consumer";

    /// <inheritdoc/>
    public override bool IsEmpty => _members.Count == 0;

    /// <inheritdoc/>
    public override string StateName
    {
        get
        {
            if (IsEmpty)
            {
                return "Empty";
            }

            if (Epoch > TargetEpoch)
            {
                return "Assigning";
            }

            foreach (var member in _members.Values)
            {
                if (!member.IsSettled(TargetEpoch))
                {
                    return "Reconciling";
                }
            }

            return "Stable";
        }
    }

    /// <summary>Topics that members name, in no order that anything may depend on.</summary>
    public IReadOnlyCollection<string> NamedTopics => _topicMembers.Keys;

    /// <summary>Expressions of members, in no order that anything may depend on.</summary>
    public IReadOnlyCollection<string> MemberPatterns => _patternMembers.Keys;

    /// <summary>Expressions with the topics that they matched, in order.</summary>
    public IReadOnlyDictionary<string, ResolvedPattern> Patterns => _patterns;

    /// <inheritdoc/>
    public override bool Subscribes(string topic)
    {
        if (_topicMembers.ContainsKey(topic))
        {
            return true;
        }

        foreach (var pattern in _patterns.Values)
        {
            if (pattern.Topics.BinarySearch(topic, StringComparer.Ordinal) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    public ConsumerMember? Find(string memberId) => _members.GetValueOrDefault(memberId);

    /// <summary>The static member of an instance id, or null.</summary>
    public ConsumerMember? FindStatic(string instanceId) =>
        _staticMembers.TryGetValue(instanceId, out var memberId) ? Find(memberId) : null;

    /// <summary>What the member is to have, or null when no assignment named it yet.</summary>
    public ImmutableArray<TopicIdPartition>? TargetOf(string memberId) => _targets.TryGetValue(memberId, out var target) ? target : null;

    /// <summary>True when no member has the partition, and none has still to give it up.</summary>
    public bool IsFree(TopicIdPartition at) => !_held.Contains(at);

    /// <summary>The assignor that most members want; null when none of them wants any. The first by name of several.</summary>
    public string? PreferredAssignor(ConsumerMember? before = null, ConsumerMember? after = null)
    {
        string? best = null;
        var most = 0;
        var names = new SortedSet<string>(_assignorVotes.Keys, StringComparer.Ordinal);
        if (after?.ServerAssignor is { } wanted)
        {
            names.Add(wanted);
        }

        foreach (var name in names)
        {
            var votes = _assignorVotes.GetValueOrDefault(name) + (after?.ServerAssignor == name ? 1 : 0)
                - (before?.ServerAssignor == name ? 1 : 0);
            if (votes > most)
            {
                (best, most) = (name, votes);
            }
        }

        return best;
    }

    /// <summary>How many members, but for that one, have the expression.</summary>
    public int PatternCount(string pattern) => _patternMembers.GetValueOrDefault(pattern);

    /// <summary>Applies one record of this group that does not end it.</summary>
    public void Replay(ConsumerGroupRecord record)
    {
        switch (record)
        {
            case ConsumerEpochRecord { Value: { } value }:
                Epoch = value.Epoch;
                TopicsHash = value.MetadataHash;
                break;
            case ConsumerTopicsRecord topics:
                HasTopicsRecord = !topics.IsTombstone;
                break;
            case ConsumerTargetEpochRecord { Value: { } value }:
                TargetEpoch = value.AssignmentEpoch;
                TargetTimestampMs = value.AssignmentTimestamp;
                break;
            case ConsumerMemberRecord { Value: { } value } member:
                Put(MemberRecords.With(Find(member.MemberId) ?? new ConsumerMember(member.MemberId), value));
                break;
            case ConsumerMemberRecord member:
                Remove(member.MemberId);
                break;
            case ConsumerTargetRecord { Value: { } value } target:
                _targets[target.MemberId] = PartitionLists.Of(value.TopicPartitions);
                break;
            case ConsumerTargetRecord target:
                _targets.Remove(target.MemberId);
                break;
            case ConsumerCurrentRecord { Value: { } value } current:
                Put(MemberRecords.With(Find(current.MemberId) ?? new ConsumerMember(current.MemberId), value));
                break;
            case ConsumerCurrentRecord current when Find(current.MemberId) is { } member:
                Put(MemberRecords.WithoutAssignment(member));
                break;
            case ConsumerPatternRecord { Value: { } value } pattern:
                _patterns[pattern.Pattern] = ResolvedPattern.Of(value);
                break;
            case ConsumerPatternRecord pattern:
                _patterns.Remove(pattern.Pattern);
                break;
        }
    }

    private void Put(ConsumerMember member)
    {
        if (_members.TryGetValue(member.Id, out var before))
        {
            Count(before, -1);
        }

        _members[member.Id] = member;
        Count(member, 1);
        if (member.InstanceId is { } instanceId)
        {
            _staticMembers[instanceId] = member.Id;
        }
    }

    private void Remove(string memberId)
    {
        if (!_members.Remove(memberId, out var member))
        {
            return;
        }

        Count(member, -1);

        // Whoever took its place has the name now.
        if (member.InstanceId is { } instanceId && _staticMembers.GetValueOrDefault(instanceId) == memberId)
        {
            _staticMembers.Remove(instanceId);
        }
    }

    // What is known of all members together, kept as they come and go.
    private void Count(ConsumerMember member, int by)
    {
        foreach (var topic in member.Topics)
        {
            Count(_topicMembers, topic, by);
        }

        if (member.Pattern.Length > 0)
        {
            Count(_patternMembers, member.Pattern, by);
        }

        if (member.ServerAssignor is { } assignor)
        {
            Count(_assignorVotes, assignor, by);
        }

        ClassicMemberCount += member.Classic is null ? 0 : by;
        foreach (var held in member.Assigned.Concat(member.Revoking))
        {
            if (by > 0)
            {
                _held.Add(held.At);
            }
            else
            {
                _held.Remove(held.At);
            }
        }
    }

    private static void Count(IDictionary<string, int> counts, string key, int by)
    {
        var count = (counts.TryGetValue(key, out var there) ? there : 0) + by;
        if (count == 0)
        {
            counts.Remove(key);
        }
        else
        {
            counts[key] = count;
        }
    }
}
