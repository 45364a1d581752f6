using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>OffsetForLeaderEpoch over a whole node. What is expected is what Apache Kafka 4.3.1 answered.</summary>
public sealed class OffsetForLeaderEpochTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start();
        _node.CreateTopic("t", partitions: 2);
        _client = _node.Connect();
        _client.Produce("t", 0, PartitionServer.Batch("a", "b"));
        _client.Produce("t", 0, PartitionServer.Batch("c"));
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData(2), InlineData(3), InlineData(4)]
    public void Every_version_says_where_an_epoch_ended(short version)
    {
        Assert.Equal((ErrorCode.None, 0, 3), Ask(0, version));
        Assert.Equal((ErrorCode.None, -1, -1), Ask(1, version));
        Assert.Equal((ErrorCode.None, -1, -1), Ask(-1, version));
        Assert.Equal((ErrorCode.None, -5, 0), Ask(-5, version));
    }

    [Fact]
    public void What_is_wrong_is_named()
    {
        Assert.Equal((ErrorCode.UnknownLeaderEpoch, -1, -1), Ask(0, 4, current: 1));
        Assert.Equal((ErrorCode.FencedLeaderEpoch, -1, -1), Ask(0, 4, current: -2));
        Assert.Equal((ErrorCode.None, 0, 3), Ask(0, 4, current: 0));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, -1, -1), Ask(0, 4, partition: 2));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, -1, -1), Ask(0, 4, current: -2, partition: -1));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, -1, -1), Ask(0, 4, topic: "nope"));
    }

    [Fact]
    public void The_answer_is_in_the_order_of_the_request_also_for_what_comes_twice()
    {
        var request = Request("t", 1, 0);
        request.Topics.AddRange(Request("nope").Topics);
        request.Topics.AddRange(Request("t", 0, 9).Topics);
        var answer = _client.Call<OffsetForLeaderEpochResponse>(request, 4);
        Assert.Equal(["t", "nope", "t"], answer.Topics.Select(t => t.Topic));
        Assert.Equal([0L, 3, 3, -1], answer.Topics.SelectMany(t => t.Partitions).Select(p => p.EndOffset));
    }

    private static OffsetForLeaderEpochRequest Request(string topic, params int[] partitions) => new()
    {
        ReplicaId = -1,
        Topics =
        [
            new()
            {
                Topic = topic,
                Partitions = [.. partitions.Select(p => new OffsetForLeaderEpochRequest.OffsetForLeaderPartition
                {
                    Partition = p, CurrentLeaderEpoch = -1,
                })],
            },
        ],
    };

    private (ErrorCode Error, int Epoch, long EndOffset) Ask(
        int epoch, short version, int current = -1, int partition = 0, string topic = "t")
    {
        var request = Request(topic, partition);
        request.Topics[0].Partitions[0].LeaderEpoch = epoch;
        request.Topics[0].Partitions[0].CurrentLeaderEpoch = current;
        var answer = _client.Call<OffsetForLeaderEpochResponse>(request, version).Topics[0].Partitions[0];
        return (answer.ErrorCode, answer.LeaderEpoch, answer.EndOffset);
    }
}
