using System.Net;
using Barnabas.Base;
using Barnabas.Broker;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Embedded;

/// <summary>
/// The wall clock of a broker jumps a day ahead or back: nothing is deleted before its time, no segments are rolled by the dozen, no member
/// is thrown out, and timers go on by the clock that does not jump.
/// </summary>
public sealed class ClockJumpTests : IAsyncLifetime
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1), Second = TimeSpan.FromSeconds(1);
    private readonly JumpingTime _time = new();
    private EmbeddedBroker _broker = null!;
    private TestClient _client = null!;
    private Uuid _topicId;

    public async Task InitializeAsync()
    {
        _broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions
        {
            TimeProvider = _time,
            Config = new Dictionary<string, string>
            {
                ["connections.max.idle.ms"] = "-1",
                ["log.initial.task.delay.ms"] = "0",
                ["log.retention.check.interval.ms"] = "1000",
                ["log.message.timestamp.type"] = "LogAppendTime",
                ["producer.id.expiration.check.interval.ms"] = "1000",
                ["offsets.retention.minutes"] = "600",
                ["offsets.retention.check.interval.ms"] = "1000",
                ["group.initial.rebalance.delay.ms"] = "0",
            },
        });
        _client = new TestClient(new IPEndPoint(IPAddress.Loopback, _broker.Port));
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _broker.DisposeAsync();
    }

    [Theory, InlineData(1), InlineData(-1)]
    public async Task Retention_by_time_deletes_nothing_early(int direction)
    {
        Create("t", "retention.ms=36000000", "segment.ms=3600000");
        for (var i = 0; i < 3; i++)
        {
            Produce();
            await Pass(TimeSpan.FromHours(2), steps: 4);
        }

        _time.Jump(Day * direction);
        await Pass(TimeSpan.FromMinutes(50), steps: 10);
        Produce();
        _time.Jump(-Day * direction);
        await Pass(TimeSpan.FromMinutes(50), steps: 10);
        Assert.Equal(0, Offset(-2));

        // It is late rather than early, and not for ever.
        await Until(() => Offset(-2) > 0, TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Producers_and_committed_offsets_are_remembered()
    {
        var topic = Create("t");
        var batch = PartitionServer.Batch(new BatchOptions { ProducerId = 7, ProducerEpoch = 0, BaseSequence = 0 }, "once");
        Assert.Equal((ErrorCode.None, 0L), ProduceBatch(topic, batch));
        await TestServer.Until(() => Commit(5) == ErrorCode.None);
        _time.Jump(Day * 2);
        await Pass(TimeSpan.FromMinutes(50), steps: 50);
        Assert.Equal((ErrorCode.None, 0L), ProduceBatch(topic, batch));
        Assert.Equal(1, Offset(-1));
        Assert.Equal(5, Committed());

        // Once it has stayed there for an hour it is the time.
        await Until(() => Committed() == -1, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Segments_are_not_rolled_by_the_dozen()
    {
        Create("t", "segment.ms=3600000");
        for (var i = 0; i < 40; i++)
        {
            _time.Jump(i % 2 == 0 ? Day : -Day);
            Produce();
        }

        var segments = Directory.GetFiles(Path.Combine(_broker.DataDirectory, "t-0"), "*.log").Length;
        Assert.InRange(segments, 1, 3);
    }

    [Theory, InlineData(1), InlineData(-1)]
    public async Task Members_are_expected_by_the_clock_that_does_not_jump(int direction)
    {
        Create("t");
        await TestServer.Until(() => Commit(1) == ErrorCode.None);
        var joined = Join("");
        Assert.Equal(ErrorCode.MemberIdRequired, joined.ErrorCode);
        joined = Join(joined.MemberId);
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        Assert.Equal(ErrorCode.None, Sync(joined).ErrorCode);
        for (var i = 0; i < 20; i++)
        {
            _time.Jump(Day * (i % 2 == 0 ? direction : -direction));
            await Pass(Second * 5, steps: 5);
            Assert.Equal(ErrorCode.None, Heartbeat(joined));
        }

        _time.Jump(-Day);
        await Until(() => Describe() is "Empty" or "Dead", Second);
    }

    private CreateTopicsResponse.CreatableTopicResult Create(string name, params string[] configs)
    {
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 30_000,
            Topics =
            [
                new()
                {
                    Name = name, NumPartitions = 1, ReplicationFactor = 1,
                    Configs = [.. configs.Select(config => config.Split('=')).Select(parts =>
                        new CreateTopicsRequest.CreatableTopicConfig { Name = parts[0], Value = parts[1] })],
                },
            ],
        };
        var topic = _client.Call<CreateTopicsResponse>(request, 7).Topics[0];
        Assert.Equal(ErrorCode.None, topic.ErrorCode);
        _topicId = topic.TopicId;
        return topic;
    }

    private void Produce() => Assert.Equal(ErrorCode.None, ProduceBatch(null, PartitionServer.Batch("value")).Error);

    private (ErrorCode Error, long Offset) ProduceBatch(CreateTopicsResponse.CreatableTopicResult? topic, byte[] batch)
    {
        var request = PartitionServer.Produce(-1, (0, batch));
        request.TopicData[0].TopicId = topic?.TopicId ?? _topicId;
        var answer = _client.Call<ProduceResponse>(request, 13).Responses[0].PartitionResponses[0];
        return (answer.ErrorCode, answer.BaseOffset);
    }

    private long Offset(long timestamp)
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = [new() { Name = "t", Partitions = [new() { Timestamp = timestamp, CurrentLeaderEpoch = -1 }] }],
        };
        return _client.Call<ListOffsetsResponse>(request, 7).Topics[0].Partitions[0].Offset;
    }

    private ErrorCode Commit(long offset)
    {
        _client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 4);
        var request = new OffsetCommitRequest
        {
            GroupId = "g",
            Topics = [new() { Name = "t", Partitions = [new() { CommittedOffset = offset, CommittedMetadata = "" }] }],
        };
        return _client.Call<OffsetCommitResponse>(request, 8).Topics[0].Partitions[0].ErrorCode;
    }

    private long Committed()
    {
        var request = new OffsetFetchRequest { GroupId = "g", Topics = [new() { Name = "t", PartitionIndexes = [0] }] };
        return _client.Call<OffsetFetchResponse>(request, 7).Topics[0].Partitions[0].CommittedOffset;
    }

    private JoinGroupResponse Join(string member) => _client.Call<JoinGroupResponse>(
        new JoinGroupRequest
        {
            GroupId = "g", ProtocolType = "consumer", SessionTimeoutMs = 10_000, RebalanceTimeoutMs = 10_000, MemberId = member,
            Protocols = [new() { Name = "range", Metadata = [] }],
        },
        5);

    private SyncGroupResponse Sync(JoinGroupResponse joined) => _client.Call<SyncGroupResponse>(
        new SyncGroupRequest
        {
            GroupId = "g", GenerationId = joined.GenerationId, MemberId = joined.MemberId,
            ProtocolType = "consumer", ProtocolName = "range",
            Assignments = [new() { MemberId = joined.MemberId, Assignment = [] }],
        },
        5);

    private ErrorCode Heartbeat(JoinGroupResponse joined) => _client.Call<HeartbeatResponse>(
        new HeartbeatRequest { GroupId = "g", GenerationId = joined.GenerationId, MemberId = joined.MemberId }, 4).ErrorCode;

    private string Describe() =>
        _client.Call<DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = ["g"] }, 5).Groups[0].GroupState;

    // Time goes on step by step, and what is due is seen to by the loops while this thread asks.
    private async Task Pass(TimeSpan time, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            _time.Advance(time / steps);
            await Task.Yield();
            Offset(-1);
        }
    }

    private async Task Until(Func<bool> condition, TimeSpan step)
    {
        while (!condition())
        {
            _time.Advance(step);
            await Task.Yield();
        }
    }
}
