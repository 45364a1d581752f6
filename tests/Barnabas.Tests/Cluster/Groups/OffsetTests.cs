using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Committed offsets, against what Apache Kafka 4.3.1 was seen to answer.</summary>
public sealed class OffsetTests
{
    private const long DayMs = 24L * 3600 * 1000;
    private readonly GroupBench _bench = new();

    [Fact]
    public void A_client_without_a_group_commits_and_has_one()
    {
        Assert.Equal(-1, _bench.Fetch("g", "t", 0).CommittedOffset);
        Assert.Equal(ErrorCode.None, ErrorOf(_bench.CommitOffset("g", "t", 0, 5, metadata: "meta")));
        var fetched = _bench.Fetch("g", "t", 0);
        Assert.Equal((5, "meta", ErrorCode.None), (fetched.CommittedOffset, fetched.Metadata, fetched.ErrorCode));
        Assert.Equal(("Empty", ""), (_bench.Describe("g").GroupState, _bench.Describe("g").ProtocolType));
        Assert.Equal(("", -1), (_bench.Fetch("g", "t", 1).Metadata, _bench.Fetch("g", "t", 1).CommittedOffset));
        Assert.Equal(["t"], _bench.FetchAll("g").Now.Topics.Select(t => t.Name));
        Assert.Empty(_bench.FetchAll("h").Now.Topics);
    }

    [Theory]
    [InlineData("none", "", 4, 9, ErrorCode.GroupIdNotFound)]
    [InlineData("none", "", 4, 8, ErrorCode.IllegalGeneration)]
    [InlineData("none", "m", -1, 9, ErrorCode.None)]
    [InlineData("none", "", -2, 9, ErrorCode.None)]
    [InlineData("empty", "", 3, 9, ErrorCode.UnknownMemberId)]
    [InlineData("empty", "m", -1, 9, ErrorCode.None)]
    [InlineData("g", "", -1, 9, ErrorCode.UnknownMemberId)]
    [InlineData("g", "u", 1, 9, ErrorCode.UnknownMemberId)]
    [InlineData("g", "$", 2, 9, ErrorCode.IllegalGeneration)]
    [InlineData("g", "$", -1, 9, ErrorCode.IllegalGeneration)]
    [InlineData("g", "$", 1, 9, ErrorCode.None)]
    public void Only_members_of_this_generation_commit(string group, string member, int generation, short version, ErrorCode expected)
    {
        _bench.CommitOffset("empty", "t", 0, 1);
        var (a, _) = _bench.Stable("g");
        member = member == "$" ? a : member;
        Assert.Equal(expected, ErrorOf(_bench.CommitOffset(group, "t", 0, 1, member, generation, version: version)));
    }

    [Fact]
    public void Members_commit_while_others_join_but_not_before_they_have_work()
    {
        var (a, _) = _bench.Stable("g");
        var b = _bench.Join(Request("g"), version: 3);
        Assert.Equal(ErrorCode.None, ErrorOf(_bench.CommitOffset("g", "t", 0, 1, a, 1)));
        _bench.Join(Request("g", a));
        Assert.Equal(ErrorCode.RebalanceInProgress, ErrorOf(_bench.CommitOffset("g", "t", 0, 1, b.Now.MemberId, 2)));
        Assert.Equal(ErrorCode.IllegalGeneration, ErrorOf(_bench.CommitOffset("g", "t", 0, 1, a, 1)));
    }

    [Fact]
    public void Static_members_are_fenced_by_name()
    {
        var (a, _) = _bench.Stable("g", Request("g", instance: "i1"));
        Assert.Equal(ErrorCode.FencedInstanceId, ErrorOf(_bench.CommitOffset("g", "t", 0, 1, "x", 1, instance: "i1")));
        Assert.Equal(ErrorCode.UnknownMemberId, ErrorOf(_bench.CommitOffset("g", "t", 0, 1, a, 1, instance: "i2")));
        Assert.Equal(ErrorCode.None, ErrorOf(_bench.CommitOffset("g", "t", 0, 1, a, 1, instance: "i1")));
    }

    [Fact]
    public void What_is_fetched_is_committed()
    {
        _bench.AutoCommit = false;
        var commit = _bench.CommitOffset("g", "t", 0, 5);
        var fetch = _bench.FetchAll("g");
        Assert.False(commit.IsThere || fetch.IsThere);
        _bench.Commit();
        Assert.Equal(5, fetch.Now.Topics[0].Partitions[0].CommittedOffset);
    }

    [Theory]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.InvalidCommitOffsetSize)]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.NotLeaderOrFollower, ErrorCode.NotCoordinator)]
    [InlineData(ErrorCode.KafkaStorageError, ErrorCode.NotCoordinator)]
    public void What_the_log_refuses_is_told_in_the_coordinators_words(ErrorCode log, ErrorCode told)
    {
        _bench.Log.Fails = new(log, -1);
        Assert.Equal(told, ErrorOf(_bench.CommitOffset("g", "t", 0, 5)));
        _bench.Log.Fails = null;
        Assert.Equal(-1, _bench.Fetch("g", "t", 0).CommittedOffset);
    }

    [Fact]
    public void Too_much_metadata_is_refused()
    {
        Assert.Equal(ErrorCode.OffsetMetadataTooLarge, ErrorOf(_bench.CommitOffset("g", "t", 0, 5, metadata: new string('x', 4_097))));
        Assert.Equal(ErrorCode.None, ErrorOf(_bench.CommitOffset("g", "t", 0, 5, metadata: new string('x', 4_096))));
    }

    [Fact]
    public void An_offset_of_a_topic_that_was_made_anew_does_not_count()
    {
        _bench.CommitOffset("g", "t", 0, 5);
        Assert.Equal(5, _bench.Fetch("g", "t", 0, topicId: TopicId("t")).CommittedOffset);
        Assert.Equal(-1, _bench.Fetch("g", "t", 0, topicId: new Uuid(1, 1)).CommittedOffset);
        _bench.CommitOffset("h", "t", 0, 6);
        _bench.Run(() => _bench.Coordinator.ForgetTopic("t", new Uuid(1, 1)));
        Assert.Equal(5, _bench.Fetch("g", "t", 0).CommittedOffset);
        _bench.Run(() => _bench.Coordinator.ForgetTopic("t", TopicId("t")));
        Assert.Equal(-1, _bench.Fetch("g", "t", 0).CommittedOffset);
        Assert.Equal(-1, _bench.Fetch("h", "t", 0).CommittedOffset);
    }

    [Fact]
    public void A_deleted_topic_is_forgotten_in_pieces()
    {
        var bench = new GroupBench(new GroupConfig { RecordsPerDecisionMax = 4 });
        for (var i = 0; i < 10; i++)
        {
            bench.CommitOffset("g" + (i % 3), "t", i, 1);
        }

        bench.Run(() => bench.Coordinator.ForgetTopic("t", TopicId("t")));
        Assert.Equal(20, bench.Log.EndOffset);
        Assert.Empty(bench.FetchAll("g0").Now.Topics);
    }

    [Fact]
    public void Offsets_that_are_read_are_not_deleted()
    {
        var (a, generation) = _bench.Stable("g");
        _bench.CommitOffset("g", "t", 0, 5, a, generation);
        _bench.CommitOffset("g", "other", 0, 5, a, generation);
        Assert.Equal(ErrorCode.GroupSubscribedToTopic, Deleted("g", "t"));
        Assert.Equal(ErrorCode.None, Deleted("g", "other"));
        Assert.Equal(-1, _bench.Fetch("g", "other", 0).CommittedOffset);
        _bench.Leave("g", (a, null));
        Assert.Equal(ErrorCode.None, Deleted("g", "t"));
        Assert.Equal(-1, _bench.Fetch("g", "t", 0).CommittedOffset);

        _bench.Stable("odd", Request("odd", protocols: ("range", [0xFF])));
        Assert.Equal(ErrorCode.GroupSubscribedToTopic, Deleted("odd", "t"));
        _bench.Stable("connect", Request("connect", type: "connect"));
        Assert.Equal(ErrorCode.NonEmptyGroup, _bench.DeleteOffset("connect", "t", 0).ErrorCode);
        Assert.Equal(ErrorCode.GroupIdNotFound, _bench.DeleteOffset("none", "t", 0).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, _bench.DeleteOffset("", "t", 0).ErrorCode);
    }

    [Fact]
    public void Offsets_expire_when_nobody_uses_them_and_the_group_after_them()
    {
        _bench.CommitOffset("simple", "t", 0, 5);
        var (a, generation) = _bench.Stable("live", Request("live", sessionMs: 1_800_000, protocols: ("range", Topics("t"))));
        _bench.CommitOffset("live", "t", 0, 5, a, generation);
        _bench.CommitOffset("live", "left", 0, 5, a, generation);
        Keep(a, 4 * DayMs);
        _bench.CommitOffset("simple", "t", 1, 5);
        Keep(a, (3 * DayMs) + (DayMs / 24));
        Assert.Equal(-1, _bench.Fetch("simple", "t", 0).CommittedOffset);
        Assert.Equal(5, _bench.Fetch("simple", "t", 1).CommittedOffset);
        Assert.Equal(5, _bench.Fetch("live", "t", 0).CommittedOffset);
        Assert.Equal(-1, _bench.Fetch("live", "left", 0).CommittedOffset);
        Keep(a, 5 * DayMs);
        Assert.Equal("Dead", _bench.Describe("simple").GroupState);

        // From when the group became empty, not from the commit.
        _bench.Leave("live", (a, null));
        _bench.Advance(6 * DayMs);
        Assert.Equal(5, _bench.Fetch("live", "t", 0).CommittedOffset);
        _bench.Advance(2 * DayMs);
        Assert.Equal("Dead", _bench.Describe("live").GroupState);
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        Assert.Empty(_bench.List());
    }

    [Fact]
    public void Old_clients_choose_how_long_their_offsets_live()
    {
        _bench.CommitOffset("g", "t", 0, 5, version: 2, retentionMs: 1000);
        _bench.CommitOffset("g", "t", 1, 5, version: 2, retentionMs: 20 * DayMs);
        _bench.Advance(601_000);
        Assert.Equal(-1, _bench.Fetch("g", "t", 0).CommittedOffset);
        _bench.Advance(10 * DayMs);
        Assert.Equal(5, _bench.Fetch("g", "t", 1).CommittedOffset);
    }

    [Fact]
    public void Expiry_goes_on_in_pieces_and_once_more_at_the_next_interval()
    {
        var bench = new GroupBench(new GroupConfig { RecordsPerDecisionMax = 7, OffsetsRetentionMs = 1000 });
        for (var i = 0; i < 1_200; i++)
        {
            bench.CommitOffset("g" + i, "t", i % 2, 1);
        }

        bench.Advance(600_001);
        Assert.Empty(bench.List());
        bench.CommitOffset("g", "t", 0, 1);
        bench.Advance(600_001);
        Assert.Empty(bench.List());
    }

    [Fact]
    public void A_group_that_nobody_joined_after_all_is_deleted_at_the_next_look()
    {
        _bench.Join(Request("g"));
        Assert.Single(_bench.List());
        _bench.Advance(600_001);
        Assert.Empty(_bench.List());
    }

    [Fact]
    public void Offsets_in_transactions_count_from_their_end()
    {
        var log = GroupBench.NewLog();
        log.Records.AddRange(
        [
            Offset("g", 0, 1), Offset("g", 0, 2, producer: 8), Offset("g", 1, 3, producer: 8), Offset("g", 2, 4, producer: 9),
            Offset("g", 1, 5), new TransactionEndRecord(9, false), Offset("h", 0, 6, producer: 7), Offset("g", 3, 7, producer: 7),
            new TransactionEndRecord(8, true),
        ]);
        log.HighWatermark = log.EndOffset;
        var bench = new GroupBench(log: log);
        Assert.Equal([2L, 5L, -1L, -1L], Enumerable.Range(0, 4).Select(p => bench.Fetch("g", "t", p).CommittedOffset));
        Assert.Equal(ErrorCode.UnstableOffsetCommit, bench.Fetch("g", "t", 3, stable: true).ErrorCode);
        Assert.Equal(ErrorCode.None, bench.Fetch("g", "t", 0, stable: true).ErrorCode);
        bench.Advance(30 * DayMs);
        Assert.Equal(["g", "h"], bench.List().Select(g => g.GroupId));
        Assert.Equal(ErrorCode.None, bench.Delete("g"));
        Assert.Equal(ErrorCode.None, bench.Fetch("g", "t", 3, stable: true).ErrorCode);
    }

    private static OffsetRecord Offset(string group, int partition, long offset, long producer = -1) =>
        new(group, "t", partition, new(offset, -1, "", 1_000_000_000, -1, Uuid.Zero), producer);

    private ErrorCode Deleted(string group, string topic) => _bench.DeleteOffset(group, topic, 0).Topics[0].Partitions[0].ErrorCode;

    private void Keep(string member, long ms)
    {
        for (long passed = 0; passed < ms; passed += 1_000_000)
        {
            _bench.Advance(Math.Min(1_000_000, ms - passed));
            Assert.Equal(ErrorCode.None, _bench.Heartbeat("live", member, 1));
        }
    }
}
