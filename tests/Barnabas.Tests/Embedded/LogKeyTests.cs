using System.Net;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Broker;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;
using Barnabas.Shared;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys of what a log makes of the batches that it takes, and of the producers that it remembers; time is the test's.</summary>
public sealed class LogKeyTests
{
    private static readonly string[] Values =
        [.. Enumerable.Range(0, 400).Select(i => $"line {i * 7919 % 1000} of {i % 13} {new string((char)('a' + (i % 26)), i % 17)}")];

    private readonly ManualTime _time = new();

    [Theory]
    [InlineData("gzip", CompressionType.Gzip, "1", "9")]
    [InlineData("lz4", CompressionType.Lz4, "1", "17")]
    [InlineData("zstd", CompressionType.Zstd, "-50", "19")]
    [ConfigKey("compression.type")]
    [ConfigKey("compression.gzip.level")]
    [ConfigKey("compression.lz4.level")]
    [ConfigKey("compression.zstd.level")]
    public async Task Batches_are_stored_with_the_codec_and_the_level_of_the_broker_or_the_topic(
        string name, CompressionType codec, string low, string high)
    {
        await using var broker = await Start(("compression.type", name), ($"compression.{name}.level", low));
        using var client = new TestClient(new IPEndPoint(IPAddress.Loopback, broker.Port));
        Create(client, "fast");
        Create(client, "small", ($"compression.{name}.level", high));
        Create(client, "plain", ("compression.type", "uncompressed"));
        Create(client, "theirs", ("compression.type", "producer"));
        Assert.All(["fast", "small", "plain", "theirs"], topic => Assert.Equal(ErrorCode.None, Send(client, topic, Batch(Values))));
        var (fast, small) = (Stored(client, "fast"), Stored(client, "small"));
        var (plain, theirs) = (Stored(client, "plain"), Stored(client, "theirs"));
        Assert.Equal([codec, codec, CompressionType.None, CompressionType.None],
            new[] { fast, small, plain, theirs }.Select(batch => HeaderOf(batch).Compression));
        Assert.All(new[] { fast, small, plain, theirs }, batch => Assert.Equal(Values, ValuesOf(batch)));
        Assert.True(small.Length < fast.Length && fast.Length < plain.Length, $"{small.Length} {fast.Length} {plain.Length}");

        // What comes compressed is opened where it is to lie plain, and goes from codec to codec.
        Create(client, "opened", ("compression.type", "uncompressed"));
        Create(client, "changed", ("compression.type", "snappy"));
        Assert.All(["opened", "changed"], topic => Assert.Equal(ErrorCode.None, Send(client, topic, fast)));
        Assert.Equal(CompressionType.None, HeaderOf(Stored(client, "opened")).Compression);
        Assert.Equal(CompressionType.Snappy, HeaderOf(Stored(client, "changed")).Compression);
        Assert.All(["opened", "changed"], topic => Assert.Equal(Values, ValuesOf(Stored(client, topic))));
    }

    [Fact]
    [ConfigKey("producer.id.expiration.ms")]
    [ConfigKey("producer.id.expiration.check.interval.ms")]
    public async Task Silent_producers_are_forgotten_but_not_in_a_transaction()
    {
        await using var broker = await Start(
            ("producer.id.expiration.ms", "60000"),
            ("producer.id.expiration.check.interval.ms", "7000"),
            ("transaction.partition.verification.enable", "false"));
        using var client = new TestClient(new IPEndPoint(IPAddress.Loopback, broker.Port));
        Create(client, "t");
        Assert.Equal(ErrorCode.None, Send(client, "t", Batch(["v"], producerId: 7)));
        Assert.Equal(ErrorCode.None, Send(client, "t", Batch(["v"], producerId: 8, isTransactional: true)));
        var began = _time.GetUtcNow();
        Assert.Equal([7L, 8L], Producers(client));
        while (Producers(client).Contains(7))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True(_time.GetUtcNow() - began >= TimeSpan.FromSeconds(60));
        Assert.Equal([8L], Producers(client));
    }

    private byte[] Batch(string[] values, long producerId = -1, bool isTransactional = false)
    {
        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        var isNumbered = producerId >= 0;
        builder.Begin(new BatchOptions
        {
            ProducerId = producerId, ProducerEpoch = (short)(isNumbered ? 0 : -1), BaseSequence = isNumbered ? 0 : -1,
            IsTransactional = isTransactional,
        });
        var time = _time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var value in values)
        {
            builder.Append(time, "k"u8, Encoding.UTF8.GetBytes(value));
        }

        builder.End();
        return writer.Written.ToArray();
    }

    private static ErrorCode Send(TestClient client, string topic, byte[] batch) => client.Call<ProduceResponse>(
        new ProduceRequest
        {
            TransactionalId = HeaderOf(batch).IsTransactional ? "x" : null,
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = Fresh(batch) }] }],
        },
        11).Responses[0].PartitionResponses[0].ErrorCode;

    // As a client sends it: one that was fetched has the place that it was stored at.
    private static byte[] Fresh(byte[] batch)
    {
        var fresh = batch.ToArray();
        BatchStamp.SetBaseOffset(fresh, 0);
        return fresh;
    }

    private static byte[] Stored(TestClient client, string topic)
    {
        var request = PartitionServer.Fetch(0, (0, 0));
        request.Topics[0].Topic = topic;
        return client.Call<FetchResponse>(request, 11).Responses[0].Partitions[0].Records!;
    }

    private static RecordBatchHeader HeaderOf(byte[] batch)
    {
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        Assert.Equal(BatchStamp.ComputeCrc(batch), header.Crc);
        return header;
    }

    private static List<string> ValuesOf(byte[] batch)
    {
        var header = HeaderOf(batch);
        using var plain = new ByteWriter();
        var body = batch.AsSpan(RecordBatchHeader.HeaderBytes);
        if (header.Compression != CompressionType.None)
        {
            Assert.Equal(ErrorCode.None, RecordCompression.Decompress(header.Compression, body, plain, 1 << 20));
        }

        var reader = new RecordReader(header.Compression == CompressionType.None ? body : plain.Written, header.RecordCount);
        var values = new List<string>();
        while (reader.TryRead(out var record))
        {
            values.Add(Encoding.UTF8.GetString(record.Value.Span));
        }

        return values;
    }

    private static List<long> Producers(TestClient client) =>
        [.. client.Call<DescribeProducersResponse>(
            new DescribeProducersRequest { Topics = [new() { Name = "t", PartitionIndexes = [0] }] }, 0)
            .Topics[0].Partitions[0].ActiveProducers.Select(p => p.ProducerId).Order()];

    private static void Create(TestClient client, string name, params (string Key, string Value)[] configs)
    {
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 30_000,
            Topics =
            [
                new()
                {
                    Name = name, NumPartitions = 1, ReplicationFactor = 1,
                    Configs = [.. configs.Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value })],
                },
            ],
        };
        Assert.Equal(ErrorCode.None, client.Call<CreateTopicsResponse>(request, 7).Topics[0].ErrorCode);
    }

    private async Task<EmbeddedBroker> Start(params (string Key, string Value)[] settings)
    {
        var config = settings.ToDictionary(s => s.Key, s => s.Value);
        config["connections.max.idle.ms"] = "-1";
        return await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { TimeProvider = _time, Config = config });
    }
}
