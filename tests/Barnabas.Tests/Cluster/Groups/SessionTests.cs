using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>How long members of classic groups are waited for, and what a refused or repeated request leaves of them.</summary>
public sealed class SessionTests
{
    private readonly GroupBench _bench = new();

    [Fact]
    public void A_heartbeat_of_another_generation_is_refused_and_one_that_comes_while_loading_is_not()
    {
        var (a, _) = _bench.Stable("g");
        Assert.Equal(ErrorCode.IllegalGeneration, _bench.Heartbeat("g", a, 2));
        Assert.Equal(ErrorCode.IllegalGeneration, _bench.Heartbeat("g", a, 0));
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Run(() => _bench.Host.BeginLoad(0));
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", a, 1));
    }

    [Fact]
    public void A_member_that_joined_and_never_syncs_has_its_session_and_no_more()
    {
        _bench.Join(Request("g", rebalanceMs: 300_000), version: 3);
        _bench.Advance(9_000);
        Assert.Equal("CompletingRebalance", _bench.Describe("g").GroupState);
        _bench.Advance(2_000);
        Assert.Equal("Empty", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void Whoever_waits_for_the_others_to_join_is_there()
    {
        var (a, b) = _bench.Pair();
        var again = _bench.Join(Request("g", a));
        for (var i = 0; i < 5; i++)
        {
            _bench.Advance(5_000);
            Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", b, 2));
        }

        _bench.Join(Request("g", b));
        Assert.Equal((3, 2), (again.Now.GenerationId, again.Now.Members.Count));
    }

    [Fact]
    public void A_leader_that_waits_for_its_assignment_to_be_committed_is_there_and_has_a_session_from_then_on()
    {
        var joined = _bench.Join(Request("g"), version: 3);
        _bench.Advance(1);
        var a = joined.Now.MemberId;
        _bench.AutoCommit = false;
        var sync = _bench.Sync(Assign("g", a, 1, (a, "A")));
        _bench.Advance(11_000);
        Assert.False(sync.IsThere);
        _bench.Commit();
        Assert.Equal(ErrorCode.None, sync.Now.ErrorCode);
        _bench.AutoCommit = true;
        _bench.Advance(9_000);
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
        _bench.Advance(2_000);
        Assert.Equal("Empty", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void A_second_sync_answers_the_first()
    {
        var (_, b) = _bench.Pair(syncs: false);
        var first = _bench.Sync(Assign("g", b, 2));
        Assert.False(first.IsThere);
        _bench.Sync(Assign("g", b, 2));
        Assert.Equal(ErrorCode.RebalanceInProgress, first.Now.ErrorCode);
    }

    [Fact]
    public void Whoever_is_no_member_leaves_nobody_to_join_again()
    {
        _bench.Pair();
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Leave("g", ("nobody", null)).Members[0].ErrorCode);
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void Who_leaves_before_it_came_back_with_its_id_is_not_waited_for()
    {
        var (a, _) = _bench.Stable("g");
        var pending = _bench.Join(Request("g")).Now.MemberId;
        _bench.Join(Request("g"), version: 3);
        var again = _bench.Join(Request("g", a));
        Assert.False(again.IsThere);
        Assert.Equal(ErrorCode.None, _bench.Leave("g", (pending, null)).Members[0].ErrorCode);
        Assert.Equal(2, again.Now.Members.Count);
    }

    [Fact]
    public void An_id_that_was_given_to_a_dynamic_member_is_no_static_members()
    {
        _bench.Stable("g");
        var pending = _bench.Join(Request("g")).Now.MemberId;
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Join(Request("g", pending, "i1")).Now.ErrorCode);
        Assert.False(_bench.Join(Request("g", pending)).IsThere);
    }

    [Fact]
    public void Of_a_group_that_has_become_too_large_some_are_turned_away_and_nobody_waits_for_them()
    {
        var (a, b) = _bench.Pair();
        var bench = new GroupBench(new GroupConfig { SessionTimeoutMinMs = 1_000, GroupSizeMax = 1 }, _bench.Log, wallMs: _bench.WallMs);
        Assert.Equal("PreparingRebalance", bench.Describe("g").GroupState);
        var first = bench.Join(Request("g", a));
        Assert.False(first.IsThere);
        var turnedAway = bench.Join(Request("g", b)).Now;
        Assert.Equal((ErrorCode.GroupMaxSizeReached, ""), (turnedAway.ErrorCode, turnedAway.MemberId));
        Assert.Equal((3, 1), (first.Now.GenerationId, first.Now.Members.Count));
    }

    [Fact]
    public void Whoever_is_turned_away_with_an_id_to_come_back_with_is_not_waited_for()
    {
        var bench = new GroupBench(new GroupConfig { InitialRebalanceDelayMs = 0, SessionTimeoutMinMs = 1_000, GroupSizeMax = 2 });
        var (a, _) = bench.Stable("g");
        var pending = bench.Join(Request("g")).Now.MemberId;
        bench.Join(Request("g"), version: 3);
        var again = bench.Join(Request("g", a));
        Assert.False(again.IsThere);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, bench.Join(Request("g", pending)).Now.ErrorCode);
        Assert.Equal(2, again.Now.Members.Count);
    }

    [Fact]
    public void A_static_member_that_comes_back_has_a_session_of_its_own()
    {
        _bench.Stable("g", Request("g", instance: "i1"));
        _bench.Advance(9_000);
        var back = _bench.Join(Request("g", instance: "i1")).Now.MemberId;
        _bench.Advance(5_000);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", back, 1, "i1"));
    }

    [Fact]
    public void A_return_that_the_log_refuses_leaves_the_member_as_it_was()
    {
        var (a, _) = _bench.Stable("g", Request("g", instance: "i1", protocols: ("range", [1])));
        _bench.Log.Fails = new JournalAppend(ErrorCode.NotEnoughReplicas, -1);
        _bench.Join(Request("g", instance: "i1", sessionMs: 1_000, protocols: ("range", [2])));
        _bench.Log.Fails = null;
        Assert.Equal([1], _bench.Describe("g").Members.Single().MemberMetadata);
        _bench.Advance(5_000);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", a, 1, "i1"));
    }

    [Fact]
    public void What_a_new_coordinator_does_not_find_in_its_log_has_never_been()
    {
        _bench.CommitOffset("g", "t", 0, 5);
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Log.Records.Clear();
        _bench.Log.HighWatermark = 0;
        _bench.Load();
        Assert.Empty(_bench.List());
        Assert.Equal(-1, _bench.Fetch("g", "t", 0).CommittedOffset);
    }
}
