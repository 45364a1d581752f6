using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Members with a name that outlives their process, against what Apache Kafka 4.3.1 was seen to answer.</summary>
public sealed class StaticMemberTests
{
    private readonly GroupBench _bench = new();

    [Fact]
    public void A_static_member_joins_at_once_under_an_id_made_of_its_name()
    {
        var joined = _bench.Join(Request("g", instance: "i1"));
        _bench.Advance(1);
        Assert.StartsWith("i1-", joined.Now.MemberId, StringComparison.Ordinal);
        Assert.Equal("i1", joined.Now.Members[0].GroupInstanceId);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Join(Request("h", "junk", "i1")).Now.ErrorCode);
    }

    [Fact]
    public void A_leader_that_comes_back_keeps_its_work_and_fences_its_old_self()
    {
        var (a, b) = Pair();
        var back = _bench.Join(Request("g", instance: "i1")).Now;
        Assert.NotEqual(a, back.MemberId);
        Assert.Equal((2, true, back.MemberId, 2), (back.GenerationId, back.SkipAssignment, back.Leader, back.Members.Count));
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
        Assert.Equal(ErrorCode.FencedInstanceId, _bench.Heartbeat("g", a, 2, "i1"));
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", a, 2));
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", back.MemberId, 2, "i1"));
        Assert.Equal("A"u8.ToArray(), _bench.Sync(Assign("g", back.MemberId, 2)).Now.Assignment);
        var record = Assert.IsType<GroupMetadataRecord>(_bench.Log.Records[^1]).Value!;
        Assert.Equal(new[] { b, back.MemberId }.Order(), record.Members.Select(m => m.MemberId).Order());
        Assert.Equal(back.MemberId, record.Leader);
    }

    [Fact]
    public void An_old_client_is_not_told_that_it_leads_so_that_it_assigns_nothing()
    {
        var (a, _) = Pair();
        var back = _bench.Join(Request("g", instance: "i1"), version: 5).Now;
        Assert.Equal((a, 0, false, 2), (back.Leader, back.Members.Count, back.SkipAssignment, back.GenerationId));
    }

    [Fact]
    public void A_follower_that_comes_back_skips_nothing_even_with_other_metadata()
    {
        var (a, _) = Pair();
        var back = _bench.Join(Request("g", instance: "i2", protocols: ("range", [5]))).Now;
        Assert.Equal((2, false, a, 0), (back.GenerationId, back.SkipAssignment, back.Leader, back.Members.Count));
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void A_return_that_changes_the_protocol_rebalances()
    {
        var (a, _) = _bench.Stable("g", Request("g", instance: "i1", protocols: [("range", []), ("rr", [])]));
        var back = _bench.Join(Request("g", instance: "i1", protocols: ("rr", [])));
        Assert.Equal((2, "rr"), (back.Now.GenerationId, back.Now.ProtocolName));
        Assert.NotEqual(a, back.Now.MemberId);
    }

    [Fact]
    public void A_return_before_the_assignment_rebalances_and_fences_who_waits()
    {
        var (a, b) = Pair(sync: false);
        var sync = _bench.Sync(Assign("g", b, 2));
        var back = _bench.Join(Request("g", instance: "i2"));
        Assert.Equal(ErrorCode.FencedInstanceId, sync.Now.ErrorCode);
        Assert.False(back.IsThere);
        Assert.Equal(3, _bench.Join(Request("g", a, "i1")).Now.GenerationId);
        Assert.Equal(3, back.Now.GenerationId);
    }

    [Fact]
    public void Of_two_processes_with_one_name_the_older_is_fenced_while_both_wait()
    {
        var (a, b) = Pair();
        var first = _bench.Join(Request("g", instance: "i3"));
        var second = _bench.Join(Request("g", instance: "i3"));
        Assert.Equal(ErrorCode.FencedInstanceId, first.Now.ErrorCode);
        _bench.Join(Request("g", a, "i1"));
        _bench.Join(Request("g", b, "i2"));
        Assert.Equal(3, second.Now.GenerationId);
        Assert.Equal(ErrorCode.FencedInstanceId, _bench.Join(Request("g", "nonsense", "i1")).Now.ErrorCode);
    }

    [Fact]
    public void A_refused_record_gives_the_member_its_old_id_back()
    {
        var (a, _) = Pair();
        _bench.Log.Fails = new(ErrorCode.NotEnoughReplicas, -1);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _bench.Join(Request("g", instance: "i1")).Now.ErrorCode);
        _bench.Log.Fails = null;
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", a, 2, "i1"));
    }

    [Fact]
    public void A_return_that_is_overtaken_before_its_commit_is_fenced()
    {
        Pair();
        _bench.AutoCommit = false;
        var first = _bench.Join(Request("g", instance: "i2"));
        var second = _bench.Join(Request("g", instance: "i2"));
        Assert.False(first.IsThere);
        _bench.Commit();
        Assert.Equal(ErrorCode.FencedInstanceId, first.Now.ErrorCode);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", second.Now.MemberId, 2, "i2"));
    }

    [Fact]
    public void Static_members_keep_their_place_through_a_rebalance_that_they_miss()
    {
        var (a, b) = Pair(sessionMs: 60_000, rebalanceMs: 5_000);
        var again = _bench.Join(Request("g", a, "i1", sessionMs: 60_000, rebalanceMs: 5_000));
        Assert.False(again.IsThere);
        _bench.Advance(5_001);
        Assert.Equal(2, again.Now.Members.Count);

        // Nobody joins this time: the joining goes on until somebody does.
        var changed = _bench.Join(Request("g", b, "i2", sessionMs: 60_000, rebalanceMs: 5_000, protocols: ("range", [1])));
        Assert.Equal(ErrorCode.None, _bench.Leave("g", (changed.IsThere ? "" : b, "i2")).Members[0].ErrorCode);
        _bench.Advance(20_000);
        Assert.Equal("PreparingRebalance", _bench.Describe("g").GroupState);
        Assert.Equal(4, _bench.Join(Request("g", a, "i1")).Now.GenerationId);
    }

    [Fact]
    public void Operators_remove_static_members_by_name()
    {
        var (a, b) = Pair();
        var left = _bench.Leave("g", ("", "i2"), ("", "i9"), ("bad", "i1"), (a, "i9"));
        Assert.Equal(
            [ErrorCode.None, ErrorCode.UnknownMemberId, ErrorCode.FencedInstanceId, ErrorCode.UnknownMemberId],
            left.Members.Select(m => m.ErrorCode));
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", b, 2, "i2"));
        Assert.Equal("PreparingRebalance", _bench.Describe("g").GroupState);
        Assert.Equal(ErrorCode.None, _bench.Leave("g", ("", "i1")).Members[0].ErrorCode);
        Assert.Equal("Empty", _bench.Describe("g").GroupState);
    }

    private (string Leader, string Follower) Pair(bool sync = true, int sessionMs = 10_000, int rebalanceMs = 30_000)
    {
        var (a, _) = _bench.Stable("g", Request("g", instance: "i1", sessionMs: sessionMs, rebalanceMs: rebalanceMs));
        var joined = _bench.Join(Request("g", instance: "i2", sessionMs: sessionMs, rebalanceMs: rebalanceMs));
        _bench.Join(Request("g", a, "i1", sessionMs: sessionMs, rebalanceMs: rebalanceMs));
        var b = joined.Now.MemberId;
        if (sync)
        {
            _bench.Sync(Assign("g", a, 2, (a, "A"), (b, "B")));
            _bench.Sync(Assign("g", b, 2));
        }

        return (a, b);
    }
}
