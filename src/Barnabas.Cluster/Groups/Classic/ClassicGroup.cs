using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Classic;

/// <summary>
/// A group whose members choose a leader that assigns their work. What it is between two records (who has joined, who waits) is soft state;
/// a coordinator that loads the group begins with its last record. Owned by the loop of its coordinator.
/// </summary>
internal sealed class ClassicGroup(string id) : Group(id)
{
    private readonly Dictionary<string, ClassicMember> _members = [];
    private readonly Dictionary<string, string> _staticMembers = [];
    private readonly ProtocolVotes _votes = new();

    /// <summary>The last record of the group, or null: all that a new coordinator would know. Changed by replay alone.</summary>
    public GroupMetadataValue? Recorded { get; set; }

    /// <summary>
    /// True while the last record is the one that made it of a consumer group: its members have work, and all of them have to join again.
    /// </summary>
    public bool IsConverted { get; set; }

    public ClassicState State { get; private set; }

    /// <summary>The state before; a group that was empty gives its first members more time.</summary>
    public ClassicState PreviousState { get; private set; }

    /// <summary>When the state last changed; -1 for never. Offsets of an empty group expire from here.</summary>
    public long StateTimestampMs { get; set; } = -1;

    /// <summary>What the members do, or null before the first of them.</summary>
    public string? ProtocolType { get; set; }

    /// <summary>The protocol of this generation, or null.</summary>
    public string? ProtocolName { get; set; }

    /// <summary>Rises with every completed join.</summary>
    public int Generation { get; set; }

    public string? LeaderId { get; set; }

    /// <summary>Topics that this generation's members subscribe to; null when that cannot be known.</summary>
    public SortedSet<string>? SubscribedTopics { get; set; }

    /// <summary>Members, the first that joined first, unless some have left.</summary>
    public Dictionary<string, ClassicMember>.ValueCollection Members => _members.Values;

    /// <summary>Ids given out to members that have to come back with them, with what takes each back.</summary>
    public Dictionary<string, GroupTimer> PendingMembers { get; } = [];

    /// <summary>Members of this generation that have not synced yet.</summary>
    public HashSet<string> PendingSync { get; } = [];

    /// <summary>Members whose join waits.</summary>
    public int AwaitingJoinCount { get; private set; }

    /// <summary>True when a member came during the initial delay, which then starts again.</summary>
    public bool NewMemberAdded { get; set; }

    /// <summary>What is left of the longest initial delay.</summary>
    public int InitialDelayLeftMs { get; set; }

    /// <summary>Ends the wait for members to join.</summary>
    public GroupTimer? JoinTimer { get; set; }

    /// <summary>Ends the wait for members to sync.</summary>
    public GroupTimer? SyncTimer { get; set; }

    /// <inheritdoc/>
    public override string Type => "classic";

    /// <inheritdoc/>
    public override string StateName => State.ToString();

    /// <inheritdoc/>
    public override string ProtocolTypeName => ProtocolType ?? "";

    /// <inheritdoc/>
    public override bool IsEmpty => _members.Count == 0;

    /// <summary>True when members are consumers, whose subscriptions can be read.</summary>
    public bool HasConsumers => ProtocolType == "consumer";

    /// <summary>The longest time that any member wants for joining again.</summary>
    public int RebalanceTimeoutMs
    {
        get
        {
            var longest = 0;
            foreach (var member in _members.Values)
            {
                longest = Math.Max(longest, member.RebalanceTimeoutMs);
            }

            return longest;
        }
    }

    public bool HasAllJoined => AwaitingJoinCount == _members.Count && PendingMembers.Count == 0;

    public void MoveTo(ClassicState state, long nowMs)
    {
        PreviousState = State;
        State = state;
        StateTimestampMs = nowMs;
    }

    public ClassicMember? Find(string memberId) => _members.GetValueOrDefault(memberId);

    /// <summary>The id of the member with an instance id, or null.</summary>
    public string? FindStatic(string instanceId) => _staticMembers.GetValueOrDefault(instanceId);

    /// <summary>True when a member with these protocols may join.</summary>
    public bool Accepts(string protocolType, List<JoinGroupRequest.JoinGroupRequestProtocol> protocols) => IsEmpty
        ? protocolType.Length > 0 && protocols.Count > 0
        : protocolType == ProtocolType && _votes.HaveOneOf(protocols, _members.Count);

    /// <summary>Whether a request of a member is of the one that is known: None, UnknownMemberId, FencedInstanceId.</summary>
    public ErrorCode Validate(string memberId, string? instanceId)
    {
        if (instanceId is not null)
        {
            var known = FindStatic(instanceId);
            if (known is null)
            {
                return ErrorCode.UnknownMemberId;
            }

            if (known != memberId)
            {
                return ErrorCode.FencedInstanceId;
            }
        }

        return _members.ContainsKey(memberId) ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }

    public void Add(ClassicMember member, string protocolType)
    {
        if (_members.Count == 0)
        {
            ProtocolType = protocolType;
        }

        LeaderId ??= member.Id;
        _members.Add(member.Id, member);
        _votes.Add(member);
        if (member.InstanceId is { } instanceId)
        {
            _staticMembers[instanceId] = member.Id;
        }
    }

    /// <summary>Takes a member out; what it waits for is the caller's to answer first.</summary>
    public void Remove(ClassicMember member)
    {
        Check.That(member.AwaitingJoin is null && member.AwaitingSync is null);
        member.Session?.Cancel();
        _members.Remove(member.Id);
        _votes.Remove(member);
        if (member.InstanceId is { } instanceId)
        {
            _staticMembers.Remove(instanceId);
        }

        PendingSync.Remove(member.Id);
        if (LeaderId == member.Id)
        {
            LeaderId = FirstMember(_ => true)?.Id;
        }
    }

    /// <summary>Gives a static member a new id.</summary>
    public void Rename(ClassicMember member, string newId)
    {
        Check.That(member.InstanceId is not null && member.AwaitingJoin is null && member.AwaitingSync is null);
        _members.Remove(member.Id);
        if (LeaderId == member.Id)
        {
            LeaderId = newId;
        }

        PendingSync.Remove(member.Id);
        member.Id = newId;
        _members.Add(newId, member);
        _staticMembers[member.InstanceId] = newId;
    }

    /// <summary>Takes in what a member says of itself when it joins again.</summary>
    public void Update(ClassicMember member, List<JoinGroupRequest.JoinGroupRequestProtocol> protocols, int rebalanceMs, int sessionMs)
    {
        _votes.Remove(member);
        member.Protocols = protocols;
        _votes.Add(member);
        member.RebalanceTimeoutMs = rebalanceMs;
        member.SessionTimeoutMs = sessionMs;
    }

    /// <summary>The member's join waits from here on, or no more (null).</summary>
    public void SetAwaitingJoin(ClassicMember member, JoinGroupOperation? operation)
    {
        AwaitingJoinCount += (operation is null ? 0 : 1) - (member.AwaitingJoin is null ? 0 : 1);
        member.AwaitingJoin = operation;
    }

    /// <summary>Makes sure that the leader is one that has joined; false when nobody has.</summary>
    public bool ElectJoinedLeader()
    {
        if (LeaderId is { } leader && _members.TryGetValue(leader, out var member) && member.AwaitingJoin is not null)
        {
            return true;
        }

        if (FirstMember(other => other.AwaitingJoin is not null) is not { } joined)
        {
            return false;
        }

        LeaderId = joined.Id;
        return true;
    }

    /// <summary>The protocol that the members would choose now.</summary>
    public string SelectProtocol() => _votes.Select(_members.Values, _members[LeaderId!]);

    /// <summary>Begins the next generation with the members there are.</summary>
    public void BeginGeneration(long nowMs)
    {
        Generation++;
        IsConverted = false;
        PendingSync.Clear();
        ProtocolName = IsEmpty ? null : SelectProtocol();
        SubscribedTopics = Subscription.Of(this);
        MoveTo(IsEmpty ? ClassicState.Empty : ClassicState.CompletingRebalance, nowMs);
    }

    /// <inheritdoc/>
    public override bool Subscribes(string topic) => HasConsumers && (SubscribedTopics is null || SubscribedTopics.Contains(topic));

    private ClassicMember? FirstMember(Func<ClassicMember, bool> wanted)
    {
        foreach (var member in _members.Values)
        {
            if (wanted(member))
            {
                return member;
            }
        }

        return null;
    }
}
