using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Handlers.Groups;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Recovery;
using Barnabas.Messages;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;
using Records = Barnabas.Tests.Cluster.Metadata.Records;

namespace Barnabas.Tests.Handlers;

/// <summary>
/// The group APIs over real sockets, shards and logs, with an offsets topic and a topic "t" in a metadata image of the test's making. Owned
/// by its test.
/// </summary>
internal sealed class GroupServer : IAsyncDisposable
{
    public static readonly Uuid OffsetsId = new(7, 9000);
    public static readonly Uuid TopicId = new(7, 7000);
    private readonly IoLoopGroup _group;
    private readonly TestServer _server;
    private readonly List<PartitionLog> _logs = [];
    private readonly ShardSet _shards;
    private readonly ImageBuilder _builder = new();

    public GroupServer(string directory, int partitions = 3, bool withOffsetsTopic = true)
    {
        _group = IoLoopGroup.Acquire(WireKind.Epoll, SystemClock.Instance, ioThreads: 2);
        var health = new DirectoryHealth("test", (_, e) => throw e);
        _shards = new ShardSet(_group.Io, SystemClock.Instance, health);
        var background = new Loop("background", _group.BackgroundLoops, SystemClock.Instance);
        var disk = new UpkeepDisk(health, () => { }, () => { }, () => { });
        _shards.UseUpkeep(new LogUpkeep(background, Table.Snapshot, new UpkeepTimes(), disk));
        var config = new GroupConfig { InitialRebalanceDelayMs = 0, SessionTimeoutMinMs = 100 };
        Coordinators = new GroupCoordinators(Table, Publisher, config, background, new Randomness(5), Reports.Add);
        Publisher.Subscribe(Coordinators);
        _server = new TestServer(WireKind.Epoll, new HandlerTable(ApiListeners.Broker).AddGroups(Coordinators, Publisher, Created.Add));
        var offsets = withOffsetsTopic ? Topic("__consumer_offsets", OffsetsId, partitions) : [];
        Publish([Records.Register(1, 1), Unfence(), .. Topic("t", TopicId, 3), .. offsets]);
        for (var partition = 0; withOffsetsTopic && partition < partitions; partition++)
        {
            Open(directory, partition);
        }
    }

    public ReplicaTable Table { get; } = new();

    public MetadataPublisher Publisher { get; } = new();

    public GroupCoordinators Coordinators { get; }

    public List<string> Reports { get; } = [];

    public List<string> Created { get; } = [];

    public TestClient Connect() => _server.Connect();

    public void Publish(params MetadataRecord[] records)
    {
        foreach (var record in records)
        {
            _builder.Apply(record);
        }

        var before = Publisher.Image;
        var after = _builder.Build(before.EndOffset + records.Length, 1, 1);
        var (topics, configs) = _builder.TakeChanges();
        Publisher.Publish(new MetadataDelta(before, after, topics, configs));
    }

    public static MetadataRecord Remove(Uuid topic) => new(RemoveTopicRecord.RecordType, 0, new RemoveTopicRecord { TopicId = topic });

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _group.Dispose();
        _logs.ForEach(l => l.Abandon());
    }

    private static MetadataRecord Unfence() => new(BrokerRegistrationChangeRecord.RecordType, 0, new BrokerRegistrationChangeRecord
    {
        BrokerId = 1, BrokerEpoch = 1, Fenced = -1,
    });

    private static IEnumerable<MetadataRecord> Topic(string name, Uuid id, int partitions) =>
        Enumerable.Range(0, partitions).Select(p => Records.Partition(id, p)).Prepend(Records.Topic(name, id));

    private void Open(string directory, int partition)
    {
        var opened = PartitionLog.Open(new LogOpenRequest
        {
            Disk = new FileDisk(),
            DirectoryPath = Path.Join(directory, $"__consumer_offsets-{partition}"),
            Partition = new TopicPartition("__consumer_offsets", partition),
            NowMs = SystemClock.Instance.WallMs,
        });
        _logs.Add(opened.Log);
        var state = new ReplicaState(1, 0, 0, [1], 1, true, LogConfig.Default);
        var replica = new Replica(_shards.Of(OffsetsId, partition), OffsetsId, opened.Log, 0, 1, state);
        Table.Add(replica);
        Coordinators.OnReplica(replica, isHere: true);
    }
}
