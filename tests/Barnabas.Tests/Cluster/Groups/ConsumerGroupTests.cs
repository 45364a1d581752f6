using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.ConsumerBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Groups of the consumer protocol, step by step as Kafka 4.3.1 answered the same requests.</summary>
public sealed class ConsumerGroupTests
{
    private readonly GroupBench _bench = new() { Image = Topics(("a", 4), ("bb", 2)) };

    [Fact]
    public void The_first_member_gets_everything_and_its_records_are_those_of_Kafka()
    {
        Assert.Equal("2 [a 0 1 2 3]", _bench.Enter("g", "m1", "a").Short("a"));
        Assert.Equal(
            ["ConsumerMemberRecord", "ConsumerEpochRecord", "ConsumerTargetRecord", "ConsumerTargetEpochRecord", "ConsumerCurrentRecord"],
            _bench.Log.Records.Select(record => record.GetType().Name));
        var current = ((ConsumerCurrentRecord)_bench.Log.Records[^1]).Value!;
        Assert.Equal((2, 0, 0), (current.MemberEpoch, current.PreviousMemberEpoch, current.State));
        Assert.Equal([2, 2, 2, 2], current.AssignedPartitions[0].AssignmentEpochs!);
        Assert.Equal("2", _bench.Beat("g", "m1", 2, null).Short());
        Assert.Equal(5, _bench.Log.Records.Count);
        Assert.Equal("Stable", _bench.Look("g").GroupState);
    }

    [Fact]
    public void A_partition_is_given_to_another_only_when_its_member_has_given_it_up()
    {
        _bench.Enter("g", "m1", "a");
        Assert.Equal("2 []", _bench.Enter("g", "m2", "a").Short());
        Assert.Equal("Assigning", _bench.Look("g").GroupState);
        _bench.Advance(1_000);
        Assert.Equal("3", _bench.Beat("g", "m2", 2, null).Short());
        Assert.Equal("2 [a 0 1]", _bench.Beat("g", "m1", 2, null).Short("a"));
        Assert.Equal("Reconciling", _bench.Look("g").GroupState);
        Assert.Equal("2", _bench.Beat("g", "m1", 2, ("a", [0, 1, 2])).Short());
        Assert.Equal("3", _bench.Beat("g", "m2", 3, null).Short());
        Assert.Equal("3", _bench.Beat("g", "m1", 2, ("a", [0, 1])).Short());
        Assert.Equal("3 [a 2 3]", _bench.Beat("g", "m2", 3, null).Short("a"));
        Assert.Equal("Stable", _bench.Look("g").GroupState);

        // The answer of the last step was lost; what it had then is its own still.
        Assert.Equal("3", _bench.Beat("g", "m1", 2, ("a", [0, 1])).Short());
        Assert.StartsWith("FencedMemberEpoch: The consumer group member has a smaller", _bench.Beat("g", "m1", 2, ("a", [2])).Short());
        Assert.StartsWith("FencedMemberEpoch: The consumer group member has a greater", _bench.Beat("g", "m1", 4, null).Short());
    }

    [Fact]
    public void Whoever_does_not_give_up_in_time_is_out_and_so_is_who_says_nothing()
    {
        _bench.Enter("g", "m1", "a");
        _bench.Advance(1_000);
        Assert.Equal("3 []", _bench.Enter("g", "m2", "a").Short());
        Assert.Equal("2 [a 0 1]", _bench.Beat("g", "m1", 2, null).Short("a"));
        for (var i = 0; i < 6; i++)
        {
            _bench.Advance(999);
            Assert.Equal(i < 5, _bench.Beat("g", "m1", 2, null).ErrorCode == ErrorCode.None);
        }

        Assert.Equal("4 [a 0 1 2 3]", _bench.Beat("g", "m2", 3, null).Short("a"));
        _bench.Advance(44_999);
        Assert.Single(_bench.Look("g").Members);
        _bench.Advance(1);
        Assert.Equal(("Empty", 5, 4), (_bench.Look("g").GroupState, _bench.Look("g").GroupEpoch, _bench.Look("g").AssignmentEpoch));
    }

    [Fact]
    public void A_session_begins_anew_where_another_broker_takes_over()
    {
        _bench.Enter("g", "m1", "a");
        _bench.Advance(40_000);
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        _bench.Advance(40_000);
        Assert.Equal("2", _bench.Beat("g", "m1", 2, null).Short());
        _bench.Advance(45_000);
        Assert.StartsWith("UnknownMemberId", _bench.Beat("g", "m1", 2, null).Short());
    }

    [Fact]
    public void A_member_that_could_not_be_taken_out_is_taken_out_later()
    {
        _bench.Enter("g", "m1", "a");
        _bench.Log.Fails = new(ErrorCode.NotEnoughReplicas, -1);
        _bench.Advance(50_000);
        _bench.Log.Fails = null;
        Assert.Single(_bench.Look("g").Members);
        _bench.Advance(50_000);
        Assert.Empty(_bench.Look("g").Members);
    }

    [Fact]
    public void Static_members_go_and_come_back_with_what_they_had()
    {
        Assert.Equal("2 [a 0 1 2 3]", Static("m1", 0).Short("a"));
        Assert.StartsWith("UnreleasedInstanceId: Static member m2 with instance id i1 cannot join", Static("m2", 0).Short());
        Assert.Equal("UnknownMemberId: Instance id i2 is unknown.", Static("m1", 2, "i2").Short());
        Assert.Equal("FencedInstanceId: Static member mX with instance id i1 was fenced by member m1.", Static("mX", 2).Short());
        Assert.Equal("-2", Static("m1", -2).Short());
        Assert.StartsWith("FencedMemberEpoch", Static("m1", 2).Short());
        Assert.Equal("2 [a 0 1 2 3]", Static("m2", 0).Short("a"));
        Assert.Equal(2, _bench.Look("g").GroupEpoch);
        Assert.StartsWith("FencedInstanceId", Static("m1", 2).Short());
        Assert.Equal("-1", Static("m2", -1).Short());
        Assert.Equal("Empty", _bench.Look("g").GroupState);
    }

    [Fact]
    public void Topics_that_come_grow_and_go_are_noticed()
    {
        _bench.Enter("g", "m1", "a", "new");
        _bench.Advance(1_000);
        _bench.Image = _bench.Image.With("new", 1);
        Assert.Equal("3 [a 0 1 2 3; new 0]", _bench.Beat("g", "m1", 2, null).Short("a", "new"));
        _bench.Advance(1_000);
        _bench.Image = _bench.Image.With("new", 3);
        Assert.Equal("4 [a 0 1 2 3; new 0 1 2]", _bench.Beat("g", "m1", 3, null).Short("a", "new"));
        _bench.Image = _bench.Image.With("other", 3);
        var records = _bench.Log.Records.Count;
        _bench.Beat("g", "m1", 4, null);
        Assert.Equal(records, _bench.Log.Records.Count);
        _bench.Advance(1_000);
        _bench.Image = _bench.Image.Without("new");
        Assert.Equal("4 [a 0 1 2 3]", _bench.Beat("g", "m1", 4, null).Short("a"));
        Assert.Equal("5", _bench.Beat("g", "m1", 4, ("a", [0, 1, 2, 3])).Short());
    }

    [Fact]
    public void What_a_member_does_not_read_any_more_it_gives_up_at_once()
    {
        _bench.Enter("g", "m1", "a", "bb");
        Assert.Equal("2 [bb 0 1]", Full("m1", 2, ["bb"], ("a", [0, 1, 2, 3]), ("bb", [0, 1])).Short("bb"));
        Assert.Equal("2 [bb 0 1]", Full("m1", 2, ["bb"], ("bb", [0, 1])).Short("bb"));
        _bench.Advance(1_000);
        Assert.Equal("3", _bench.Beat("g", "m1", 2, null).Short());
        Assert.Equal("Stable", _bench.Look("g").GroupState);
    }

    [Fact]
    public void Expressions_are_matched_behind_the_heartbeat_and_again_when_topics_come()
    {
        Assert.Equal("1 []", Pattern("m1", 0, "a|b+").Short());
        Assert.Equal("2 [a 0 1 2 3; bb 0 1]", _bench.Beat("g", "m1", 1, null).Short("a", "bb"));
        Assert.Equal("a|b+", _bench.Look("g").Members[0].SubscribedTopicRegex);
        _bench.Advance(10_000);
        _bench.Image = _bench.Image.With("bbb", 1).With("ab", 1);
        Assert.Equal("2", _bench.Beat("g", "m1", 2, null).Short());
        Assert.Equal("3 [a 0 1 2 3; bb 0 1; bbb 0]", _bench.Beat("g", "m1", 2, null).Short("a", "bb", "bbb"));
        Assert.StartsWith(
            "InvalidRegularExpression: SubscribedTopicRegex `(` is not a valid regular expression: missing closing ).",
            Pattern("m2", 0, "(").Short());
        _bench.Beat("g", "m1", -1, null);
        Assert.Equal(1, _bench.Log.Records.Count(record => record is ConsumerPatternRecord { IsTombstone: true }));
    }

    [Fact]
    public void Offsets_are_committed_by_members_for_what_they_have_had_since()
    {
        _bench.Enter("g", "m1", "a");
        _bench.Advance(1_000);
        _bench.Enter("g", "m2", "a");
        _bench.Beat("g", "m1", 2, null);
        _bench.Beat("g", "m1", 2, ("a", [0, 1]));
        _bench.Beat("g", "m2", 3, null);
        Assert.Equal(ErrorCode.None, Commit("m1", 3, 0));
        Assert.Equal(ErrorCode.None, Commit("m1", 2, 0));
        Assert.Equal(ErrorCode.StaleMemberEpoch, Commit("m1", 1, 0));
        Assert.Equal(ErrorCode.StaleMemberEpoch, Commit("m1", 4, 0));
        Assert.Equal(ErrorCode.StaleMemberEpoch, Commit("m2", 2, 3));
        Assert.Equal(ErrorCode.UnknownMemberId, Commit("mX", 3, 0));
        Assert.Equal(ErrorCode.UnknownMemberId, Commit("", -1, 0));
        Assert.Equal(ErrorCode.UnsupportedVersion, GroupBench.ErrorOf(_bench.CommitOffset("g", "a", 0, 1, "m1", 3, version: 8)));
        Assert.Equal(ErrorCode.GroupSubscribedToTopic, _bench.DeleteOffset("g", "a", 0).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.NonEmptyGroup, _bench.Delete("g"));
        _bench.Beat("g", "m1", -1, null);
        _bench.Beat("g", "m2", -1, null);
        Assert.Equal(ErrorCode.None, Commit("", -1, 0));
        Assert.Equal(ErrorCode.None, _bench.Delete("g"));
        Assert.Empty(_bench.List());
        Assert.Equal(new ConsumerEpochRecord("g", null), _bench.Log.Records[^1]);
    }

    [Fact]
    public void Groups_are_as_large_as_is_allowed()
    {
        var bench = new GroupBench(new GroupConfig { Consumer = new ConsumerGroupConfig { GroupSizeMax = 2 } }) { Image = _bench.Image };
        bench.Enter("g", "m1", "a");
        bench.Enter("g", "m2", "a");
        Assert.Equal(
            "GroupMaxSizeReached: The consumer group has reached its maximum capacity of 2 members.",
            bench.Enter("g", "m3", "a").Short());
        Assert.Equal(ErrorCode.None, bench.Enter("g", "m2", "a").ErrorCode);
    }

    [Theory]
    [InlineData("", "m", 0, "InvalidRequest: GroupId can't be empty.")]
    [InlineData("g", "", 0, "InvalidRequest: MemberId can't be empty.")]
    [InlineData("g", "m", -3, "InvalidRequest: MemberEpoch is invalid.")]
    [InlineData("g", "m", -2, "InvalidRequest: InstanceId can't be null.")]
    [InlineData("g", "m", 1, "GroupIdNotFound: Consumer group g not found.")]
    [InlineData("g", "m", -1, "GroupIdNotFound: Group g not found.")]
    [InlineData("g", "m", 0, "InvalidRequest: RebalanceTimeoutMs must be provided in first request.")]
    public void Wrong_heartbeats_are_refused_in_the_words_of_Kafka(string group, string member, int epoch, string answer) =>
        Assert.Equal(answer, _bench.Beat(group, member, epoch, null).Short());

    [Fact]
    public void A_group_of_the_classic_protocol_is_another_matter_unless_nobody_is_in_it()
    {
        var config = new GroupConfig
        {
            InitialRebalanceDelayMs = 0, SessionTimeoutMinMs = 1_000,
            Consumer = new ConsumerGroupConfig { AllowsUpgrade = false, AllowsDowngrade = false },
        };
        var bench = new GroupBench(config) { Image = _bench.Image };
        var (member, _) = bench.Stable("g");
        Assert.Equal("GroupIdNotFound: Group g is not a consumer group.", bench.Enter("g", "m1", "a").Short());
        bench.Leave("g", (member, null));
        Assert.Equal("2 [a 0 1 2 3]", bench.Enter("g", "m1", "a").Short("a"));
        Assert.Equal(["g consumer Stable"], bench.List().Select(each => $"{each.GroupId} {each.GroupType} {each.GroupState}"));
        Assert.Equal("Group g is not a classic group.", bench.Describe("g").ErrorMessage);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, bench.Join(GroupBench.Request("g", type: "connect")).Now.ErrorCode);
        bench.CommitOffset("g", "a", 0, 7, "m1", 2);
        bench.Beat("g", "m1", -1, null);
        bench.Stable("g");
        Assert.Equal(["g classic Stable"], bench.List().Select(each => $"{each.GroupId} {each.GroupType} {each.GroupState}"));
        Assert.Equal(7, bench.Fetch("g", "a", 0).CommittedOffset);
        bench.Unload(ErrorCode.NotCoordinator);
        bench.Load();
        Assert.Equal(["g classic Stable"], bench.List().Select(each => $"{each.GroupId} {each.GroupType} {each.GroupState}"));
    }

    private ConsumerGroupHeartbeatResponse Static(string member, int epoch, string instance = "i1") =>
        _bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "g", MemberId = member, MemberEpoch = epoch, InstanceId = instance, RebalanceTimeoutMs = epoch == 0 ? 5_000 : -1,
            TopicPartitions = epoch == 0 ? [] : null, SubscribedTopicNames = epoch == 0 ? ["a"] : null,
        });

    private ConsumerGroupHeartbeatResponse Full(string member, int epoch, List<string> topics, params (string, int[])[] owned) =>
        _bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "g", MemberId = member, MemberEpoch = epoch, RebalanceTimeoutMs = 5_000, TopicPartitions = Owned(owned),
            SubscribedTopicNames = topics,
        });

    private ConsumerGroupHeartbeatResponse Pattern(string member, int epoch, string pattern) =>
        _bench.Beat(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "g", MemberId = member, MemberEpoch = epoch, RebalanceTimeoutMs = 5_000, TopicPartitions = [],
            SubscribedTopicRegex = pattern,
        });

    private ErrorCode Commit(string member, int epoch, int partition) =>
        GroupBench.ErrorOf(_bench.CommitOffset("g", "a", partition, 1, member, epoch));
}
