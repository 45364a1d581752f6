using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Migration;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>
/// Chores that come when they do not apply any more, and timers of what is over: a group's life goes on as if they had not come.
/// </summary>
public sealed class LateChoreTests
{
    private readonly GroupBench _bench = new() { Image = ConsumerBench.Topics(("t", 4)) };

    [Fact]
    public void The_end_of_a_session_of_a_member_that_has_left_takes_nobody_out()
    {
        var (a, b) = _bench.Pair();
        var group = Group();
        var gone = group.Find(b)!;
        _bench.Leave("g", (b, null));
        Assert.Equal(3, _bench.Join(Request("g", a)).Now.GenerationId);
        Assert.Equal(ErrorCode.None, _bench.Sync(Assign("g", a, 3, (a, "A"))).Now.ErrorCode);
        _bench.Submit(new ExpireMemberChore(group, gone));
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void The_end_of_a_time_to_sync_is_that_of_its_generation_and_of_who_has_not_synced()
    {
        var (a, b) = _bench.Pair(syncs: false);
        _bench.Submit(new ExpireSyncChore(Group(), generation: 1));
        Assert.Equal("CompletingRebalance", _bench.Describe("g").GroupState);
        _bench.Sync(Assign("g", a, 2, (a, "A"), (b, "B")));
        _bench.Sync(Assign("g", b, 2));
        _bench.Submit(new ExpireSyncChore(Group(), generation: 2));
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
        _bench.Join(Request("g"), version: 3);
        _bench.Submit(new ExpireSyncChore(Group(), generation: 2));
        Assert.Equal(("PreparingRebalance", 3), (_bench.Describe("g").GroupState, Group().Members.Count));
    }

    [Fact]
    public void The_end_of_a_time_to_sync_changes_nothing_where_all_join_again()
    {
        _bench.Pair(syncs: false);
        _bench.Join(Request("g"), version: 3);
        _bench.Submit(new ExpireSyncChore(Group(), generation: 2));
        Assert.Equal(("PreparingRebalance", 3), (_bench.Describe("g").GroupState, Group().Members.Count));
    }

    [Fact]
    public void A_call_to_join_again_is_for_a_generation_that_does_not_join_yet()
    {
        _bench.Pair();
        _bench.Submit(new JoinAgainChore(Group(), generation: 1));
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
        _bench.Join(Request("g"), version: 3);
        _bench.Submit(new JoinAgainChore(Group(), generation: 2));
        Assert.Equal("PreparingRebalance", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void The_end_of_a_time_to_join_changes_nothing_where_nobody_joins()
    {
        _bench.Pair();
        _bench.Submit(new JoinTimeIsUpChore(Group()));
        Assert.Equal(("Stable", 2), (_bench.Describe("g").GroupState, Group().Generation));
    }

    [Fact]
    public void Of_a_rebalance_that_is_over_no_timer_is_left()
    {
        var idle = Timers;
        _bench.Pair();
        Assert.Equal(idle + 2, Timers);
    }

    [Fact]
    public void Of_a_time_to_sync_no_timer_is_left_when_all_join_again()
    {
        var idle = Timers;
        _bench.Pair(syncs: false);
        _bench.Join(Request("g"), version: 3);
        Assert.Equal(idle + 3 + 1, Timers);
    }

    [Fact]
    public void Of_members_that_have_gone_no_timer_is_left()
    {
        var idle = Timers;
        var (a, b) = _bench.Pair();
        _bench.Leave("g", (a, null), (b, null));
        Assert.Equal(idle, Timers);
        _bench.Enter("c", "m1", "t");
        _bench.Advance(1_000);
        _bench.Enter("c", "m2", "t");
        _bench.Beat("c", "m1", 2, null); // has two partitions to give up
        _bench.Beat("c", "m1", -1, null);
        _bench.Beat("c", "m2", -1, null);
        Assert.Equal(idle, Timers);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_coordinator_that_goes_leaves_no_timer(bool syncs)
    {
        _bench.Pair(syncs: syncs);
        _bench.Join(Request("joining"), version: 3);
        _bench.Advance(1);
        _bench.Join(Request("joining"), version: 3);
        _bench.Join(Request("joining")); // has an id to come back with
        _bench.Stable("static", Request("static", instance: "i1"));
        _bench.Enter("c", "m1", "t");
        _bench.Advance(1_000);
        _bench.Enter("c", "m2", "t");
        _bench.Beat("c", "m1", 2, null); // has two partitions to give up
        _bench.AutoCommit = false;
        _bench.Join(Request("static", instance: "i1"));
        _bench.Unload(ErrorCode.NotCoordinator);
        Assert.Equal(0, Timers);
    }

    [Fact]
    public void An_expiry_that_is_not_committed_when_its_coordinator_goes_sets_no_timer()
    {
        _bench.Join(Request("g"));
        _bench.AutoCommit = false;
        _bench.Advance(600_001);
        _bench.Unload(ErrorCode.NotCoordinator);
        Assert.Equal(0, Timers);
    }

    [Fact]
    public void The_end_of_a_time_to_give_up_is_for_a_member_that_has_to_and_has_not_moved_since()
    {
        var idle = Timers;
        _bench.Enter("c", "m1", "t");
        _bench.Submit(new ExpireRevocationChore("c", "m1", 2));
        _bench.Advance(1_000);
        _bench.Enter("c", "m2", "t");
        _bench.Beat("c", "m1", 2, null);
        _bench.Submit(new ExpireRevocationChore("c", "m1", 1));
        Assert.Equal(2, _bench.Look("c").Members.Count);
        _bench.Beat("c", "m1", 2, ("t", [0, 1]));
        Assert.Equal(idle + 2, Timers);
    }

    [Fact]
    public void A_member_that_could_not_be_taken_out_for_what_it_kept_is_taken_out_soon_after()
    {
        _bench.Enter("c", "m1", "t");
        _bench.Advance(1_000);
        _bench.Enter("c", "m2", "t");
        _bench.Beat("c", "m1", 2, null);
        _bench.Log.Fails = new(ErrorCode.NotEnoughReplicas, -1);
        _bench.Advance(5_500);
        _bench.Log.Fails = null;
        _bench.Advance(1_500);
        Assert.Equal("m2", _bench.Look("c").Members.Single().MemberId);
    }

    [Fact]
    public void A_group_is_begun_as_a_classic_one_once()
    {
        _bench.Pair();
        _bench.Submit(new BeginClassicChore(Group()));
        Assert.Equal("Stable", _bench.Describe("g").GroupState);
        Group().IsConverted = true;
        _bench.Submit(new BeginClassicChore(Group()));
        _bench.Submit(new BeginClassicChore(Group()));
        Assert.Equal("PreparingRebalance", _bench.Describe("g").GroupState);
    }

    private int Timers => _bench.Loop.Timers.Count;

    private ClassicGroup Group() => _bench.Coordinator.FindClassic("g")!;
}
