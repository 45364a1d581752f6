using System.Net;
using Barnabas.Base;
using Barnabas.Broker;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Cluster.Groups;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys of consumer groups, and what a client then meets; time is the test's.</summary>
public sealed class ConsumerGroupKeyTests
{
    private readonly ManualTime _time = new();

    [Fact]
    [ConfigKey("group.consumer.heartbeat.interval.ms")]
    [ConfigKey("group.consumer.assignors")]
    [ConfigKey("group.consumer.max.size")]
    public async Task Members_are_told_and_limited_as_the_keys_say()
    {
        await using var broker = await Start(
            ("group.consumer.heartbeat.interval.ms", "7000"), ("group.consumer.assignors", "range"), ("group.consumer.max.size", "1"));
        using var client = Connect(broker);
        Assert.Equal(7_000, Enter(client, "m1").HeartbeatIntervalMs);
        Assert.Equal("range", Look(client).AssignorName);
        Assert.Equal("ServerAssignor uniform is not supported. Supported assignors: range.", Enter(client, "m1", "uniform").ErrorMessage);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Enter(client, "m2").ErrorCode);
    }

    [Fact]
    [ConfigKey("group.consumer.session.timeout.ms")]
    [ConfigKey("group.consumer.min.session.timeout.ms")]
    public async Task A_silent_member_is_out_after_the_session_timeout()
    {
        await using var broker = await Start(
            ("group.consumer.session.timeout.ms", "6000"), ("group.consumer.min.session.timeout.ms", "5500"));
        using var client = Connect(broker);
        Enter(client, "m1");
        _time.Advance(TimeSpan.FromMilliseconds(5_900));
        Assert.Single(Look(client).Members);
        await Passes(() => Look(client).Members.Count == 0, TimeSpan.FromMilliseconds(100));
        Assert.Equal(
            "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
            Alter(client, "consumer.session.timeout.ms", "5400"));
    }

    [Fact]
    [ConfigKey("consumer.session.timeout.ms")]
    [ConfigKey("consumer.heartbeat.interval.ms")]
    [ConfigKey("consumer.assignment.interval.ms")]
    [ConfigKey("group.consumer.min.heartbeat.interval.ms")]
    [ConfigKey("group.consumer.max.heartbeat.interval.ms")]
    [ConfigKey("group.consumer.max.session.timeout.ms")]
    [ConfigKey("group.consumer.min.assignment.interval.ms")]
    [ConfigKey("group.consumer.max.assignment.interval.ms")]
    public async Task A_group_has_times_of_its_own_within_the_bounds_of_the_broker()
    {
        await using var broker = await Start(
            ("group.consumer.min.heartbeat.interval.ms", "2000"), ("group.consumer.max.heartbeat.interval.ms", "9000"),
            ("group.consumer.max.session.timeout.ms", "50000"), ("group.consumer.min.assignment.interval.ms", "10"),
            ("group.consumer.max.assignment.interval.ms", "7000"));
        using var client = Connect(broker);
        foreach (var (key, value) in new[]
        {
            ("consumer.heartbeat.interval.ms", "1999"), ("consumer.heartbeat.interval.ms", "9001"),
            ("consumer.session.timeout.ms", "50001"),
            ("consumer.assignment.interval.ms", "9"), ("consumer.assignment.interval.ms", "7001"),
        })
        {
            Assert.StartsWith(key, Alter(client, key, value));
        }

        Assert.Null(Alter(client, "consumer.heartbeat.interval.ms", "2000"));
        Assert.Null(Alter(client, "consumer.session.timeout.ms", "46000"));
        Assert.Null(Alter(client, "consumer.assignment.interval.ms", "7000"));
        Assert.Equal(2_000, Enter(client, "m1").HeartbeatIntervalMs);
        Assert.Equal(2, Enter(client, "m2").MemberEpoch);
        _time.Advance(TimeSpan.FromMilliseconds(6_900));
        Assert.Equal(2, Beat(client, "m2", 2).MemberEpoch);
        await Passes(() => Beat(client, "m2", 2).MemberEpoch == 3, TimeSpan.FromMilliseconds(100));
        Beat(client, "m1", 2);
        _time.Advance(TimeSpan.FromMilliseconds(45_500));
        Assert.Equal(2, Look(client).Members.Count);
        await Passes(() => Look(client).Members.Count == 0, TimeSpan.FromMilliseconds(1_000));
    }

    [Fact]
    [ConfigKey("group.consumer.assignment.interval.ms")]
    public async Task The_time_between_assignments_changes_while_the_broker_runs()
    {
        await using var broker = await Start(("group.consumer.assignment.interval.ms", "10000"));
        using var client = Connect(broker);
        Enter(client, "m1");
        Assert.Equal(2, Enter(client, "m2").MemberEpoch);
        Assert.Null(Alter(client, "group.consumer.assignment.interval.ms", "0", resourceType: 4, resource: ""));
        await TestServer.Until(() => Beat(client, "m2", 2).MemberEpoch == 3);
    }

    [Fact]
    [ConfigKey("group.coordinator.rebalance.protocols")]
    public async Task The_protocol_is_left_out_where_the_key_says_so()
    {
        await using var broker = await Start(("group.coordinator.rebalance.protocols", "classic"));
        using var client = Connect(broker);
        Assert.Equal(ErrorCode.UnsupportedVersion, Enter(client, "m1").ErrorCode);
        Assert.Equal(ErrorCode.UnsupportedVersion, Look(client).ErrorCode);
    }

    [Theory]
    [ConfigKey("group.consumer.migration.policy")]
    [InlineData("bidirectional", ErrorCode.None)]
    [InlineData("upgrade", ErrorCode.None)]
    [InlineData("Downgrade", ErrorCode.GroupIdNotFound)]
    [InlineData("disabled", ErrorCode.GroupIdNotFound)]
    public async Task A_live_classic_group_is_joined_where_the_policy_allows_it(string policy, ErrorCode error)
    {
        await using var broker = await Start(("group.consumer.migration.policy", policy));
        using var client = Connect(broker);
        client.SendMessage(GroupBench.Request("g", sessionMs: 1_800_000, rebalanceMs: 1_800_000), 3);
        using var asking = Connect(broker);
        await Passes(() => State(asking) == "CompletingRebalance", TimeSpan.FromMilliseconds(1));
        Assert.Equal(error, Enter(asking, "m1").ErrorCode);
    }

    [Fact]
    public async Task The_feature_is_lowered_and_raised_while_the_broker_runs()
    {
        await using var broker = await Start();
        using var client = Connect(broker);
        Assert.Equal(ErrorCode.None, Enter(client, "m1").ErrorCode);
        Assert.Equal(ErrorCode.None, Raise(client, 0, 2));
        Assert.Equal(ErrorCode.UnsupportedVersion, Beat(client, "m1", 2).ErrorCode);
        Assert.Equal(ErrorCode.None, Raise(client, 1, 1));
        Assert.Equal(ErrorCode.None, Beat(client, "m1", 2).ErrorCode);
    }

    private static string State(TestClient client) =>
        client.Call<DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = ["g"] }, 6).Groups[0].GroupState;

    private static ErrorCode Raise(TestClient client, short level, sbyte type)
    {
        var request = new UpdateFeaturesRequest { TimeoutMs = 5_000 };
        request.FeatureUpdates.Add(new() { Feature = "group.version", MaxVersionLevel = level, UpgradeType = type });
        return client.Call<UpdateFeaturesResponse>(request, 1).ErrorCode;
    }

    private static ConsumerGroupHeartbeatResponse Enter(TestClient client, string member, string? assignor = null) =>
        client.Call<ConsumerGroupHeartbeatResponse>(
            new ConsumerGroupHeartbeatRequest
            {
                GroupId = "g", MemberId = member, RebalanceTimeoutMs = 100_000, TopicPartitions = [], SubscribedTopicNames = ["t"],
                ServerAssignor = assignor,
            },
            1);

    private static ConsumerGroupHeartbeatResponse Beat(TestClient client, string member, int epoch) =>
        client.Call<ConsumerGroupHeartbeatResponse>(
            new ConsumerGroupHeartbeatRequest { GroupId = "g", MemberId = member, MemberEpoch = epoch }, 1);

    private static ConsumerGroupDescribeResponse.DescribedGroup Look(TestClient client) =>
        client.Call<ConsumerGroupDescribeResponse>(new ConsumerGroupDescribeRequest { GroupIds = ["g"] }, 1).Groups[0];

    private static string? Alter(TestClient client, string key, string value, sbyte resourceType = 32, string resource = "g")
    {
        var request = new IncrementalAlterConfigsRequest();
        request.Resources.Add(new()
        {
            ResourceType = resourceType, ResourceName = resource, Configs = [new() { Name = key, Value = value, ConfigOperation = 0 }],
        });
        return client.Call<IncrementalAlterConfigsResponse>(request, 1).Responses[0].ErrorMessage;
    }

    // With a topic "t", and coordinators that are loaded.
    private async Task<EmbeddedBroker> Start(params (string Key, string Value)[] settings)
    {
        var config = settings.ToDictionary(each => each.Key, each => each.Value);
        config["connections.max.idle.ms"] = "-1";
        var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { TimeProvider = _time, Config = config });
        using var client = Connect(broker);
        EmbeddedBrokerTests.CreateTopic(client, "t", partitions: 1);
        var find = new FindCoordinatorRequest { CoordinatorKeys = ["g"] };
        await TestServer.Until(() => client.Call<FindCoordinatorResponse>(find, 6).Coordinators[0].ErrorCode == ErrorCode.None);
        await TestServer.Until(() => Look(client).ErrorCode is ErrorCode.GroupIdNotFound or ErrorCode.UnsupportedVersion);
        return broker;
    }

    private static TestClient Connect(EmbeddedBroker broker) => new(new IPEndPoint(IPAddress.Loopback, broker.Port));

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
