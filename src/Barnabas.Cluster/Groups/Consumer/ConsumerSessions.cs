using Barnabas.Cluster.Groups.Migration;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// When members of consumer groups were last heard of, and until when those that have to give up partitions must have done it. Soft: a new
/// coordinator gives everybody a new session. Owned by the loop of its coordinator.
/// </summary>
internal sealed class ConsumerSessions(GroupCoordinator coordinator)
{
    private readonly Dictionary<(string GroupId, string MemberId), Timers> _timers = [];

    /// <summary>The member was heard of and has this long from now.</summary>
    public void Renew(string groupId, string memberId, int timeoutMs)
    {
        var timers = Of(groupId, memberId);
        timers.Session ??= new GroupTimer(coordinator, () => new ExpireConsumerChore(groupId, memberId));
        timers.Session.Set(timeoutMs);
    }

    /// <summary>The member has this long to give up what it was asked for, in this epoch.</summary>
    public void ExpectRevocation(string groupId, string memberId, int memberEpoch, int timeoutMs)
    {
        var timers = Of(groupId, memberId);
        timers.Revocation?.Cancel();
        timers.Revocation = new GroupTimer(coordinator, () => new ExpireRevocationChore(groupId, memberId, memberEpoch));
        timers.Revocation.Set(timeoutMs);
    }

    /// <summary>The member of the classic protocol has this long to join again, from when it was first told to.</summary>
    public void ExpectJoin(string groupId, string memberId, int memberEpoch, int timeoutMs)
    {
        var timers = Of(groupId, memberId);
        if (timers.Join is null)
        {
            timers.Join = new GroupTimer(coordinator, () => new ExpireRejoinChore(groupId, memberId, memberEpoch));
            timers.Join.Set(timeoutMs);
        }
    }

    /// <summary>The member has joined again.</summary>
    public void StopExpectingJoin(string groupId, string memberId)
    {
        if (_timers.TryGetValue((groupId, memberId), out var timers))
        {
            timers.Join?.Cancel();
            timers.Join = null;
        }
    }

    /// <summary>The member has given up what it was asked for.</summary>
    public void StopExpectingRevocation(string groupId, string memberId)
    {
        if (_timers.TryGetValue((groupId, memberId), out var timers))
        {
            timers.Revocation?.Cancel();
        }
    }

    /// <summary>The member is gone.</summary>
    public void Forget(string groupId, string memberId)
    {
        if (_timers.Remove((groupId, memberId), out var timers))
        {
            timers.Session?.Cancel();
            timers.Revocation?.Cancel();
            timers.Join?.Cancel();
        }
    }

    /// <summary>The coordinator is loaded: every member has a whole session, and the whole time to give up what it has to.</summary>
    public void StartAll()
    {
        foreach (var group in coordinator.Groups.OfType<ConsumerGroup>())
        {
            var timeoutMs = ConsumerSettings.Of(coordinator, group.Id).SessionTimeoutMs;
            foreach (var member in group.Members)
            {
                Renew(group.Id, member.Id, member.Classic?.SessionTimeoutMs ?? timeoutMs);
                if (member.Progress == MemberProgress.Unrevoked)
                {
                    ExpectRevocation(group.Id, member.Id, member.Epoch, member.RebalanceTimeoutMs);
                }
            }
        }
    }

    /// <summary>Nobody is waited for any more.</summary>
    public void StopAll()
    {
        foreach (var timers in _timers.Values)
        {
            timers.Session?.Cancel();
            timers.Revocation?.Cancel();
            timers.Join?.Cancel();
        }

        _timers.Clear();
    }

    private Timers Of(string groupId, string memberId)
    {
        if (!_timers.TryGetValue((groupId, memberId), out var timers))
        {
            _timers[(groupId, memberId)] = timers = new Timers();
        }

        return timers;
    }

    private sealed class Timers
    {
        public GroupTimer? Session { get; set; }

        public GroupTimer? Revocation { get; set; }

        public GroupTimer? Join { get; set; }
    }
}
