using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Migration;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.ConsumerBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Where groups do not move between the protocols, and who is kept out of a group that has members of both.</summary>
public sealed class MigrationGuardTests
{
    private readonly GroupBench _bench = new() { Image = Topics(("a", 4)) };

    [Theory]
    [InlineData("connect", false)]
    [InlineData("consumer", true)]
    public void A_group_whose_members_cannot_be_read_stays_classic(string type, bool isGarbage)
    {
        var (m, _) = _bench.Stable(
            "g", GroupBench.Request("g", type: type, protocols: ("range", isGarbage ? [0xFF] : GroupBench.Topics("a"))));
        Assert.StartsWith("GroupIdNotFound", _bench.Enter("g", "c1", "a").Short());
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", m, 1));
    }

    [Fact]
    public void A_group_that_would_be_too_large_stays_classic_and_one_that_is_full_takes_no_classic_member()
    {
        var config = new GroupConfig
        {
            InitialRebalanceDelayMs = 0, SessionTimeoutMinMs = 1_000, Consumer = new ConsumerGroupConfig { GroupSizeMax = 1 },
        };
        var bench = new GroupBench(config) { Image = _bench.Image };
        bench.Stable("g");
        Assert.StartsWith("GroupIdNotFound", bench.Enter("g", "c1", "a").Short());
        bench.Enter("full", "c1", "a");
        Assert.Equal(ErrorCode.GroupMaxSizeReached, bench.Join(Subscribe("full", "")).Now.ErrorCode);
    }

    [Fact]
    public void Who_waits_to_join_or_to_sync_asks_again_and_nothing_of_the_classic_group_comes_back()
    {
        var (a, _) = _bench.Stable("g", Subscribe("g", ""));
        var joining = _bench.Join(Subscribe("g", ""), version: 3);
        Assert.False(joining.IsThere);
        _bench.Join(Subscribe("g", "")); // has an id to come back with
        _bench.Enter("g", "c1", "a");
        Assert.Equal(ErrorCode.RebalanceInProgress, joining.Now.ErrorCode);

        var (b, _) = _bench.Stable("h", Subscribe("h", ""));
        var joined = _bench.Join(Subscribe("h", ""), version: 3);
        _bench.Join(Subscribe("h", b));
        var syncing = _bench.Sync(GroupBench.Assign("h", joined.Now.MemberId, 2));
        Assert.False(syncing.IsThere);
        _bench.Enter("h", "c1", "a");
        Assert.Equal(ErrorCode.RebalanceInProgress, syncing.Now.ErrorCode);

        // Two that look for old offsets, and three members each.
        var timers = _bench.Loop.Timers.Count;
        Assert.Equal(1 + 3 + 3, timers);
        for (var i = 0; i < 7; i++)
        {
            _bench.Advance(5_000);
            _bench.Beat("g", "c1", _bench.Look("g").Members.Single(m => m.MemberId == "c1").MemberEpoch, null);
        }

        Assert.All(_bench.List().Where(group => group.GroupId == "g"), group => Assert.Equal("consumer", group.GroupType));
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", a, 1));
    }

    [Fact]
    public void Work_of_a_generation_that_is_over_is_its_members_until_they_give_it_up()
    {
        var joined = _bench.Join(Subscribe("g", ""), version: 3);
        _bench.Advance(1);
        var m = joined.Now.MemberId;
        _bench.Sync(Everything(m));
        _bench.Join(Subscribe("g", ""), version: 3);
        _bench.Join(Subscribe("g", m));
        Assert.Equal("CompletingRebalance", _bench.Describe("g").GroupState);
        _bench.Enter("g", "c1", "a");
        Assert.NotEmpty(_bench.Look("g").Members.Single(member => member.MemberId == m).Assignment.TopicPartitions);
    }

    [Fact]
    public void Members_that_say_nothing_to_the_group_in_its_new_protocol_have_their_sessions()
    {
        var (m, _) = _bench.Stable("g", Subscribe("g", ""));
        _bench.Enter("g", "c1", "a");
        _bench.Advance(9_000);
        Assert.Equal(2, _bench.Look("g").Members.Count);
        _bench.Advance(2_000);
        Assert.Equal("c1", _bench.Look("g").Members.Single().MemberId);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", m, 1));
    }

    [Fact]
    public void A_new_coordinator_gives_a_classic_member_the_session_it_asked_for()
    {
        Mixed();
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        _bench.Advance(11_000);
        Assert.Equal("c1", _bench.Look("g").Members.Single().MemberId);
    }

    [Fact]
    public void A_group_that_has_become_classic_gives_its_members_their_sessions()
    {
        Mixed();
        _bench.Beat("g", "c1", -1, null);
        Assert.Equal("PreparingRebalance", _bench.Describe("g").GroupState);
        _bench.Advance(11_000);
        Assert.Equal("Empty", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void The_end_of_a_time_to_join_again_is_for_a_member_that_has_to_and_has_not_moved_since()
    {
        var m = Mixed();
        var epoch = _bench.Look("g").Members.Single(each => each.MemberId == m).MemberEpoch;
        Settle(m, epoch);
        _bench.Submit(new ExpireRejoinChore("g", m, epoch));
        _bench.Advance(1_000);
        _bench.Enter("g", "c2", "a");
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", m, epoch));
        _bench.Submit(new ExpireRejoinChore("g", m, epoch - 1));
        Assert.Equal(3, _bench.Look("g").Members.Count);

        // It is told once more, and has its time from then on.
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", m, epoch));
        Assert.Equal(1 + 3 + 1, _bench.Loop.Timers.Count);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Of_a_time_to_join_again_no_timer_is_left_when_the_member_or_the_coordinator_goes(bool isMember)
    {
        var idle = _bench.Loop.Timers.Count;
        var m = Mixed();
        var epoch = _bench.Look("g").Members.Single(each => each.MemberId == m).MemberEpoch;
        Settle(m, epoch);
        _bench.Advance(1_000);
        _bench.Enter("g", "c2", "a");
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", m, epoch));
        Assert.Equal(idle + 3 + 1, _bench.Loop.Timers.Count);
        if (isMember)
        {
            _bench.Leave("g", (m, null));
            Assert.Equal(idle + 2, _bench.Loop.Timers.Count);
        }
        else
        {
            _bench.Unload(ErrorCode.NotCoordinator);
            Assert.Equal(0, _bench.Loop.Timers.Count);
        }
    }

    [Fact]
    public void A_member_that_could_not_be_taken_out_for_not_joining_is_taken_out_soon_after()
    {
        var m = Mixed();
        var epoch = _bench.Look("g").Members.Single(each => each.MemberId == m).MemberEpoch;
        Settle(m, epoch);
        _bench.Advance(1_000);
        _bench.Enter("g", "c2", "a");
        Keep(m, epoch, seconds: 28);
        _bench.Log.Fails = new JournalAppend(ErrorCode.NotEnoughReplicas, -1);
        Keep(m, epoch, seconds: 4);
        _bench.Log.Fails = null;
        Keep(m, epoch, seconds: 2);
        Assert.DoesNotContain(_bench.Look("g").Members, each => each.MemberId == m);
    }

    [Fact]
    public void A_member_that_has_joined_again_and_has_to_once_more_has_its_time_once_more()
    {
        var joined = _bench.Join(Subscribe("g", ""), version: 3);
        _bench.Advance(1);
        var m = joined.Now.MemberId;
        _bench.Sync(Everything(m));
        _bench.Enter("g", "c1", "a");
        Keep(m, 1, seconds: 20);
        Assert.Equal(1, _bench.Join(Subscribe("g", m, 0, 1, 2, 3)).Now.GenerationId);
        Keep(m, 1, seconds: 20);
        Assert.Contains(_bench.Look("g").Members, each => each.MemberId == m);
    }

    [Fact]
    public void Only_members_of_the_classic_protocol_speak_it_and_each_for_itself()
    {
        _bench.Enter("g", "c1", "a");
        _bench.Join(Subscribe("g", "", instance: "i1"));
        var m = _bench.Look("g").Members.Single(each => each.InstanceId == "i1").MemberId;
        var epoch = _bench.Look("g").Members.Single(each => each.InstanceId == "i1").MemberEpoch;
        Assert.Equal(ErrorCode.FencedInstanceId, _bench.Heartbeat("g", "c1", 2, "i1"));
        Assert.Equal(ErrorCode.FencedInstanceId, _bench.Join(Subscribe("g", "c1", instance: "i1")).Now.ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Join(Subscribe("g", "c1", instance: "i2")).Now.ErrorCode);
        Assert.Equal(ErrorCode.FencedInstanceId, _bench.Leave("g", ("c1", "i1")).Members[0].ErrorCode);
        Assert.Equal(
            ErrorCode.InconsistentGroupProtocol, _bench.Join(Subscribe("g", "x", protocol: "other")).Now.ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Sync(m, epoch, "connect", "range"));
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Sync(m, epoch, "consumer", "other"));
        Assert.Equal(ErrorCode.None, Sync(m, epoch, "consumer", "range"));
        Assert.Equal(2, _bench.Look("g").Members.Count);
    }

    [Fact]
    public void A_sync_begins_the_session_anew()
    {
        var m = Mixed();
        var epoch = _bench.Look("g").Members.Single(each => each.MemberId == m).MemberEpoch;
        _bench.Advance(6_000);
        Assert.Equal(ErrorCode.None, Sync(m, epoch, "consumer", "range"));
        _bench.Advance(6_000);
        Assert.Contains(_bench.Look("g").Members, each => each.MemberId == m);
    }

    private ErrorCode Sync(string member, int generation, string type, string protocol)
    {
        var request = GroupBench.Assign("g", member, generation);
        (request.ProtocolType, request.ProtocolName) = (type, protocol);
        return _bench.Sync(request).Now.ErrorCode;
    }

    /// <summary>A group with the consumer member c1 and a classic one, whose id is given.</summary>
    private string Mixed()
    {
        _bench.Enter("g", "c1", "a");
        _bench.Advance(1_000);
        var m = _bench.Join(Subscribe("g", "")).Now.MemberId;
        Assert.Equal(ErrorCode.None, _bench.Join(Subscribe("g", m)).Now.ErrorCode);
        return m;
    }

    /// <summary>Until nobody of the group has anything more to do.</summary>
    private void Settle(string m, int epoch)
    {
        _bench.Beat("g", "c1", 2, null);
        _bench.Beat("g", "c1", 2, ("a", [0, 1]));
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", m, epoch));
        _bench.Join(Subscribe("g", m));
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", m, epoch));
    }

    private void Keep(string m, int epoch, int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _bench.Advance(1_000);
            _bench.Heartbeat("g", m, epoch);
        }
    }

    private static SyncGroupRequest Everything(string member)
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(3);
        new ConsumerProtocolAssignment { AssignedPartitions = [new() { Topic = "a", Partitions = [0, 1, 2, 3] }] }.Write(writer, 3);
        var sync = GroupBench.Assign("g", member, 1);
        sync.Assignments.Add(new() { MemberId = member, Assignment = writer.Written.ToArray() });
        return sync;
    }

    private static JoinGroupRequest Subscribe(string group, string member, params int[] owned) =>
        Subscribe(group, member, null, "range", owned);

    private static JoinGroupRequest Subscribe(
        string group, string member, string? instance = null, string protocol = "range", int[]? owned = null)
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(3);
        var subscription = new ConsumerProtocolSubscription { Topics = ["a"] };
        if (owned is { Length: > 0 })
        {
            subscription.OwnedPartitions.Add(new() { Topic = "a", Partitions = [.. owned] });
        }

        subscription.Write(writer, 3);
        return GroupBench.Request(group, member, instance, protocols: (protocol, writer.Written.ToArray()));
    }
}
