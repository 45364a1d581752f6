using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.ConsumerBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Who is kept out of a consumer group, and what a refusal, a lost answer, a reload or a late record must not change.</summary>
public sealed class ConsumerGuardTests
{
    private readonly GroupBench _bench = new() { Image = Topics(("a", 4), ("bb", 2)) };

    [Fact]
    public void A_member_two_epochs_behind_is_fenced_whatever_it_has()
    {
        _bench.Enter("g", "m1", "a");
        _bench.Advance(1_000);
        _bench.Enter("g", "m2", "a");
        _bench.Beat("g", "m1", 2, null);
        Assert.Equal("3", _bench.Beat("g", "m1", 2, ("a", [0, 1])).Short());
        _bench.Advance(1_000);
        _bench.Beat("g", "m2", -1, null);
        Assert.Equal("4 [a 0 1 2 3]", _bench.Beat("g", "m1", 3, null).Short("a"));
        Assert.StartsWith("FencedMemberEpoch", _bench.Beat("g", "m1", 2, ("a", [0, 1])).Short());
    }

    [Fact]
    public void Nobody_leaves_in_a_static_members_name()
    {
        Static("m1", 0);
        Assert.StartsWith("FencedInstanceId", Static("m2", -1).Short());
        Assert.StartsWith("FencedInstanceId", Static("m2", -2).Short());
        Assert.Equal("2", _bench.Beat("g", "m1", 2, null).Short());
    }

    [Theory]
    [InlineData("i1", null, "UnreleasedInstanceId")]
    [InlineData(null, "(", "InvalidRegularExpression")]
    public void A_member_that_is_refused_leaves_a_classic_group_as_it_is(string? instance, string? pattern, string error)
    {
        var (a, generation) = _bench.Stable("g", GroupBench.Request("g", instance: "i1", protocols: ("range", GroupBench.Topics("a"))));
        var records = _bench.Log.Records.Count;
        var answer = _bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "g", MemberId = "m", InstanceId = instance, RebalanceTimeoutMs = 5_000, TopicPartitions = [],
            SubscribedTopicNames = pattern is null ? ["a"] : null, SubscribedTopicRegex = pattern,
        });
        Assert.StartsWith(error, answer.Short());
        Assert.Equal(records, _bench.Log.Records.Count);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", a, generation, "i1"));
    }

    [Fact]
    public void A_group_that_only_has_offsets_gives_way_without_a_record()
    {
        _bench.CommitOffset("g", "a", 0, 1);
        _bench.Enter("g", "m1", "a");
        Assert.DoesNotContain(_bench.Log.Records, record => record is GroupMetadataRecord);
    }

    [Fact]
    public void A_member_that_has_to_give_up_more_has_the_time_for_it_and_reads_no_more()
    {
        _bench.Enter("g", "m1", "a", "bb");
        _bench.Advance(1_000);
        _bench.Enter("g", "m2", "a");
        _bench.Beat("g", "m1", 2, null);
        Assert.Equal("Reconciling", _bench.Look("g").GroupState);
        _bench.Advance(3_000);
        var less = _bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "g", MemberId = "m1", MemberEpoch = 2, RebalanceTimeoutMs = 5_000, SubscribedTopicNames = ["a"],
            TopicPartitions = Owned(("a", [0, 1, 2, 3]), ("bb", [0, 1])),
        });
        Assert.All(less.Assignment!.TopicPartitions, topic => Assert.Equal(GroupBench.TopicId("a"), topic.TopicId));
        _bench.Advance(3_000);
        Assert.Equal(2, _bench.Look("g").Members.Count);
        _bench.Advance(3_000);
        Assert.Equal("m2", _bench.Look("g").Members.Single().MemberId);
    }

    [Fact]
    public void A_clock_that_was_set_back_holds_no_assignment_up()
    {
        _bench.Enter("g", "m1", "a");
        var bench = new GroupBench(log: _bench.Log, wallMs: _bench.WallMs - 3_600_000) { Image = _bench.Image };
        Assert.Equal("3 []", bench.Enter("g", "m2", "a").Short());
    }

    [Fact]
    public void A_new_coordinator_has_sessions_and_times_to_give_up_for_members_that_say_nothing_to_it()
    {
        _bench.Enter("g", "m1", "a");
        _bench.Advance(1_000);
        _bench.Enter("g", "m2", "a");
        _bench.Beat("g", "m1", 2, null);
        Reload();
        _bench.Advance(4_000);
        Assert.Equal(2, _bench.Look("g").Members.Count);
        _bench.Advance(2_000);
        Assert.Equal("m2", _bench.Look("g").Members.Single().MemberId);
        Reload();
        _bench.Advance(44_000);
        Assert.Single(_bench.Look("g").Members);
        _bench.Advance(2_000);
        Assert.Empty(_bench.Look("g").Members);
    }

    [Fact]
    public void The_end_of_somebody_who_never_was_makes_no_group()
    {
        Find(new ConsumerMemberRecord("g", "m", null));
        Assert.Empty(_bench.List());
    }

    [Fact]
    public void The_end_of_a_group_is_not_that_of_one_of_another_protocol()
    {
        Find(
            new GroupMetadataRecord("g", new() { ProtocolType = "consumer", Generation = 3 }), new ConsumerEpochRecord("g", null),
            new ForeignRecord("f", ForeignKind.Streams, null, IsTombstone: false),
            new ForeignRecord("f", ForeignKind.Share, null, IsTombstone: true));
        Assert.Equal(["f streams", "g classic"], _bench.List().Select(group => $"{group.GroupId} {group.GroupType}"));
    }

    [Fact]
    public void A_static_member_keeps_its_name_when_the_end_of_the_one_before_comes_behind_it()
    {
        Static("m1", 0);
        var before = _bench.Log.Records.OfType<ConsumerMemberRecord>().Single();
        Find(before with { MemberId = "m2" }, new ConsumerMemberRecord("g", "m1", null));
        Assert.StartsWith("FencedInstanceId: Static member m3 with instance id i1 was fenced by member m2", Static("m3", -1).Short());
    }

    [Fact]
    public void An_expression_that_others_have_too_stays_when_a_member_goes()
    {
        foreach (var member in new[] { "m1", "m2" })
        {
            _bench.Beat(new ConsumerGroupHeartbeatRequest
            {
                GroupId = "g", MemberId = member, RebalanceTimeoutMs = 5_000, TopicPartitions = [], SubscribedTopicRegex = "a",
            });
        }

        _bench.Beat("g", "m2", -1, null);
        Assert.DoesNotContain(_bench.Log.Records, record => record is ConsumerPatternRecord { IsTombstone: true });
    }

    [Theory]
    [InlineData(null, -1, ErrorCode.None)]
    [InlineData(null, 2, ErrorCode.UnknownMemberId)]
    [InlineData("m1", 2, ErrorCode.None)]
    [InlineData("m1", 1, ErrorCode.StaleMemberEpoch)]
    [InlineData("mX", 2, ErrorCode.UnknownMemberId)]
    public void Offsets_are_read_by_members_in_their_epoch(string? member, int epoch, ErrorCode expected)
    {
        _bench.Enter("g", "m1", "a");
        var request = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", MemberId = member, MemberEpoch = epoch };
        Assert.Equal(expected, _bench.Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(
            reply => new FetchOffsetsOperation(request, false, reply)).Now.ErrorCode);
    }

    [Fact]
    public void A_join_that_does_not_say_what_it_has_to_is_refused()
    {
        Assert.Equal("InvalidRequest: TopicPartitions must be empty when (re-)joining.", Join(["a"], owned: 1).Short());
        Assert.Equal(
            "InvalidRequest: Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.", Join(null).Short());
        Assert.Equal(
            "UnsupportedAssignor: ServerAssignor mine is not supported. Supported assignors: uniform, range.",
            Join(["a"], assignor: "mine").Short());
        Assert.Empty(_bench.List());
    }

    private ConsumerGroupHeartbeatResponse Join(List<string>? topics, int owned = 0, string? assignor = null) =>
        _bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "g", MemberId = "m", RebalanceTimeoutMs = 5_000, SubscribedTopicNames = topics, ServerAssignor = assignor,
            TopicPartitions = owned == 0 ? [] : Owned(("a", [0])),
        });

    private ConsumerGroupHeartbeatResponse Static(string member, int epoch) =>
        _bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "g", MemberId = member, MemberEpoch = epoch, InstanceId = "i1", RebalanceTimeoutMs = epoch == 0 ? 5_000 : -1,
            TopicPartitions = epoch == 0 ? [] : null, SubscribedTopicNames = epoch == 0 ? ["a"] : null,
        });

    private void Reload()
    {
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
    }

    private void Find(params GroupRecord[] records)
    {
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Log.Records.AddRange(records);
        _bench.Log.HighWatermark = _bench.Log.EndOffset;
        _bench.Load();
    }
}
