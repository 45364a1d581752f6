using System.Net;
using Barnabas.Base;
using Barnabas.Broker;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;
using static Barnabas.Tests.Handlers.PartitionServer;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys of the broker, set as an operator sets them, and what a client then sees.</summary>
public sealed class BrokerKeyTests : IAsyncLifetime
{
    private EmbeddedBroker? _broker;
    private TestClient? _client;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _client?.Dispose();
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }
    }

    [Fact]
    [ConfigKey("node.id")]
    [ConfigKey("broker.rack")]
    [ConfigKey("advertised.listeners")]
    public async Task A_broker_is_told_as_it_is_configured()
    {
        var client = await Start("node.id=5", "broker.rack=r2", "advertised.listeners=PLAINTEXT://example.test:0");
        var broker = Assert.Single(client.Call<MetadataResponse>(new MetadataRequest(), 12).Brokers);
        Assert.Equal((5, "r2", "example.test", _broker!.Port), (broker.NodeId, broker.Rack, broker.Host, broker.Port));
    }

    [Fact]
    [ConfigKey("auto.create.topics.enable")]
    public async Task A_topic_comes_into_being_when_asked_for_only_where_that_is_allowed()
    {
        var client = await Start("auto.create.topics.enable=false");
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask("t"));
        Create(client, "u");
        Assert.Equal((ErrorCode.None, ErrorCode.UnknownTopicOrPartition), (Ask("u"), Ask("t")));
        await DisposeAsync();

        client = await Start();
        while (Ask("t") != ErrorCode.None)
        {
            await Task.Yield();
        }

        ErrorCode Ask(string topic) => client.Call<MetadataResponse>(
            new MetadataRequest { AllowAutoTopicCreation = true, Topics = [new() { Name = topic }] }, 12).Topics[0].ErrorCode;
    }

    [Fact]
    [ConfigKey("num.partitions")]
    public async Task A_topic_without_a_number_has_the_configured_partitions()
    {
        var client = await Start("num.partitions=3");
        Assert.Equal(3, Create(client, "t").NumPartitions);
    }

    [Fact]
    [ConfigKey("default.replication.factor")]
    public async Task A_topic_without_a_factor_needs_the_configured_brokers()
    {
        var client = await Start("default.replication.factor=2");
        Assert.Equal(ErrorCode.InvalidReplicationFactor, Create(client, "t").ErrorCode);
    }

    [Fact]
    [ConfigKey("delete.topic.enable")]
    public async Task Topics_are_deleted_only_where_that_is_allowed()
    {
        var client = await Start("delete.topic.enable=false");
        Create(client, "t");
        var request = new DeleteTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = "t" }] };
        Assert.Equal(ErrorCode.TopicDeletionDisabled, client.Call<DeleteTopicsResponse>(request, 6).Responses[0].ErrorCode);
    }

    [Theory]
    [InlineData("message.max.bytes=100", null, ErrorCode.MessageTooLarge)]
    [InlineData(null, "max.message.bytes=100", ErrorCode.MessageTooLarge)]
    [InlineData("log.cleanup.policy=compact", null, ErrorCode.InvalidRecord)]
    [InlineData(null, "cleanup.policy=compact", ErrorCode.InvalidRecord)]
    [InlineData(null, null, ErrorCode.None)]
    [ConfigKey("message.max.bytes")]
    [ConfigKey("max.message.bytes")]
    [ConfigKey("log.cleanup.policy")]
    [ConfigKey("cleanup.policy")]
    public async Task A_produce_is_judged_by_the_broker_and_by_the_topic(string? ofBroker, string? ofTopic, ErrorCode expected)
    {
        var client = await Start(ofBroker is null ? [] : [ofBroker]);
        var topic = Create(client, "t", ofTopic is null ? [] : [ofTopic]);
        Assert.Equal(expected, ProduceTo(client, topic.TopicId).ErrorCode);
    }

    [Theory]
    [InlineData("log.message.timestamp.type=LogAppendTime", null)]
    [InlineData(null, "message.timestamp.type=LogAppendTime")]
    [ConfigKey("log.message.timestamp.type")]
    [ConfigKey("message.timestamp.type")]
    public async Task Records_are_stamped_by_the_broker_where_that_is_wanted(string? ofBroker, string? ofTopic)
    {
        var client = await Start(ofBroker is null ? [] : [ofBroker]);
        var topic = Create(client, "t", ofTopic is null ? [] : [ofTopic]);
        Assert.NotEqual(-1, ProduceTo(client, topic.TopicId).LogAppendTimeMs);
        Assert.Equal(-1, ProduceTo(client, Create(client, "u", "message.timestamp.type=CreateTime").TopicId).LogAppendTimeMs);
    }

    [Theory]
    [InlineData("log.segment.bytes=1048576", null)]
    [InlineData(null, "segment.bytes=1048576")]
    [ConfigKey("log.segment.bytes")]
    [ConfigKey("segment.bytes")]
    public async Task A_segment_is_closed_at_its_size(string? ofBroker, string? ofTopic)
    {
        var client = await Start(ofBroker is null ? [] : [ofBroker]);
        var topic = Create(client, "t", ofTopic is null ? [] : [ofTopic]);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ErrorCode.None, ProduceTo(client, topic.TopicId, new string('x', 600_000)).ErrorCode);
        }

        Assert.Equal(3, Directory.GetFiles(Path.Combine(_broker!.DataDirectory, "t-0"), "*.log").Length);
    }

    [Theory]
    [InlineData("group.min.session.timeout.ms=7000", 6500)]
    [InlineData("group.max.session.timeout.ms=8000", 9000)]
    [ConfigKey("group.min.session.timeout.ms")]
    [ConfigKey("group.max.session.timeout.ms")]
    public async Task A_member_asks_for_a_session_within_bounds(string setting, int sessionTimeoutMs)
    {
        var client = await Start(setting);
        FindCoordinator(client);
        var join = new JoinGroupRequest
        {
            GroupId = "g", ProtocolType = "consumer", SessionTimeoutMs = sessionTimeoutMs, RebalanceTimeoutMs = 1000,
            Protocols = [new() { Name = "range", Metadata = [] }],
        };
        var error = ErrorCode.CoordinatorLoadInProgress;
        while (error == ErrorCode.CoordinatorLoadInProgress)
        {
            error = client.Call<JoinGroupResponse>(join, 5).ErrorCode;
        }

        Assert.Equal(ErrorCode.InvalidSessionTimeout, error);
    }

    [Fact]
    [ConfigKey("offsets.topic.num.partitions")]
    public async Task The_offsets_topic_has_the_configured_partitions()
    {
        var client = await Start("offsets.topic.num.partitions=7");
        FindCoordinator(client);
        var asked = new MetadataRequest { Topics = [new() { Name = "__consumer_offsets" }] };
        Assert.Equal(7, client.Call<MetadataResponse>(asked, 12).Topics[0].Partitions.Count);
    }

    private static CreateTopicsResponse.CreatableTopicResult Create(TestClient client, string name, params string[] settings)
    {
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 30_000,
            Topics =
            [
                new()
                {
                    Name = name, NumPartitions = -1, ReplicationFactor = -1,
                    Configs = [.. settings.Select(setting => setting.Split('=')).Select(parts =>
                        new CreateTopicsRequest.CreatableTopicConfig { Name = parts[0], Value = parts[1] })],
                },
            ],
        };
        return client.Call<CreateTopicsResponse>(request, 7).Topics[0];
    }

    private static ProduceResponse.PartitionProduceResponse ProduceTo(TestClient client, Uuid topicId, string? value = null)
    {
        var request = Produce(-1, (0, Batch(value ?? new string('v', 200))));
        request.TopicData[0].TopicId = topicId;
        return client.Call<ProduceResponse>(request, 13).Responses[0].PartitionResponses[0];
    }

    /// <summary>Asks until the coordinator is there: the offsets topic is made by the first who asks.</summary>
    private static void FindCoordinator(TestClient client)
    {
        FindCoordinatorResponse answer;
        do
        {
            answer = client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 4);
        }
        while (answer.Coordinators[0].ErrorCode == ErrorCode.CoordinatorNotAvailable);

        Assert.Equal(ErrorCode.None, answer.Coordinators[0].ErrorCode);
    }

    private async Task<TestClient> Start(params string[] settings)
    {
        var config = settings.Select(setting => setting.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
        _broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { Config = config });
        return _client = new TestClient(new IPEndPoint(IPAddress.Loopback, _broker.Port));
    }
}
