using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Handlers.Fetching;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Recovery;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Handlers;

/// <summary>
/// Produce and Fetch over real sockets, shards and logs, with a topic "t" of some partitions and no metadata behind it. Owned by its test.
/// </summary>
internal sealed class PartitionServer : IAsyncDisposable
{
    public static readonly Uuid TopicId = new(7, 7000);
    private readonly TempFolder _folder = new();
    private readonly IoLoopGroup _group;
    private readonly TestServer _server;
    private readonly List<PartitionLog> _logs = [];
    private readonly ShardSet _shards;
    private readonly IDisk _disk;
    private readonly LogUpkeep _upkeep;

    public PartitionServer(
        WireKind kind, int partitions = 3, LogConfig? config = null, bool opensCompressed = false, IDisk? disk = null)
    {
        _disk = disk ?? new FileDisk();
        _group = IoLoopGroup.Acquire(kind, SystemClock.Instance, ioThreads: 2);
        var health = new DirectoryHealth("test", (_, e) => Faults.Add(e));
        _shards = new ShardSet(_group.Io, SystemClock.Instance, health);
        for (var i = 0; i < partitions; i++)
        {
            Add(i, config ?? LogConfig.Default);
        }

        var upkeep = new Loop("upkeep", _group.BackgroundLoops, SystemClock.Instance);
        _upkeep = new LogUpkeep(upkeep, Table.Snapshot, new UpkeepTimes(), new UpkeepDisk(health, () => { }, () => { }, () => { }));
        _shards.UseUpkeep(_upkeep);
        var slow = new Loop("slow", _group.BackgroundLoops, SystemClock.Instance);
        Aside = new AsideReads([new Loop("aside", _group.BackgroundLoops, SystemClock.Instance)]);
        var sessions = new FetchSessionCache(1000, SystemClock.Instance, new Randomness(1));
        _server = new TestServer(kind, TestServer.Table(
            new ProduceHandler(Table, slow, SystemClock.Instance, Verifier, () => opensCompressed),
            new FetchHandler(Table, sessions, Aside, responseBytesMax: 50 << 20)));
    }

    /// <summary>A server without a coordinator.</summary>
    private static TransactionVerifier Verifier { get; } =
        new((_, operation) => operation.Finish(ErrorCode.NotCoordinator), isEnabled: () => true, waitMs: 0);

    public ReplicaTable Table { get; } = new();

    public AsideReads Aside { get; }

    public List<Exception> Faults { get; } = [];

    public List<string> NetworkFaults => _server.Faults;

    public TestClient Connect() => _server.Connect();

    /// <summary>One batch of records with these values.</summary>
    public static byte[] Batch(params string[] values) => Batch(new BatchOptions(), values);

    public static byte[] Batch(BatchOptions options, params string[] values)
    {
        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        builder.Begin(options);
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (var value in values)
        {
            builder.Append(now, default, System.Text.Encoding.UTF8.GetBytes(value));
        }

        builder.End();
        return writer.Written.ToArray();
    }

    /// <summary>A Produce request of one batch a partition.</summary>
    public static ProduceRequest Produce(short acks, params (int Partition, byte[] Batch)[] batches) => new()
    {
        Acks = acks,
        TimeoutMs = 30_000,
        TopicData =
        [
            new ProduceRequest.TopicProduceData
            {
                Name = "t",
                TopicId = TopicId,
                PartitionData =
                [
                    .. batches.Select(b => new ProduceRequest.PartitionProduceData { Index = b.Partition, Records = b.Batch }),
                ],
            },
        ],
    };

    /// <summary>A Fetch request from the given offsets.</summary>
    public static FetchRequest Fetch(int maxWaitMs, params (int Partition, long Offset)[] partitions) => new()
    {
        ReplicaId = -1,
        MaxWaitMs = maxWaitMs,
        MinBytes = 1,
        MaxBytes = 50 << 20,
        SessionEpoch = -1,
        Topics =
        [
            new FetchRequest.FetchTopic
            {
                Topic = "t",
                TopicId = TopicId,
                Partitions = [.. partitions.Select(p => new FetchRequest.FetchPartition
                {
                    Partition = p.Partition, FetchOffset = p.Offset, PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = -1,
                })],
            },
        ],
    };

    /// <summary>The values of all records in the bytes of batches.</summary>
    public static List<string> Values(ReadOnlySpan<byte> batches)
    {
        var values = new List<string>();
        while (batches.Length > 0)
        {
            Assert.True(RecordBatchHeader.TryRead(batches, out var header));
            var reader = new RecordReader(batches[RecordBatchHeader.HeaderBytes..(int)header.SizeBytes], header.RecordCount);
            while (reader.TryRead(out var record))
            {
                values.Add(System.Text.Encoding.UTF8.GetString(record.Value.Span));
            }

            batches = batches[(int)header.SizeBytes..];
        }

        return values;
    }

    /// <summary>Runs an action in a turn of a partition's shard.</summary>
    public Task OnShard(int partition, Action<Replica> action)
    {
        var replica = Table.Find("t", partition)!;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        replica.Shard.Loop.Post(new ActionTask(() =>
        {
            action(replica);
            done.SetResult();
        }));
        return done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();

        // Else a shard may still flush what is abandoned here, or a flush write into the folder.
        await Task.WhenAll(Table.Snapshot().Select(Retire));
        await Done(_upkeep.Stop);
        _group.Dispose();
        _logs.ForEach(l => l.Abandon());
        _folder.Dispose();
    }

    private static Task Retire(Replica replica) => Done(done => replica.Shard.Loop.Post(new ActionTask(() =>
    {
        replica.Fail(new ReplicaFailure(ErrorCode.NotLeaderOrFollower, "the test ends"));
        done();
    })));

    private static Task Done(Action<Action> begin)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        begin(done.SetResult);
        return done.Task;
    }

    private void Add(int partition, LogConfig config)
    {
        var opened = PartitionLog.Open(new LogOpenRequest
        {
            Disk = _disk,
            DirectoryPath = _folder.At($"t-{partition}"),
            Partition = new TopicPartition("t", partition),
            Config = config,
            NowMs = SystemClock.Instance.WallMs,
        });
        _logs.Add(opened.Log);
        var state = new ReplicaState(1, 0, 0, [1], 2, true, config);
        Table.Add(new Replica(_shards.Of(TopicId, partition), TopicId, opened.Log, 0, 1, state));
    }
}

/// <summary>Requests and responses as objects over a test client.</summary>
internal static class TestClientMessages
{
    public static void SendMessage(this TestClient client, IMessage request, short version, int correlationId = 1) =>
        client.Send(TestClient.Frame((ApiKey)request.Schema.Key!, version, correlationId, MessageCodec.Encode(request, version)));

    public static T ReceiveMessage<T>(this TestClient client, short version)
        where T : IMessage<T>
    {
        var frame = client.Receive();
        Assert.NotNull(frame);
        return FrameCodec.DecodeResponse<T>(frame, version, out _);
    }

    public static TResponse Call<TResponse>(this TestClient client, IMessage request, short version)
        where TResponse : IMessage<TResponse>
    {
        client.SendMessage(request, version);
        return client.ReceiveMessage<TResponse>(version);
    }
}
