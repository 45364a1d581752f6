using System.Net;
using System.Net.Sockets;
using Barnabas.Base;
using Barnabas.Broker.Faults;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Shared;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys that bound connections, requests and answers, and what clients then meet; time is the test's.</summary>
public sealed class RequestKeyTests
{
    private const sbyte BrokerResource = 4;

    [Fact]
    [ConfigKey("max.connections")]
    public async Task Beyond_the_most_connections_others_wait_until_one_ends_or_the_limit_is_raised()
    {
        await using var broker = await KeyBroker.Start("max.connections=1");
        using var second = Ask(broker);
        using var third = Ask(broker);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(IsAnswered(broker.Client)));
        Assert.Equal(0, second.Socket.Available + third.Socket.Available);
        Set(broker, "max.connections", "2");
        Assert.NotNull(second.Receive());
        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(IsAnswered(broker.Client)));
        Assert.Equal(0, third.Socket.Available);
        second.Dispose();
        Assert.NotNull(third.Receive());
    }

    [Theory]
    [InlineData("max.connections.per.ip", "1")]
    [InlineData("max.connections.per.ip.overrides", "127.0.0.1:1")]
    public async Task A_limit_for_an_address_may_be_set_while_the_broker_runs(string key, string value)
    {
        await using var broker = await KeyBroker.Start("");
        using (var other = Ask(broker))
        {
            Assert.NotNull(other.Receive());
        }

        Set(broker, key, value);
        using var refused = Ask(broker);
        Assert.Null(refused.Receive());
    }

    [Fact]
    [ConfigKey("socket.listen.backlog.size")]
    public async Task So_many_connections_wait_to_be_accepted()
    {
        await using var broker = await KeyBroker.Start("max.connections=1 socket.listen.backlog.size=4");
        var sockets = Enumerable.Range(0, 30).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp)).ToList();
        var connects = sockets.ConvertAll(s => s.ConnectAsync(IPAddress.Loopback, broker.Broker.Port));
        await Task.WhenAll(connects.Take(4));
        Assert.InRange(connects.Count(c => c.IsCompletedSuccessfully), 4, 6);
        sockets.ForEach(s => s.Dispose());
        await Task.WhenAll(connects.Select(c => c.ContinueWith(t => t.Exception, TaskScheduler.Default)));
    }

    [Fact]
    [ConfigKey("queued.max.requests")]
    public async Task So_many_requests_may_be_under_way()
    {
        await using var broker = await KeyBroker.Start("queued.max.requests=1");
        using var slow = broker.Connect();
        using var other = broker.Connect();
        broker.Broker.Faults.Add(ApiKey.Metadata, new RequestFault { Delay = TimeSpan.FromSeconds(5) });
        slow.SendMessage(new MetadataRequest { Topics = [] }, 9);
        await TestServer.Until(() => broker.Broker.Faults.Pending == 0);
        other.SendMessage(new ApiVersionsRequest(), 0);
        broker.Client.SendMessage(new ApiVersionsRequest(), 0);
        Assert.False(other.Socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead) || broker.Client.Socket.Available > 0);
        await broker.Passes(() => slow.Socket.Available > 0, TimeSpan.FromSeconds(1));
        Assert.NotNull(slow.Receive());
        Assert.NotNull(other.Receive());
        Assert.NotNull(broker.Client.Receive());
    }

    [Fact]
    [ConfigKey("queued.max.request.bytes")]
    public async Task So_many_bytes_of_requests_may_be_held()
    {
        await using var broker = await KeyBroker.Start("queued.max.request.bytes=1000");
        using var half = broker.Connect();
        using var other = broker.Connect();
        var frame = TestClient.Frame(ApiKey.ApiVersions, 0, 1, new byte[100_000]);
        half.Send(frame.AsSpan(0, 50_000));

        // From the moment that the half is there, the others are not read.
        do
        {
            other.SendMessage(new ApiVersionsRequest(), 0);
        }
        while (other.Socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead) && other.Receive() is not null);
        half.Send(frame.AsSpan(50_000));
        Assert.NotNull(other.Receive());
    }

    [Fact]
    [ConfigKey("fetch.max.bytes")]
    public async Task An_answer_to_a_fetch_has_at_most_so_many_bytes()
    {
        await using var broker = await KeyBroker.Start("fetch.max.bytes=3000");
        broker.Create("t");
        for (var i = 0; i < 10; i++)
        {
            broker.Produce("t", valueBytes: 1000);
        }

        Assert.InRange(Fetch(broker, sessionEpoch: -1).Responses[0].Partitions[0].Records!.Length, 1000, 3000);
    }

    [Fact]
    [ConfigKey("max.incremental.fetch.session.cache.slots")]
    public async Task So_many_fetch_sessions_are_kept()
    {
        await using var broker = await KeyBroker.Start("max.incremental.fetch.session.cache.slots=1");
        broker.Create("t");
        broker.Produce("t");
        Assert.NotEqual(0, Fetch(broker, sessionEpoch: 0).SessionId);
        Assert.Equal(0, Fetch(broker, sessionEpoch: 0).SessionId);
    }

    [Fact]
    [ConfigKey("max.request.partition.size.limit")]
    public async Task A_description_of_topics_has_at_most_so_many_partitions()
    {
        await using var broker = await KeyBroker.Start("max.request.partition.size.limit=3");
        broker.Create("t", partitions: 5);
        var answer = broker.Client.Call<DescribeTopicPartitionsResponse>(
            new DescribeTopicPartitionsRequest { ResponsePartitionLimit = 100, Topics = [new() { Name = "t" }] }, 0);
        Assert.Equal(3, answer.Topics[0].Partitions.Count);
        Assert.Equal(3, answer.NextCursor!.PartitionIndex);
    }

    [Theory]
    [InlineData("log.message.timestamp.before.max.ms=1000", "", -1001)]
    [InlineData("", "message.timestamp.before.max.ms=1000", -1001)]
    [InlineData("log.message.timestamp.after.max.ms=1000", "", 1001)]
    [InlineData("", "message.timestamp.after.max.ms=1000", 1001)]
    [ConfigKey("log.message.timestamp.before.max.ms")]
    [ConfigKey("message.timestamp.before.max.ms")]
    [ConfigKey("log.message.timestamp.after.max.ms")]
    [ConfigKey("message.timestamp.after.max.ms")]
    public async Task Times_of_records_have_bounds(string ofBroker, string ofTopic, int beyondMs)
    {
        await using var broker = await KeyBroker.Start(ofBroker);
        broker.Create("t", ofTopic);
        broker.Create("wide", "message.timestamp.before.max.ms=5000 message.timestamp.after.max.ms=5000");
        Assert.Equal(ErrorCode.InvalidTimestamp, broker.Produce("t", timestampMs: broker.NowMs + beyondMs).ErrorCode);
        Assert.Equal(ErrorCode.None, broker.Produce("t", timestampMs: broker.NowMs + beyondMs - Math.Sign(beyondMs)).ErrorCode);
        Assert.Equal(ErrorCode.None, broker.Produce("wide", timestampMs: broker.NowMs + beyondMs).ErrorCode);
    }

    [Fact]
    [ConfigKey("barnabas.produce.check")]
    public async Task Compressed_batches_are_opened_from_the_moment_that_is_wanted()
    {
        await using var broker = await KeyBroker.Start("");
        broker.Create("t");
        var spoiled = KeyBroker.Batch(100, broker.NowMs, new BatchOptions { Compression = CompressionType.Lz4 });
        spoiled.AsSpan(RecordBatchHeader.HeaderBytes).Fill(0x55);
        BatchStamp.SetCrc(spoiled);
        Assert.Equal(ErrorCode.None, broker.Client.Produce("t", 0, spoiled).ErrorCode);
        Set(broker, "barnabas.produce.check", "records");
        Assert.NotEqual(ErrorCode.None, broker.Client.Produce("t", 0, spoiled).ErrorCode);
    }

    private static void Set(KeyBroker broker, string key, string value)
    {
        var answer = broker.Client.Call<IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new() { ResourceType = BrokerResource, ResourceName = "1", Configs = [new() { Name = key, Value = value }] },
                ],
            },
            1);
        Assert.Equal(ErrorCode.None, answer.Responses[0].ErrorCode);
    }

    private static FetchResponse Fetch(KeyBroker broker, int sessionEpoch)
    {
        var request = PartitionServer.Fetch(maxWaitMs: 0, (0, 0));
        request.SessionEpoch = sessionEpoch;
        return broker.Client.Call<FetchResponse>(request, 12);
    }

    private static TestClient Ask(KeyBroker broker)
    {
        var client = broker.Connect();
        client.SendMessage(new ApiVersionsRequest(), 0);
        return client;
    }

    private static bool IsAnswered(TestClient client)
    {
        client.SendMessage(new ApiVersionsRequest(), 0);
        return client.Receive() is not null;
    }
}
