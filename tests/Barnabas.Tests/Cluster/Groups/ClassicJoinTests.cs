using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Messages;
using Barnabas.Tests.Cluster.Machines;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Joining and syncing, against what Apache Kafka 4.3.1 was seen to answer.</summary>
public sealed class ClassicJoinTests
{
    private readonly GroupBench _bench = new();

    [Fact]
    public void A_new_member_is_given_an_id_and_has_to_come_back_with_it()
    {
        var first = _bench.Join(Request("g")).Now;
        Assert.Equal(ErrorCode.MemberIdRequired, first.ErrorCode);
        Assert.Matches("^cl-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", first.MemberId);
        Assert.Equal(-1, first.GenerationId);
        Assert.Null(first.ProtocolName);
        Assert.Equal("Empty", _bench.Describe("g").GroupState);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", first.MemberId, 0));

        var second = _bench.Join(Request("g", first.MemberId));
        _bench.Advance(1);
        Assert.Equal((ErrorCode.None, 1), (second.Now.ErrorCode, second.Now.GenerationId));
        Assert.Equal(("range", first.MemberId), (second.Now.ProtocolName, second.Now.Leader));
        Assert.Equal(first.MemberId, Assert.Single(second.Now.Members).MemberId);
        Assert.Equal("CompletingRebalance", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void An_id_that_nobody_came_back_with_is_forgotten()
    {
        var id = _bench.Join(Request("g", sessionMs: 2_000)).Now.MemberId;
        _bench.Advance(2_001);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Join(Request("g", id)).Now.ErrorCode);
    }

    [Fact]
    public void Old_versions_join_at_once_and_say_nothing_of_null()
    {
        var joined = _bench.Join(Request("g"), version: 3);
        _bench.Advance(1);
        Assert.Equal(1, joined.Now.GenerationId);
        var refused = _bench.Join(Request("g", type: "connect"), version: 3).Now;
        Assert.Equal((ErrorCode.InconsistentGroupProtocol, ""), (refused.ErrorCode, refused.ProtocolName));
    }

    [Theory]
    [InlineData("", "", 10_000, ErrorCode.InvalidGroupId)]
    [InlineData("g", "", 999, ErrorCode.InvalidSessionTimeout)]
    [InlineData("g", "", 1_800_001, ErrorCode.InvalidSessionTimeout)]
    [InlineData("g", "abc", 10_000, ErrorCode.UnknownMemberId)]
    public void A_join_that_makes_no_sense_is_refused_and_leaves_nothing(string group, string member, int sessionMs, ErrorCode expected)
    {
        var answer = _bench.Join(Request(group, member, sessionMs: sessionMs)).Now;
        Assert.Equal((expected, member), (answer.ErrorCode, answer.MemberId));
        Assert.Equal(0, _bench.Log.EndOffset);
        Assert.Empty(_bench.List());
    }

    [Theory]
    [InlineData("consumer", "roundrobin")]
    [InlineData("connect", "range")]
    [InlineData("consumer", null)]
    [InlineData("", "range")]
    public void A_member_has_to_share_a_protocol_with_all_the_others(string type, string? protocol)
    {
        _bench.Stable("g");
        var request = Request("g", type: type, protocols: (protocol ?? "", []));
        if (protocol is null)
        {
            request.Protocols.Clear();
        }

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _bench.Join(request).Now.ErrorCode);
    }

    [Fact]
    public void Two_members_agree_on_the_protocol_that_most_prefer()
    {
        var (a, _) = _bench.Stable("g", Request("g", protocols: [("range", [1]), ("rr", [2])]));
        var b = _bench.Join(Request("g", protocols: [("rr", [3]), ("range", [4]), ("own", [5])]), version: 3);
        var c = _bench.Join(Request("g", protocols: [("rr", [6]), ("range", [7])]), version: 3);
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", a, 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Sync(Assign("g", a, 1)).Now.ErrorCode);
        var described = _bench.Describe("g");
        Assert.Equal(("PreparingRebalance", ""), (described.GroupState, described.ProtocolData));
        Assert.False(b.IsThere);

        var again = _bench.Join(Request("g", a, protocols: [("range", [1]), ("rr", [2])]));
        Assert.Equal(["rr", "rr", "rr"], new[] { again.Now, b.Now, c.Now }.Select(j => j.ProtocolName));
        Assert.Equal(a, b.Now.Leader);
        Assert.Empty(b.Now.Members);
        Assert.Equal([[2], [3], [6]], again.Now.Members.Select(m => m.Metadata));
        Assert.Equal(2, again.Now.GenerationId);
    }

    [Fact]
    public void Followers_wait_for_the_leaders_assignment()
    {
        var (a, b) = Pair();
        var follower = _bench.Sync(Assign("g", b, 2), version: 3);
        Assert.False(follower.IsThere);
        var leader = _bench.Sync(Assign("g", a, 2, (a, "A"), (b, "B"), ("stranger", "S"))).Now;
        Assert.Equal("A"u8.ToArray(), leader.Assignment);
        Assert.Equal("B"u8.ToArray(), follower.Now.Assignment);
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
        Assert.Equal("range", _bench.Describe("g").ProtocolData);
        Assert.Equal("B"u8.ToArray(), _bench.Sync(Assign("g", b, 2), version: 3).Now.Assignment);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", b, 2));
    }

    [Fact]
    public void An_assignment_counts_only_when_it_is_committed()
    {
        var (a, b) = Pair();
        _bench.AutoCommit = false;
        var follower = _bench.Sync(Assign("g", b, 2));
        var leader = _bench.Sync(Assign("g", a, 2, (a, "A"), (b, "B")));
        Assert.False(leader.IsThere || follower.IsThere);
        Assert.Equal(ErrorCode.RebalanceInProgress, ErrorOf(_bench.CommitOffset("g", "t", 0, 1, a, 2)));
        _bench.Commit();
        Assert.Equal("A"u8.ToArray(), leader.Now.Assignment);
        Assert.Equal("B"u8.ToArray(), follower.Now.Assignment);
    }

    [Fact]
    public void A_refused_assignment_sends_everybody_back_to_join()
    {
        var (a, b) = Pair();
        var follower = _bench.Sync(Assign("g", b, 2));
        _bench.Log.Fails = new(ErrorCode.NotEnoughReplicas, -1);
        var leader = _bench.Sync(Assign("g", a, 2, (a, "A"))).Now;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, leader.ErrorCode);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, follower.Now.ErrorCode);
        _bench.Log.Fails = null;
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", a, 2));
    }

    [Fact]
    public void A_sync_of_something_else_is_refused()
    {
        var (a, _) = Pair();
        Assert.Equal(ErrorCode.InvalidGroupId, _bench.Sync(Assign("", a, 2)).Now.ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Sync(Assign("other", a, 2)).Now.ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Sync(Assign("g", "z", 2)).Now.ErrorCode);
        Assert.Equal(ErrorCode.IllegalGeneration, _bench.Sync(Assign("g", a, 1)).Now.ErrorCode);
        var wrong = Assign("g", a, 2);
        wrong.ProtocolName = "rr";
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _bench.Sync(wrong).Now.ErrorCode);
        wrong = Assign("g", a, 2);
        wrong.ProtocolType = "connect";
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _bench.Sync(wrong).Now.ErrorCode);
    }

    [Fact]
    public void A_repeated_join_gets_the_same_answer_unless_the_member_changed()
    {
        var (a, b) = Pair();
        Assert.Equal(2, _bench.Join(Request("g", b)).Now.GenerationId);
        Assert.Equal(2, _bench.Join(Request("g", a)).Now.Members.Count);
        _bench.Sync(Assign("g", a, 2));
        _bench.Sync(Assign("g", b, 2));
        var same = _bench.Join(Request("g", b)).Now;
        Assert.Equal((2, 0), (same.GenerationId, same.Members.Count));

        var changed = _bench.Join(Request("g", b, protocols: ("range", [9])));
        Assert.False(changed.IsThere);
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", a, 2));
        Assert.Equal(3, _bench.Join(Request("g", a)).Now.GenerationId);
        Assert.Equal(3, changed.Now.GenerationId);
    }

    [Fact]
    public void A_changed_member_ends_the_wait_of_those_that_sync()
    {
        var (_, b) = Pair();
        var sync = _bench.Sync(Assign("g", b, 2));
        Assert.False(_bench.Join(Request("g", b, protocols: ("range", [9]))).IsThere);
        Assert.Equal(ErrorCode.RebalanceInProgress, sync.Now.ErrorCode);
    }

    [Fact]
    public void The_leader_of_a_stable_group_can_have_it_rebalance()
    {
        var (a, generation) = _bench.Stable("g");
        Assert.Equal(generation + 1, _bench.Join(Request("g", a)).Now.GenerationId);
        Assert.Equal("CompletingRebalance", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void Whoever_does_not_join_in_time_is_out_and_another_leads()
    {
        var (a, _) = _bench.Stable("g", Request("g", sessionMs: 60_000, rebalanceMs: 5_000));
        var b = _bench.Join(Request("g", sessionMs: 60_000, rebalanceMs: 5_000), version: 3);
        _bench.Advance(4_999);
        Assert.False(b.IsThere);
        _bench.Advance(2);
        Assert.Equal((2, b.Now.MemberId), (b.Now.GenerationId, b.Now.Leader));
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", a, 1));
    }

    [Fact]
    public void Whoever_does_not_sync_in_time_is_out()
    {
        var (a, b) = Pair(rebalanceMs: 5_000);
        var waiting = _bench.Sync(Assign("g", b, 2));
        _bench.Advance(5_001);
        Assert.Equal(ErrorCode.RebalanceInProgress, waiting.Now.ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", a, 2));
        Assert.Equal(3, _bench.Join(Request("g", b)).Now.GenerationId);
    }

    [Fact]
    public void Silence_ends_a_session_and_an_empty_group_is_recorded()
    {
        var (a, _) = _bench.Stable("g", Request("g", sessionMs: 6_000));
        _bench.Advance(5_000);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", a, 1));
        _bench.Advance(5_000);
        Assert.Equal(ErrorCode.None, ErrorOf(_bench.CommitOffset("g", "t", 0, 1, a, 1)));
        _bench.Advance(5_999);
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
        _bench.Advance(2);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", a, 1));
        var described = _bench.Describe("g");
        Assert.Equal(("Empty", "consumer"), (described.GroupState, described.ProtocolType));
        var last = Assert.IsType<Barnabas.Cluster.Groups.Records.GroupMetadataRecord>(_bench.Log.Records[^1]).Value!;
        Assert.Equal((2, null, null, 0), (last.Generation, last.Protocol, last.Leader, last.Members.Count));
    }

    [Fact]
    public void Members_that_wait_for_an_answer_need_no_heartbeats()
    {
        var (a, _) = _bench.Stable("g", Request("g", sessionMs: 60_000, rebalanceMs: 50_000));
        var again = _bench.Join(Request("g", a, sessionMs: 60_000, rebalanceMs: 50_000));
        Assert.True(again.IsThere);
        var b = _bench.Join(Request("g", sessionMs: 6_000, rebalanceMs: 50_000), version: 3);
        _bench.Advance(30_000);
        Assert.False(b.IsThere);
    }

    [Fact]
    public void A_first_join_that_nobody_waits_for_any_more_ends()
    {
        _bench.Stable("g", Request("g", sessionMs: 1_800_000, rebalanceMs: 3_000_000));
        var b = _bench.Join(Request("g", sessionMs: 6_000), version: 3);
        _bench.Advance(300_001);
        Assert.Equal((ErrorCode.UnknownMemberId, ""), (b.Now.ErrorCode, b.Now.MemberId));
    }

    [Fact]
    public void An_expected_member_holds_the_joining_back()
    {
        var (a, _) = _bench.Stable("g");
        var expected = _bench.Join(Request("g", sessionMs: 2_000)).Now.MemberId;
        var again = _bench.Join(Request("g", a));
        Assert.False(again.IsThere);
        var comes = _bench.Join(Request("g", expected));
        Assert.Equal((2, 2), (again.Now.GenerationId, again.Now.Members.Count));
        Assert.True(comes.IsThere);

        _bench.Join(Request("g", sessionMs: 2_000));
        again = _bench.Join(Request("g", a, protocols: ("range", [1])));
        var other = _bench.Join(Request("g", expected));
        Assert.False(again.IsThere);
        _bench.Advance(2_001);
        Assert.Equal(3, again.Now.GenerationId);
        Assert.True(other.IsThere);
    }

    [Fact]
    public void A_second_join_of_a_member_takes_the_place_of_the_first()
    {
        var (a, b) = Pair();
        var first = _bench.Join(Request("g", b, protocols: ("range", [1])));
        var second = _bench.Join(Request("g", b, protocols: ("range", [1])));
        Assert.Equal(ErrorCode.RebalanceInProgress, first.Now.ErrorCode);
        Assert.True(_bench.Join(Request("g", a)).IsThere);
        Assert.Equal(3, second.Now.GenerationId);
    }

    [Fact]
    public void A_new_group_waits_for_more_members_and_longer_if_they_come()
    {
        var bench = new GroupBench(new GroupConfig { InitialRebalanceDelayMs = 3_000 });
        var a = bench.Join(Request("g", rebalanceMs: 7_000), version: 3);
        bench.Advance(2_000);
        var b = bench.Join(Request("g", rebalanceMs: 7_000), version: 3);
        bench.Advance(3_999);
        Assert.False(a.IsThere);
        bench.Advance(2);
        Assert.Equal(a.Now.MemberId, b.Now.Leader);
        Assert.Equal(2, a.Now.Members.Count);
    }

    [Fact]
    public void The_initial_delay_is_not_longer_than_a_rebalance_may_take()
    {
        var bench = new GroupBench(new GroupConfig { InitialRebalanceDelayMs = 3_000 });
        var joins = new List<Awaited<JoinGroupResponse>>();
        for (var i = 0; i < 9; i++)
        {
            joins.Add(bench.Join(Request("g", rebalanceMs: 7_000), version: 3));
            bench.Advance(1_000);
        }

        Assert.Equal(7, joins[0].Now.Members.Count);
        Assert.Equal(1, joins[0].Now.GenerationId);
    }

    [Fact]
    public void A_full_group_turns_others_away()
    {
        var bench = new GroupBench(new GroupConfig { InitialRebalanceDelayMs = 100, GroupSizeMax = 2 });
        var a = bench.Join(Request("g"), version: 3);
        var b = bench.Join(Request("g"), version: 3);
        var c = bench.Join(Request("g"), version: 3);
        bench.Advance(201);
        Assert.Equal(2, a.Now.Members.Count);
        Assert.True(b.IsThere);
        Assert.Equal((ErrorCode.GroupMaxSizeReached, ""), (c.Now.ErrorCode, c.Now.MemberId));
        Assert.Equal(ErrorCode.GroupMaxSizeReached, bench.Join(Request("g")).Now.ErrorCode);
        Assert.Equal(1, bench.Join(Request("g", b.Now.MemberId)).Now.GenerationId);
    }

    [Fact]
    public void Lost_leadership_answers_all_that_wait()
    {
        var (a, b) = Pair();
        var sync = _bench.Sync(Assign("g", b, 2));
        _bench.Stable("h");
        var join = _bench.Join(Request("h"), version: 3);
        Assert.False(join.IsThere);
        _bench.Unload(ErrorCode.NotCoordinator);
        Assert.Equal(ErrorCode.NotCoordinator, sync.Now.ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, join.Now.ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, _bench.Heartbeat("g", a, 2));
        _bench.Load();
        Assert.Equal("Stable", _bench.Describe("h").GroupState);
    }

    [Fact]
    public void A_loaded_group_goes_on_where_its_record_left_it()
    {
        var (a, b) = Pair();
        _bench.Sync(Assign("g", a, 2, (a, "A"), (b, "B")));
        _bench.Sync(Assign("g", b, 2));
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", a, 2));
        Assert.Equal("B"u8.ToArray(), _bench.Sync(Assign("g", b, 2)).Now.Assignment);
        _bench.Advance(9_000);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", a, 2));
        _bench.Advance(1_001);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", b, 2));
    }

    private (string Leader, string Follower) Pair(int rebalanceMs = 30_000)
    {
        var (a, _) = _bench.Stable("g", Request("g", rebalanceMs: rebalanceMs));
        var joined = _bench.Join(Request("g", rebalanceMs: rebalanceMs), version: 3);
        Assert.True(_bench.Join(Request("g", a, rebalanceMs: rebalanceMs)).IsThere);
        return (a, joined.Now.MemberId);
    }
}
