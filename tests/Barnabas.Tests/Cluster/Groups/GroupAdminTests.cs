using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Leaving, listing, describing and deleting.</summary>
public sealed class GroupAdminTests
{
    private readonly GroupBench _bench = new();

    [Fact]
    public void The_last_member_leaves_an_empty_group_of_a_new_generation()
    {
        var (a, _) = _bench.Stable("g");
        Assert.Equal(
            [ErrorCode.None, ErrorCode.UnknownMemberId], _bench.Leave("g", (a, null), ("q", null)).Members.Select(m => m.ErrorCode));
        Assert.Equal(("Empty", "consumer"), (_bench.Describe("g").GroupState, _bench.Describe("g").ProtocolType));
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Leave("g", (a, null)).Members[0].ErrorCode);
        var joined = _bench.Join(Request("g", type: "connect"), version: 3);
        _bench.Advance(1);
        Assert.Equal(3, joined.Now.GenerationId);
    }

    [Fact]
    public void Who_leaves_is_told_in_whatever_it_waits_for()
    {
        var (a, _) = _bench.Stable("g");
        var b = _bench.Join(Request("g"), version: 3, clientId: "b");
        var id = _bench.Describe("g").Members.Single(m => m.MemberId != a).MemberId;
        Assert.Equal(ErrorCode.None, _bench.Leave("g", (id, null)).Members[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, b.Now.ErrorCode);
        Assert.True(_bench.Join(Request("g", a)).IsThere);
        var sync = _bench.Join(Request("g"), version: 3);
        _bench.Join(Request("g", a));
        var waits = _bench.Sync(Assign("g", sync.Now.MemberId, sync.Now.GenerationId));
        _bench.Leave("g", (sync.Now.MemberId, null));
        Assert.Equal(ErrorCode.UnknownMemberId, waits.Now.ErrorCode);
    }

    [Fact]
    public void A_member_that_is_expected_may_leave_before_it_comes()
    {
        var id = _bench.Join(Request("g")).Now.MemberId;
        Assert.Equal(ErrorCode.None, _bench.Leave("g", (id, null)).Members[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Join(Request("g", id)).Now.ErrorCode);
    }

    [Fact]
    public void Leaving_what_is_not_there_is_refused_member_by_member()
    {
        Assert.Equal(ErrorCode.InvalidGroupId, _bench.Leave("", ("a", null)).ErrorCode);
        var unknown = _bench.Leave("none", ("a", null));
        Assert.Equal((ErrorCode.None, ErrorCode.UnknownMemberId), (unknown.ErrorCode, unknown.Members[0].ErrorCode));
    }

    [Fact]
    public void Groups_are_listed_by_state_and_type_in_any_case_of_letters()
    {
        _bench.Stable("b");
        _bench.CommitOffset("a", "t", 0, 1);
        Assert.Equal(["a", "b"], _bench.List().Select(g => g.GroupId));
        var stable = Assert.Single(_bench.List(["stable"], ["CLASSIC"]));
        Assert.Equal(("b", "consumer", "Stable", "classic"), (stable.GroupId, stable.ProtocolType, stable.GroupState, stable.GroupType));
        Assert.Equal("", Assert.Single(_bench.List(["Empty"])).ProtocolType);
        Assert.Empty(_bench.List(types: ["share"]));
        Assert.Empty(_bench.List(["foo"]));
    }

    [Fact]
    public void A_group_that_is_not_there_is_dead()
    {
        var newer = _bench.Describe("g");
        Assert.Equal(("Dead", ErrorCode.GroupIdNotFound, "Group g not found."), (newer.GroupState, newer.ErrorCode, newer.ErrorMessage));
        var older = _bench.Describe("g", version: 5);
        Assert.Equal(("Dead", ErrorCode.None), (older.GroupState, older.ErrorCode));
    }

    [Fact]
    public void Only_empty_groups_are_deleted_with_all_their_offsets()
    {
        var bench = new GroupBench(new GroupConfig { InitialRebalanceDelayMs = 0, RecordsPerDecisionMax = 3 });
        var (a, generation) = bench.Stable("g");
        for (var partition = 0; partition < 10; partition++)
        {
            bench.CommitOffset("g", "t", partition, 1, a, generation);
        }

        Assert.Equal(ErrorCode.NonEmptyGroup, bench.Delete("g"));
        Assert.Equal(ErrorCode.GroupIdNotFound, bench.Delete("none"));
        bench.Leave("g", (a, null));
        Assert.Equal(ErrorCode.None, bench.Delete("g"));
        Assert.Equal("Dead", bench.Describe("g").GroupState);
        Assert.Empty(bench.FetchAll("g").Now.Topics);
        Assert.Equal(new GroupMetadataRecord("g", null), bench.Log.Records[^1]);
        bench.Unload(ErrorCode.NotCoordinator);
        bench.Load();
        Assert.Empty(bench.List());
    }

    [Fact]
    public void Groups_of_other_protocols_are_listed_and_left_alone()
    {
        var log = GroupBench.NewLog();
        log.Records.Add(new ForeignRecord("c", ForeignKind.Share, "m1", false));
        log.Records.Add(new ForeignRecord("c", ForeignKind.Share, null, false));
        log.Records.Add(new OffsetRecord("c", "t", 0, new(5, -1, "", 1, -1, Uuid.Zero)));
        log.Records.Add(new ForeignRecord("s", ForeignKind.Share, null, false));
        log.Records.Add(new ForeignRecord("x", ForeignKind.Streams, null, false));
        log.Records.Add(new ForeignRecord("x", ForeignKind.Streams, null, true));
        log.HighWatermark = log.EndOffset;
        var bench = new GroupBench(log: log);
        Assert.Equal(["c share Stable", "s share Empty"], bench.List().Select(g => $"{g.GroupId} {g.GroupType} {g.GroupState}"));
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, bench.Join(Request("c")).Now.ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, bench.Heartbeat("c", "m1", 1));
        Assert.Equal(ErrorCode.NonEmptyGroup, bench.Delete("c"));
        Assert.Equal(ErrorCode.UnknownMemberId, ErrorOf(bench.CommitOffset("c", "t", 0, 9)));
        Assert.Equal("Group c is not a classic group.", bench.Describe("c").ErrorMessage);
        Assert.Equal(5, bench.Fetch("c", "t", 0).CommittedOffset);
        bench.Advance(1_000_000_000);
        Assert.Equal(6, log.EndOffset);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("a", 47)]
    [InlineData("st472705", 42)]
    [InlineData("off417409", 6)]
    [InlineData("sub417409", 29)]
    public void Groups_live_where_Kafka_puts_them(string group, int partition) =>
        Assert.Equal(partition, CoordinatorPartition.Of(group, 50));
}
