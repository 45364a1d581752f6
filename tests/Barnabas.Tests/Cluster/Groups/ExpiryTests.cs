using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Records;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Offsets and groups that are old and stay all the same.</summary>
public sealed class ExpiryTests
{
    private static readonly GroupConfig Config = new()
    {
        InitialRebalanceDelayMs = 0, SessionTimeoutMinMs = 1_000, OffsetsRetentionMs = 2_000, OffsetsRetentionCheckIntervalMs = 5_000,
        RecordsPerDecisionMax = 4,
    };

    private readonly GroupBench _bench = new(Config) { Image = ConsumerBench.Topics(("t", 1)) };

    [Fact]
    public void Of_a_group_that_rebalances_nothing_expires()
    {
        var (a, generation) = _bench.Stable("g", Request("g", sessionMs: 100_000, rebalanceMs: 60_000));
        _bench.CommitOffset("g", "left", 0, 5, a, generation);
        _bench.Join(Request("g", sessionMs: 100_000, rebalanceMs: 60_000), version: 3);
        _bench.Advance(20_000);
        Assert.Equal("PreparingRebalance", _bench.Describe("g").GroupState);
        Assert.Equal(5, _bench.Fetch("g", "left", 0).CommittedOffset);
    }

    [Fact]
    public void Of_members_whose_work_is_not_known_nothing_expires()
    {
        var (a, generation) = _bench.Stable("g", Request("g", type: "connect", sessionMs: 100_000));
        _bench.CommitOffset("g", "t", 0, 5, a, generation);
        _bench.Advance(20_000);
        Assert.Equal(5, _bench.Fetch("g", "t", 0).CommittedOffset);
    }

    [Fact]
    public void What_members_of_a_consumer_group_read_does_not_expire_and_what_they_do_not_read_does()
    {
        _bench.Enter("g", "m", "t");
        _bench.CommitOffset("g", "t", 0, 5, "m", 2);
        _bench.CommitOffset("g", "left", 0, 5, "m", 2);
        _bench.Advance(20_000);
        Assert.Equal((5, -1), (_bench.Fetch("g", "t", 0).CommittedOffset, _bench.Fetch("g", "left", 0).CommittedOffset));
    }

    [Fact]
    public void A_group_with_members_stays_though_it_has_no_offsets()
    {
        _bench.Stable("g", Request("g", sessionMs: 100_000));
        _bench.Enter("c", "m", "t");
        _bench.Advance(20_000);
        Assert.Equal(["c", "g"], _bench.List().Select(group => group.GroupId));
    }

    [Fact]
    public void Of_protocols_that_are_not_run_here_nothing_expires_nor_is_deleted()
    {
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Log.Records.Add(new ForeignRecord("g", ForeignKind.Share, null, IsTombstone: false));
        _bench.Log.Records.Add(new OffsetRecord("g", "t", 0, new(5, -1, "", _bench.WallMs, -1, Uuid.Zero)));
        _bench.Load();
        _bench.Advance(20_000);
        Assert.Equal(ErrorCode.NonEmptyGroup, _bench.DeleteOffset("g", "t", 0).ErrorCode);
        Assert.Equal(5, _bench.Fetch("g", "t", 0).CommittedOffset);
    }

    [Fact]
    public void Where_it_is_not_known_when_a_group_became_empty_the_commit_counts()
    {
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Log.Records.Add(
            new GroupMetadataRecord("g", new() { ProtocolType = "consumer", Generation = 3, CurrentStateTimestamp = -1 }));
        _bench.Log.Records.Add(new OffsetRecord("g", "t", 0, new(5, -1, "", _bench.WallMs + 4_000, -1, Uuid.Zero)));
        _bench.Load();
        _bench.Advance(5_500);
        Assert.Equal(5, _bench.Fetch("g", "t", 0).CommittedOffset);
        _bench.Advance(5_000);
        Assert.Empty(_bench.List());
    }

    [Fact]
    public void Only_some_are_written_in_a_turn()
    {
        for (var i = 0; i < 10; i++)
        {
            _bench.CommitOffset("g", "t", i, 1);
        }

        _bench.Advance(6_000);
        Assert.Empty(_bench.List());
        for (var i = 0; i < 10; i++)
        {
            _bench.CommitOffset("g", "t", i, 1);
        }

        _bench.Run(() => _bench.Coordinator.ForgetTopic("t", TopicId("t")));
        Assert.Empty(_bench.FetchAll("g").Now.Topics);

        // With the last offsets of a group goes the group.
        Assert.InRange(_bench.Log.AppendMax, 4, 5);
    }

    [Fact]
    public void What_is_not_there_is_not_deleted_by_a_record()
    {
        _bench.CommitOffset("g", "t", 0, 5);
        var records = _bench.Log.Records.Count;
        Assert.Equal(ErrorCode.None, _bench.DeleteOffset("g", "t", 1).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(records, _bench.Log.Records.Count);
    }
}
