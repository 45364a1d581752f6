using Barnabas.Base;
using Barnabas.Broker.Handlers.Fetching;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Tests.Network;
using static Barnabas.Tests.Handlers.PartitionServer;

namespace Barnabas.Tests.Handlers;

/// <summary>Fetches of what the page cache does not hold: no I/O thread may wait for the disk.</summary>
public sealed class ColdFetchTests
{
    private const int Records = 40;

    // Closed segments of a few records each: nothing but the last is the log's tail.
    private static readonly LogConfig Config = LogConfig.Default with { SegmentBytes = 50_000 };

    [Theory, InlineData(WireKind.Epoll), InlineData(WireKind.Sockets)]
    public async Task Cold_records_are_read_beside_the_I_O_threads_and_come_whole(WireKind kind)
    {
        var disk = new ColdDisk();
        await using var server = new PartitionServer(kind, 1, Config, disk: disk);
        using var client = server.Connect();
        Fill(client);
        disk.IsCold = true;
        var read = new List<string>();
        while (read.Count < Records)
        {
            var partition = Fetch(client, offset: read.Count);
            Assert.Equal((ErrorCode.None, (long)Records), (partition.ErrorCode, partition.HighWatermark));
            read.AddRange(Values(partition.Records!));
        }

        Assert.Equal(Enumerable.Range(0, Records).Select(Value), read);
        Assert.NotEmpty(disk.ReadAside);
        Assert.All(disk.Waited, thread => Assert.StartsWith("background", thread));
        Assert.Empty(server.NetworkFaults);
        await TestServer.Until(() => server.Aside.HeldBytes == 0);
    }

    [Fact]
    public async Task The_tail_and_what_is_in_the_cache_are_read_where_the_request_is()
    {
        var disk = new ColdDisk();
        await using var server = new PartitionServer(WireKind.Epoll, 1, Config, disk: disk);
        using var client = server.Connect();
        Fill(client);
        Assert.Equal(Value(0), Values(Fetch(client, offset: 0).Records!)[0]);
        disk.IsCold = true;
        Assert.Equal([Value(Records - 1)], Values(Fetch(client, offset: Records - 1).Records!));
        Assert.Empty(disk.ReadAside);
    }

    [Fact]
    public async Task A_long_poll_that_is_woken_may_find_its_records_cold()
    {
        var disk = new ColdDisk();
        await using var server = new PartitionServer(WireKind.Epoll, 1, Config, disk: disk);
        using var client = server.Connect();
        using var producer = server.Connect();
        Fill(producer);
        disk.IsCold = true;
        var request = PartitionServer.Fetch(maxWaitMs: 60_000, (0, Records));
        client.SendMessage(request, 17);
        producer.Call<ProduceResponse>(Produce(1, (0, Batch("more"))), 13);
        var partition = client.ReceiveMessage<FetchResponse>(17).Responses[0].Partitions[0];
        Assert.Equal(["more"], Values(partition.Records!));
    }

    [Fact]
    public async Task What_one_answer_holds_of_cold_records_is_bounded_however_much_is_asked_for()
    {
        var disk = new ColdDisk();
        await using var server = new PartitionServer(WireKind.Epoll, 1, LogConfig.Default with { SegmentBytes = 6 << 20 }, disk: disk);
        using var client = server.Connect();
        var value = new string('v', 500_000);
        for (var i = 0; i < 15; i++)
        {
            client.Call<ProduceResponse>(Produce(1, (0, Batch(value))), 13);
        }

        disk.IsCold = true;
        var request = PartitionServer.Fetch(maxWaitMs: 0, (0, 0));
        request.Topics[0].Partitions[0].PartitionMaxBytes = int.MaxValue;
        var records = client.Call<FetchResponse>(request, 17).Responses[0].Partitions[0].Records!;
        Assert.InRange(records.Length, 3 << 20, AsideReads.AnswerBytesMax);
    }

    [Fact]
    public async Task A_disk_that_cannot_read_fails_the_partition_and_not_the_connection()
    {
        var disk = new ColdDisk();
        await using var server = new PartitionServer(WireKind.Epoll, 2, Config, disk: disk);
        using var client = server.Connect();
        Fill(client);
        disk.IsCold = true;
        disk.Fails = true;
        Assert.Equal(ErrorCode.KafkaStorageError, Fetch(client, offset: 0).ErrorCode);
        await TestServer.Until(() => server.Table.Find("t", 0)!.Failure is not null);
        Assert.Null(server.Table.Find("t", 1)!.Failure);
        Assert.Equal(ErrorCode.KafkaStorageError, Fetch(client, offset: 0).ErrorCode);
        Assert.Equal(0, server.Aside.HeldBytes);
    }

    [Fact]
    public async Task A_client_that_leaves_meanwhile_holds_nothing()
    {
        var disk = new ColdDisk();
        await using var server = new PartitionServer(WireKind.Epoll, 1, Config, disk: disk);
        using (var client = server.Connect())
        {
            Fill(client);
            disk.IsCold = true;
            client.SendMessage(PartitionServer.Fetch(0, (0, 0)), 17);
        }

        using var other = server.Connect();
        Assert.Equal(Value(5), Values(Fetch(other, offset: 5).Records!)[0]);
        await TestServer.Until(() => server.Aside.HeldBytes == 0);
    }

    private static string Value(int index) => $"{index}:{new string((char)('a' + (index % 26)), 9_000)}";

    private static void Fill(TestClient client)
    {
        for (var i = 0; i < Records; i++)
        {
            var answer = client.Call<ProduceResponse>(Produce(1, (0, Batch(Value(i)))), 13);
            Assert.Equal(ErrorCode.None, answer.Responses[0].PartitionResponses[0].ErrorCode);
        }
    }

    private static FetchResponse.PartitionData Fetch(TestClient client, int offset) =>
        client.Call<FetchResponse>(PartitionServer.Fetch(maxWaitMs: 0, (0, offset)), 17).Responses[0].Partitions[0];
}
