using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>ListOffsets over a whole node. What is expected is what Apache Kafka 4.3.1 answered to the same requests.</summary>
public sealed class ListOffsetsTests : IAsyncLifetime
{
    private const long T = 1_700_000_000_000;
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start();
        _node.CreateTopic("t", partitions: 3);
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    [InlineData(7), InlineData(8), InlineData(9), InlineData(10), InlineData(11)]
    public void Every_version_answers_the_special_offsets_that_it_knows(short version)
    {
        Fill();
        var epoch = version >= 4 ? 0 : -1;
        Assert.Equal((ErrorCode.None, -1, 8, epoch), Ask(version, -1));
        Assert.Equal((ErrorCode.None, -1, 0, epoch), Ask(version, -2));
        Assert.Equal((ErrorCode.None, T, 0, epoch), Ask(version, 0));
        Assert.Equal((ErrorCode.None, T + 1000, 1, epoch), Ask(version, T + 501));
        Assert.Equal((ErrorCode.None, T + 2000, 3, epoch), Ask(version, T + 1001));
        Assert.Equal((ErrorCode.None, -1, -1, -1), Ask(version, T + 2001));
        var refused = (ErrorCode.UnsupportedVersion, -1L, -1L, -1);
        Assert.Equal(version < 7 ? refused : (ErrorCode.None, T + 2000, 3, 0), Ask(version, -3));
        Assert.Equal(version < 8 ? refused : (ErrorCode.None, -1, 0, 0), Ask(version, -4));
        Assert.Equal(version < 9 ? refused : (ErrorCode.None, -1, -1, -1), Ask(version, -5));
        Assert.Equal(version < 11 ? refused : (ErrorCode.None, -1, -1, -1), Ask(version, -6));
        Assert.Equal(refused, Ask(version, -7));
    }

    [Fact]
    public void An_empty_log_has_a_start_and_an_end_and_no_times()
    {
        Assert.Equal((ErrorCode.None, -1, 0, 0), Ask(11, -1));
        Assert.Equal((ErrorCode.None, -1, 0, 0), Ask(11, -2));
        Assert.Equal((ErrorCode.None, -1, -1, -1), Ask(11, -3));
        Assert.Equal((ErrorCode.None, -1, -1, -1), Ask(11, 5));
    }

    [Theory]
    [InlineData(-2, ErrorCode.FencedLeaderEpoch), InlineData(1, ErrorCode.UnknownLeaderEpoch), InlineData(0, ErrorCode.None)]
    public void The_leader_epoch_is_checked(int epoch, ErrorCode expected)
    {
        Assert.Equal(expected, Ask(11, -1, epoch: epoch).Error);
        Assert.Equal(expected, Ask(11, -3, epoch: epoch).Error);
        Assert.Equal(expected, Ask(11, T, epoch: epoch).Error);
    }

    [Fact]
    public void A_partition_that_is_named_twice_is_refused_and_the_others_are_not()
    {
        var answer = Ask(Request("t", (0, -1), (0, -2), (1, -1)), 6);
        Assert.Equal([(0, ErrorCode.InvalidRequest), (1, ErrorCode.None)], answer.Topics.Single().Partitions
            .Select(p => (p.PartitionIndex, p.ErrorCode)));
        var twice = Request("t", (2, -9));
        twice.Topics.AddRange(Request("t", (2, -1), (1, -1)).Topics);
        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.None], Ask(twice, 6).Topics.Single().Partitions.Select(p => p.ErrorCode));
    }

    [Fact]
    public void What_is_not_there_is_unknown()
    {
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(11, -1, topic: "nope").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(11, T, topic: "no pe").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(11, -1, partition: 3).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(11, -1, partition: -1).Error);
        Assert.Equal(ErrorCode.UnsupportedVersion, Ask(11, -9, topic: "nope").Error);
        Assert.Empty(Ask(Request("t"), 11).Topics);
    }

    [Theory]
    [InlineData(-2), InlineData(-1), InlineData(0), InlineData(1), InlineData(7)]
    public void Replicas_and_tools_may_ask_as_consumers_do(int replicaId)
    {
        Fill();
        var request = Request("t", (0, -1));
        request.ReplicaId = replicaId;
        Assert.Equal(8, Ask(request, 6).Topics[0].Partitions[0].Offset);
    }

    [Theory]
    [InlineData(0, ErrorCode.None), InlineData(1, ErrorCode.None), InlineData(2, ErrorCode.UnknownServerError)]
    public void Isolation_is_none_or_committed(sbyte isolationLevel, ErrorCode expected)
    {
        var request = Request("t", (0, -1), (1, -3), (9, -1));
        request.IsolationLevel = isolationLevel;
        var errors = Ask(request, 7).Topics[0].Partitions.Select(p => p.ErrorCode).ToList();
        Assert.Equal([expected, expected, expected == ErrorCode.None ? ErrorCode.UnknownTopicOrPartition : expected], errors);
    }

    [Fact]
    public void Many_lookups_at_once_are_all_answered()
    {
        Fill();
        var request = Request("t", [.. Enumerable.Range(0, 3).Select(i => (i, T + 1))]);
        var answer = Ask(request, 11).Topics[0].Partitions;
        Assert.Equal([1L, -1, -1], answer.Select(p => p.Offset));
    }

    [Theory]
    [InlineData(CompressionType.None), InlineData(CompressionType.Gzip), InlineData(CompressionType.Lz4)]
    public void Times_are_found_inside_of_batches_and_below_the_start_only_the_largest(CompressionType codec)
    {
        Produce(codec, T + 500, T + 600, T + 550);
        Produce(codec, T + 100);
        Assert.Equal((ErrorCode.None, T + 600, 1, 0), Ask(7, T + 501));
        Assert.Equal((ErrorCode.None, T + 600, 1, 0), Ask(7, -3));
        _client.Call<DeleteRecordsResponse>(
            new DeleteRecordsRequest { Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = 2 }] }] }, 2);
        Assert.Equal((ErrorCode.None, -1, 2, 0), Ask(7, -2));
        Assert.Equal((ErrorCode.None, T + 550, 2, 0), Ask(7, 0));
        Assert.Equal((ErrorCode.None, T + 600, 1, 0), Ask(7, -3));
    }

    [Fact]
    public void Append_times_are_those_of_whole_batches()
    {
        _node.CreateTopic("appended", 1, "message.timestamp.type=LogAppendTime");
        Produce(CompressionType.None, "appended", T, T + 5);
        Produce(CompressionType.None, "appended", T, T + 5);
        var first = Ask(7, T + 3, topic: "appended");
        Assert.Equal((0L, true), (first.Offset, first.Timestamp > T + 5));
        var last = Ask(7, -3, topic: "appended");
        Assert.Equal(last.Timestamp == first.Timestamp ? 0 : 2, last.Offset);
    }

    private static ListOffsetsRequest Request(string topic, params (int Partition, long Timestamp)[] partitions) => new()
    {
        ReplicaId = -1,
        Topics =
        [
            new()
            {
                Name = topic,
                Partitions = [.. partitions.Select(p => new ListOffsetsRequest.ListOffsetsPartition
                {
                    PartitionIndex = p.Partition, Timestamp = p.Timestamp, CurrentLeaderEpoch = -1,
                })],
            },
        ],
    };

    private (ErrorCode Error, long Timestamp, long Offset, int Epoch) Ask(
        short version, long timestamp, int epoch = -1, string topic = "t", int partition = 0)
    {
        var request = Request(topic, (partition, timestamp));
        request.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch;
        var answer = Ask(request, version).Topics[0].Partitions[0];
        return (answer.ErrorCode, answer.Timestamp, answer.Offset, answer.LeaderEpoch);
    }

    private ListOffsetsResponse Ask(ListOffsetsRequest request, short version) => _client.Call<ListOffsetsResponse>(request, version);

    private void Fill()
    {
        Produce(CompressionType.None, T, T + 1000, T + 500);
        Produce(CompressionType.None, T + 2000, T + 2000, T + 1500);
        Produce(CompressionType.None, T + 100);
        Produce(CompressionType.None, T + 2000);
    }

    private void Produce(CompressionType codec, params long[] timestamps) => Produce(codec, "t", timestamps);

    private void Produce(CompressionType codec, string topic, params long[] timestamps)
    {
        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        builder.Begin(new BatchOptions { Compression = codec });
        foreach (var timestamp in timestamps)
        {
            builder.Append(timestamp, default, "v"u8);
        }

        builder.End();
        Assert.Equal(ErrorCode.None, _client.Produce(topic, 0, writer.Written.ToArray()).ErrorCode);
    }
}
