using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.ConsumerBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>
/// Groups that move from one protocol to the other while they live, step by step as Kafka 4.3.1 answered the same requests.
/// </summary>
public sealed class MigrationTests
{
    private readonly GroupBench _bench = new() { Image = Topics(("a", 4)) };

    [Fact]
    public void A_classic_member_joins_a_consumer_group_and_takes_its_steps_by_joining()
    {
        _bench.Enter("g", "c1", "a");
        _bench.Advance(1_000);
        var asked = _bench.Join(Subscribe(""));
        Assert.Equal(ErrorCode.MemberIdRequired, asked.Now.ErrorCode);
        var m = asked.Now.MemberId;
        var joined = _bench.Join(Subscribe(m)).Now;
        Assert.Equal((ErrorCode.None, 3, "", "range"), (joined.ErrorCode, joined.GenerationId, joined.Leader, joined.ProtocolName));
        Assert.Equal("", Sync(m, 3));
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", m, 3));
        Assert.Equal("2 [a 0 1]", _bench.Beat("g", "c1", 2, null).Short("a"));
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", m, 3));
        Assert.Equal("3", _bench.Beat("g", "c1", 2, ("a", [0, 1])).Short());
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", m, 3));
        Assert.Equal(3, _bench.Join(Subscribe(m, generation: 3)).Now.GenerationId);
        Assert.Equal("a 2 3", Sync(m, 3));
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", m, 3));
        Assert.Equal([(sbyte)1, (sbyte)0], _bench.Look("g").Members.OrderByDescending(x => x.MemberType).Select(x => x.MemberType));
        Assert.Equal(ErrorCode.None, GroupBench.ErrorOf(_bench.CommitOffset("g", "a", 2, 5, m, 3)));
        Assert.Equal(ErrorCode.IllegalGeneration, GroupBench.ErrorOf(_bench.CommitOffset("g", "a", 2, 5, m, 2)));
        Assert.Equal(ErrorCode.IllegalGeneration, _bench.Heartbeat("g", m, 2));
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("g", "c1", 3));
        Reload();
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", m, 3));
    }

    [Fact]
    public void The_group_becomes_classic_when_its_last_consumer_member_is_gone()
    {
        A_classic_member_joins_a_consumer_group_and_takes_its_steps_by_joining();
        var m = _bench.Look("g").Members.Single(member => member.MemberType == 0).MemberId;
        Assert.Equal("-1", _bench.Beat("g", "c1", -1, null).Short());
        Assert.Equal("Group g is not a consumer group.", _bench.Look("g").ErrorMessage);
        Assert.Equal("PreparingRebalance", _bench.Describe("g").GroupState);
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", m, 3));
        var joined = _bench.Join(Subscribe(m, generation: 3, 2, 3));
        Assert.Equal((4, m), (joined.Now.GenerationId, joined.Now.Leader));
        Assert.Equal(5, _bench.Fetch("g", "a", 2).CommittedOffset);
        _bench.Advance(30_000);
        Assert.Equal("Empty", _bench.Describe("g").GroupState);
    }

    [Fact]
    public void A_classic_group_becomes_a_consumer_group_with_its_members_and_their_work()
    {
        var m = Classic();
        Assert.Equal("2 []", _bench.Enter("g", "c1", "a").Short());
        Assert.Equal((2, 2, 2), (_bench.Look("g").GroupEpoch, _bench.Look("g").AssignmentEpoch, _bench.Look("g").Members.Count));
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", m, 1));
        Assert.Equal(1, _bench.Join(Subscribe(m, generation: 1, 0, 1, 2, 3)).Now.GenerationId);
        Assert.Equal("a 0 1", Sync(m, 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", m, 1));
        Assert.Equal("2", _bench.Beat("g", "c1", 2, null).Short());
        Assert.Equal(2, _bench.Join(Subscribe(m, generation: 1, 0, 1)).Now.GenerationId);
        Assert.Equal("a 0 1", Sync(m, 2));
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", m, 2));
        Assert.Equal("2 [a 2 3]", _bench.Beat("g", "c1", 2, null).Short("a"));
        Assert.Equal("Stable", _bench.Look("g").GroupState);
        Reload();
        Assert.Equal(ErrorCode.None, _bench.Leave("g", (m, null)).Members[0].ErrorCode);
        Assert.Equal("c1", _bench.Look("g").Members.Single().MemberId);
    }

    [Fact]
    public void In_a_rebalance_too_a_member_keeps_its_work_until_it_has_given_it_up()
    {
        var m = Classic();
        _bench.Join(Subscribe(""), version: 3);
        Assert.Equal("PreparingRebalance", _bench.Describe("g").GroupState);
        Assert.Equal("2 []", _bench.Enter("g", "c1", "a").Short());
        var had = _bench.Look("g").Members.Single(member => member.MemberId == m).Assignment.TopicPartitions.Single().Partitions;
        Assert.Equal([0, 1, 2, 3], had.Order());
        Assert.Equal("2", _bench.Beat("g", "c1", 2, null).Short());
    }

    [Fact]
    public void A_classic_member_that_does_not_join_again_in_time_is_out()
    {
        var m = Classic();
        _bench.Enter("g", "c1", "a");
        for (var i = 0; i < 7; i++)
        {
            _bench.Advance(5_000);
            var error = _bench.Heartbeat("g", m, 1);
            Assert.Equal(i < 6 ? ErrorCode.RebalanceInProgress : ErrorCode.UnknownMemberId, error);
        }
    }

    [Fact]
    public void Neither_happens_where_the_policy_does_not_allow_it()
    {
        var config = new GroupConfig
        {
            InitialRebalanceDelayMs = 0, SessionTimeoutMinMs = 1_000,
            Consumer = new ConsumerGroupConfig { AllowsUpgrade = false, AllowsDowngrade = false },
        };
        var bench = new GroupBench(config) { Image = _bench.Image };
        bench.Stable("other");
        Assert.Equal("GroupIdNotFound: Group other is not a consumer group.", bench.Enter("other", "c1", "a").Short());
        bench.Enter("g", "c1", "a");
        var m = bench.Join(Subscribe("")).Now.MemberId;
        bench.Join(Subscribe(m));
        bench.Beat("g", "c1", -1, null);
        Assert.Equal(m, bench.Look("g").Members.Single().MemberId);
    }

    // A stable group with one member that has all of topic a.
    private string Classic()
    {
        var joined = _bench.Join(Subscribe(""), version: 3);
        _bench.Advance(1);
        using var writer = new ByteWriter();
        writer.WriteInt16(3);
        new ConsumerProtocolAssignment { AssignedPartitions = [new() { Topic = "a", Partitions = [0, 1, 2, 3] }] }.Write(writer, 3);
        var sync = GroupBench.Assign("g", joined.Now.MemberId, 1);
        sync.Assignments.Add(new() { MemberId = joined.Now.MemberId, Assignment = writer.Written.ToArray() });
        Assert.Equal(ErrorCode.None, _bench.Sync(sync).Now.ErrorCode);
        return joined.Now.MemberId;
    }

    private void Reload()
    {
        var before = _bench.Coordinator.ReplicatedText();
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        Assert.Equal(before, _bench.Coordinator.ReplicatedText());
    }

    private string Sync(string member, int generation)
    {
        var synced = _bench.Sync(GroupBench.Assign("g", member, generation)).Now;
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        var assignment = MessageCodec.Decode<ConsumerProtocolAssignment>(synced.Assignment.AsSpan(2), 3);
        return string.Join(';', assignment.AssignedPartitions.Select(topic => $"{topic.Topic} {string.Join(' ', topic.Partitions)}"));
    }

    private static JoinGroupRequest Subscribe(string member, int generation = -1, params int[] owned)
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(3);
        var subscription = new ConsumerProtocolSubscription { Topics = ["a"], GenerationId = generation };
        if (owned.Length > 0)
        {
            subscription.OwnedPartitions.Add(new() { Topic = "a", Partitions = [.. owned] });
        }

        subscription.Write(writer, 3);
        return GroupBench.Request("g", member, protocols: ("range", writer.Written.ToArray()));
    }
}
