using System.Net;
using Barnabas.Base;
using Barnabas.Broker;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Cluster.Groups;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys of groups and offsets, and what a client then meets; time is the test's.</summary>
public sealed class GroupKeyTests
{
    private readonly ManualTime _time = new();

    [Fact]
    [ConfigKey("group.initial.rebalance.delay.ms")]
    public async Task The_first_members_wait_for_others()
    {
        await using var broker = await Start(("group.initial.rebalance.delay.ms", "60000"));
        using var client = Connect(broker);
        using var other = Connect(broker);
        client.SendMessage(GroupBench.Request("g", rebalanceMs: 300_000), 3);
        other.SendMessage(GroupBench.Request("g", rebalanceMs: 300_000), 3);
        using var asking = Connect(broker);
        await TestServer.Until(() => Describe(asking, "g").Members.Count == 2);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("PreparingRebalance", Describe(asking, "g").GroupState);

        // Every look is a turn of the coordinator's loop, so that time never runs ahead of its timers.
        await Passes(
            () => Describe(asking, "g").GroupState == "CompletingRebalance" || client.Socket.Available > 0, TimeSpan.FromSeconds(1));
        var members = client.ReceiveMessage<JoinGroupResponse>(3).Members.Count + other.ReceiveMessage<JoinGroupResponse>(3).Members.Count;
        Assert.Equal(2, members);
    }

    [Fact]
    [ConfigKey("group.min.session.timeout.ms")]
    [ConfigKey("group.max.session.timeout.ms")]
    public async Task Session_timeouts_have_bounds()
    {
        await using var broker = await Start(("group.min.session.timeout.ms", "7000"), ("group.max.session.timeout.ms", "8000"));
        using var client = Connect(broker);
        Assert.Equal(
            [ErrorCode.InvalidSessionTimeout, ErrorCode.MemberIdRequired, ErrorCode.MemberIdRequired, ErrorCode.InvalidSessionTimeout],
            new[] { 6_999, 7_000, 8_000, 8_001 }.Select(ms => Join(client, GroupBench.Request("g", sessionMs: ms), 9).ErrorCode));
    }

    [Fact]
    [ConfigKey("group.max.size")]
    public async Task A_full_group_turns_others_away()
    {
        await using var broker = await Start(("group.max.size", "1"));
        using var client = Connect(broker);
        client.SendMessage(GroupBench.Request("g", sessionMs: 1_800_000, rebalanceMs: 1_800_000), 3);
        using var asking = Connect(broker);
        await Passes(() => Describe(asking, "g").GroupState == "CompletingRebalance", TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, client.ReceiveMessage<JoinGroupResponse>(3).GenerationId);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Join(client, GroupBench.Request("g", sessionMs: 60_000), 3).ErrorCode);
    }

    [Fact]
    [ConfigKey("offset.metadata.max.bytes")]
    public async Task Text_beside_an_offset_has_a_bound()
    {
        await using var broker = await Start(("offset.metadata.max.bytes", "3"));
        using var client = Connect(broker);
        Assert.Equal(ErrorCode.None, Commit(client, "g", "abc"));
        Assert.Equal(ErrorCode.OffsetMetadataTooLarge, Commit(client, "g", "abcd"));
    }

    [Fact]
    [ConfigKey("offsets.retention.minutes")]
    [ConfigKey("offsets.retention.check.interval.ms")]
    public async Task Offsets_expire()
    {
        await using var broker = await Start(("offsets.retention.minutes", "3"), ("offsets.retention.check.interval.ms", "30000"));
        using var client = Connect(broker);
        Commit(client, "g", "");
        _time.Advance(TimeSpan.FromSeconds(170));
        Assert.Equal("Empty", Describe(client, "g").GroupState);
        await Passes(() => Describe(client, "g").GroupState == "Dead", TimeSpan.FromSeconds(30));
    }

    [Fact]
    [ConfigKey("offsets.topic.num.partitions")]
    [ConfigKey("offsets.topic.segment.bytes")]
    [ConfigKey("offsets.topic.replication.factor")]
    public async Task The_offsets_topic_is_made_as_told()
    {
        await using var broker = await Start(("offsets.topic.num.partitions", "4"), ("offsets.topic.segment.bytes", "1100000"));
        using var client = Connect(broker);
        var topic = client.Call<MetadataResponse>(
            new MetadataRequest { Topics = [new() { Name = "__consumer_offsets" }] }, 9).Topics[0];
        Assert.Equal((4, true), (topic.Partitions.Count, topic.IsInternal));
        var configs = client.Call<DescribeConfigsResponse>(
            new DescribeConfigsRequest
            {
                Resources = [new() { ResourceType = 2, ResourceName = "__consumer_offsets", ConfigurationKeys = ["segment.bytes"] }],
            },
            4);
        Assert.Equal("1100000", configs.Results[0].Configs.Single(c => c.Name == "segment.bytes").Value);

        // More replicas than brokers: the topic cannot be made, and there is no coordinator.
        await using var lone = await EmbeddedBroker.StartAsync(Options(("offsets.topic.replication.factor", "2")));
        using var lost = Connect(lone);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(ErrorCode.CoordinatorNotAvailable, Find(lost)));
    }

    private static TestClient Connect(EmbeddedBroker broker) => new(new IPEndPoint(IPAddress.Loopback, broker.Port));

    private static ErrorCode Find(TestClient client) =>
        client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 6).Coordinators[0].ErrorCode;

    private static JoinGroupResponse Join(TestClient client, JoinGroupRequest request, short version) =>
        client.Call<JoinGroupResponse>(request, version);

    private static DescribeGroupsResponse.DescribedGroup Describe(TestClient client, string group) =>
        client.Call<DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = [group] }, 6).Groups[0];

    private static ErrorCode Commit(TestClient client, string group, string metadata)
    {
        var request = new OffsetCommitRequest { GroupId = group };
        request.Topics.Add(new OffsetCommitRequest.OffsetCommitRequestTopic
        {
            Name = "t", Partitions = [new() { CommittedOffset = 1, CommittedMetadata = metadata }],
        });
        return client.Call<OffsetCommitResponse>(request, 9).Topics[0].Partitions[0].ErrorCode;
    }

    private EmbeddedBrokerOptions Options(params (string Key, string Value)[] settings)
    {
        var config = new Dictionary<string, string> { ["connections.max.idle.ms"] = "-1" };
        foreach (var (key, value) in settings)
        {
            config[key] = value;
        }

        return new EmbeddedBrokerOptions { TimeProvider = _time, Config = config };
    }

    // With a topic "t", and coordinators that are loaded.
    private async Task<EmbeddedBroker> Start(params (string Key, string Value)[] settings)
    {
        var broker = await EmbeddedBroker.StartAsync(Options(settings));
        using var client = Connect(broker);
        EmbeddedBrokerTests.CreateTopic(client, "t", partitions: 1);
        await TestServer.Until(() => Find(client) == ErrorCode.None);
        await TestServer.Until(() => Commit(client, "warm", "") is ErrorCode.None);
        await TestServer.Until(() => client.Call<ListGroupsResponse>(new ListGroupsRequest(), 5).ErrorCode == ErrorCode.None);
        return broker;
    }

    // The timer is set in a turn that this thread does not see the end of: time goes on until it has fired.
    private async Task Passes(Func<bool> condition, TimeSpan step)
    {
        while (!condition())
        {
            _time.Advance(step);
            await Task.Yield();
        }
    }
}
