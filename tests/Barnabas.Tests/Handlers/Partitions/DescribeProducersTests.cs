using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>DescribeProducers over a whole node. What is expected is what Apache Kafka 4.3.1 answered.</summary>
public sealed class DescribeProducersTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start();
        _node.CreateTopic("t", partitions: 2);
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Fact]
    public void Producers_are_shown_with_their_last_batch()
    {
        _client.Produce("t", 1, Batch(70, 0, 0));
        _client.Produce("t", 1, Batch(70, 0, 2));
        _client.Produce("t", 1, Batch(9, 3, 5));
        var answer = Describe(("t", [0, 1]))[0];
        Assert.Empty(answer.Partitions[0].ActiveProducers);
        var producers = answer.Partitions[1].ActiveProducers.OrderBy(p => p.ProducerId).ToList();
        Assert.Equal([(9L, 3, 6), (70L, 0, 3)], producers.Select(p => (p.ProducerId, p.ProducerEpoch, p.LastSequence)));
        Assert.All(producers, p => Assert.Equal((-1, -1L), (p.CoordinatorEpoch, p.CurrentTxnStartOffset)));
        Assert.All(producers, p => Assert.True(p.LastTimestamp > 0));
    }

    [Fact]
    public void What_is_not_there_is_named_in_the_order_of_the_request()
    {
        var answer = Describe(("t", [9, 0, -1, 0]), ("nope", [0]), ("no pe", [0]), ("", [0]), ("gone", []));
        Assert.Equal(["t", "nope", "no pe", "", "gone"], answer.Select(t => t.Name));
        Assert.Equal(
            [
                (9, ErrorCode.UnknownTopicOrPartition, null),
                (0, ErrorCode.None, null),
                (-1, ErrorCode.UnknownTopicOrPartition, null),
                (0, ErrorCode.None, null),
                (0, ErrorCode.UnknownTopicOrPartition, "This server does not host this topic-partition."),
                (0, ErrorCode.InvalidTopicException, "Topic name is invalid: 'no pe' contains one or more characters other than "
                    + "ASCII alphanumerics, '.', '_' and '-'"),
                (0, ErrorCode.InvalidTopicException, "Topic name is invalid: the empty string is not allowed"),
            ],
            answer.SelectMany(t => t.Partitions).Select(p => (p.PartitionIndex, p.ErrorCode, p.ErrorMessage)));
    }

    private static byte[] Batch(long producerId, short epoch, int sequence) => PartitionServer.Batch(
        new BatchOptions { ProducerId = producerId, ProducerEpoch = epoch, BaseSequence = sequence }, "a", "b");

    private List<DescribeProducersResponse.TopicResponse> Describe(params (string Topic, int[] Partitions)[] topics) =>
        _client.Call<DescribeProducersResponse>(
            new DescribeProducersRequest
            {
                Topics = [.. topics.Select(t => new DescribeProducersRequest.TopicRequest
                {
                    Name = t.Topic, PartitionIndexes = [.. t.Partitions],
                })],
            },
            0).Topics;
}
