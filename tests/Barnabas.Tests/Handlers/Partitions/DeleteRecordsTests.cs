using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>DeleteRecords over a whole node. What is expected is what Apache Kafka 4.3.1 answered.</summary>
public sealed class DeleteRecordsTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start();
        _node.CreateTopic("t", partitions: 3);
        _client = _node.Connect();
        for (var i = 0; i < 8; i++)
        {
            _client.Produce("t", 0, PartitionServer.Batch($"v{i}"));
        }
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2)]
    public void Every_version_moves_the_start_forward_and_never_back(short version)
    {
        Assert.Equal((ErrorCode.None, 3), Delete(3, version));
        Assert.Equal((ErrorCode.None, 3), Delete(1, version));
        Assert.Equal(["v3", "v4", "v5", "v6", "v7"], Fetch(3));
        Assert.Equal((ErrorCode.None, 8), Delete(-1, version));
        Assert.Equal(ErrorCode.OffsetOutOfRange, FetchAnswer(3).ErrorCode);
        Assert.Empty(Fetch(8));
    }

    [Theory]
    [InlineData(9, 0, "t", ErrorCode.OffsetOutOfRange)]
    [InlineData(-2, 0, "t", ErrorCode.OffsetOutOfRange)]
    [InlineData(0, 3, "t", ErrorCode.UnknownTopicOrPartition)]
    [InlineData(0, -1, "t", ErrorCode.UnknownTopicOrPartition)]
    [InlineData(0, 0, "nope", ErrorCode.UnknownTopicOrPartition)]
    [InlineData(0, 0, "__transaction_state", ErrorCode.UnknownTopicOrPartition)]
    [InlineData(0, 0, "compacted", ErrorCode.PolicyViolation)]
    [InlineData(0, 0, "__consumer_offsets", ErrorCode.InvalidTopicException)]
    public void What_may_not_be_deleted_is_refused(long offset, int partition, string topic, ErrorCode expected)
    {
        _node.CreateTopic("compacted", 1, "cleanup.policy=compact");
        _node.CreateTopic("__consumer_offsets", 1, "cleanup.policy=compact");
        Assert.Equal((expected, -1), Delete(offset, 2, partition, topic));
    }

    [Fact]
    public void A_topic_that_is_compacted_and_deleted_may_be_cut()
    {
        _node.CreateTopic("both", 1, "cleanup.policy=compact,delete");
        Assert.Equal((ErrorCode.None, 0), Delete(0, 2, 0, "both"));
    }

    [Fact]
    public void The_last_mention_of_a_partition_counts_and_nothing_is_said_of_a_topic_without_any()
    {
        var request = Request("t", (0, 5), (0, 2));
        request.Topics.AddRange(Request("empty").Topics);
        request.Topics.AddRange(Request("t", (1, -1)).Topics);
        var answer = Assert.Single(_client.Call<DeleteRecordsResponse>(request, 2).Topics);
        Assert.Equal([(0, 2L), (1, 0L)], answer.Partitions.Select(p => (p.PartitionIndex, p.LowWatermark)));
    }

    [Fact]
    public async Task The_start_survives_a_restart()
    {
        Delete(5, 2);
        _client.Dispose();
        await _node.Stop();
        await _node.Start();
        _client = _node.Connect();
        Assert.Equal(["v5", "v6", "v7"], Fetch(5));
        Assert.Equal(ErrorCode.OffsetOutOfRange, FetchAnswer(4).ErrorCode);
    }

    [Fact]
    public async Task Deleting_while_others_produce_shows_no_record_before_it_is_written()
    {
        using var stop = new CancellationTokenSource();
        var producing = Task.Run(() =>
        {
            using var producer = _node.Connect();
            while (!stop.IsCancellationRequested)
            {
                Assert.Equal(ErrorCode.None, producer.Produce("t", 0, PartitionServer.Batch("p", "q")).ErrorCode);
            }
        });
        for (var i = 0; i < 300; i++)
        {
            var (error, low) = Delete(-1, 2);
            Assert.Equal(ErrorCode.None, error);
            var next = FetchAnswer(low);
            Assert.Equal(ErrorCode.None, next.ErrorCode);
            Assert.True(next.LogStartOffset >= low);
        }

        await stop.CancelAsync();
        await producing;
    }

    private static DeleteRecordsRequest Request(string topic, params (int Partition, long Offset)[] partitions) => new()
    {
        TimeoutMs = 5_000,
        Topics =
        [
            new()
            {
                Name = topic,
                Partitions = [.. partitions.Select(p => new DeleteRecordsRequest.DeleteRecordsPartition
                {
                    PartitionIndex = p.Partition, Offset = p.Offset,
                })],
            },
        ],
    };

    private (ErrorCode Error, long LowWatermark) Delete(long offset, short version, int partition = 0, string topic = "t")
    {
        var answer = _client.Call<DeleteRecordsResponse>(Request(topic, (partition, offset)), version).Topics[0].Partitions[0];
        return (answer.ErrorCode, answer.LowWatermark);
    }

    private List<string> Fetch(long offset) => PartitionServer.Values(FetchAnswer(offset).Records ?? []);

    private FetchResponse.PartitionData FetchAnswer(long offset) =>
        _client.Call<FetchResponse>(PartitionServer.Fetch(0, (0, offset)), 12).Responses[0].Partitions[0];
}
