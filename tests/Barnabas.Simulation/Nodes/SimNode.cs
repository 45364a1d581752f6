using System.Net;
using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Network;
using Barnabas.Broker.Node;
using Barnabas.Broker.Quorum;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Partitions.Moves;
using Barnabas.Cluster.Raft;
using Barnabas.Log.Compaction;
using Barnabas.Log.Directories;

namespace Barnabas.Simulation.Nodes;

/// <summary>
/// One life of a simulated process: the production parts of a node over simulated clock, disk, wire and loops, put together in the order in
/// which <c>BrokerNode</c> does it, with callbacks in the place of tasks. Owned by the world.
/// </summary>
internal sealed class SimNode : IMetadataSubscriber
{
    private const string MetadataTopic = "__cluster_metadata";
    private readonly SimMachine _machine;
    private readonly ILoopHost _background;
    private readonly Uuid _incarnation;
    private readonly LogDirectory _directory;
    private readonly DirectoryHealth _health;
    private readonly ReplicaDirectories _directories;
    private readonly LiveConfig _live;
    private readonly Checkpoints _checkpoints;
    private readonly LogCleaner _cleaner;

    /// <summary>Opens the data directory, formatting an empty one, and reads the metadata. Blocks, as a start does.</summary>
    public SimNode(SimMachine machine)
    {
        _machine = machine;
        var io = new[] { machine.Loops.Host(0), machine.Loops.Host(0) };
        _background = machine.Loops.Host(machine.BackgroundDelayUsMax);
        _incarnation = machine.Randomness.NextUuid();
        var voter = new VoterEndpoint("CONTROLLER", "localhost", 9093);
        _directory = NodeStorage.Open(new NodeStorageSetup(
            machine.Config, machine.Disk, machine.Clock, machine.Randomness, voter, OperatorLog.None)).Metadata;
        _live = new LiveConfig(machine.Config);
        Driver = new QuorumDriver(DriverSetup(voter));
        Driver.Load();
        Driver.Publisher.Subscribe(_live);
        _health = new DirectoryHealth(_directory.Path, (_, e) => Fail(e));
        Shards = new ShardSet(io, machine.Clock, _health);
        _directories = new ReplicaDirectories([new ReplicaDirectory(_directory, _health, Shards)], [], _ => false);
        Replicas = new LocalReplicas(new LocalReplicasSetup
        {
            NodeId = machine.Config.NodeId,
            Loop = BackgroundLoop("replicas"),
            Directories = _directories,
            Moves = new ReplicaMoves(new ReplicaMovesSetup
            {
                Loop = BackgroundLoop("moves"), Randomness = machine.Randomness.Split(), Report = Reports.Add,
            }),
            ConfigOf = (image, topic) => machine.Shape(_live.OfTopic(image, topic)),
            Randomness = machine.Randomness.Split(),
            Report = Reports.Add,
        })
        {
            Changed = OnReplica,
        };
        Groups = new GroupCoordinators(
            Replicas.Table, Driver.Publisher, GroupConfigs.Of(machine.Config.Groups), BackgroundLoop("group-loading"),
            machine.Randomness.Split(), Reports.Add);
        ProducerIds = new ProducerIds(Driver, machine.Config.NodeId, () => BrokerEpoch);
        Transactions = new TransactionCoordinators(PartsOfTransactions());
        AutoTopics = new AutoTopics(Driver, () => _live.Broker);
        _checkpoints = new Checkpoints(_directory, Replicas.Table.Snapshot);
        var times = new UpkeepTimes
        {
            RetentionCheckMs = 700, InitialDelayMs = 500, RecoveryCheckpointMs = 900, LogStartCheckpointMs = 900,
            HighWatermarkCheckpointMs = 400,
        };
        var disk = new UpkeepDisk(
            _health, _checkpoints.WriteRecoveryPoints, _checkpoints.WriteLogStarts, _checkpoints.WriteHighWatermarks);
        Upkeep = new LogUpkeep(BackgroundLoop("upkeep"), Replicas.Table.Snapshot, times, disk);
        Shards.UseUpkeep(Upkeep);

        // So little at once that a cleaning takes many turns, and so small a map that it may be full.
        var memory = new CleaningMemory(MapBytes: 2_000, MapLoadFactor: 0.9, IoBytes: 1_024);
        var cleaning = new CleanerSettings(BackoffMs: 150, IoBytesPerSecond: 1 << 30, memory, Threads: 2);
        _cleaner = new LogCleaner(
            Replicas.Table,
            () => cleaning,
            new CleanerWorld(
                machine.Randomness.Split(),
                () => new Loop("cleaner", _background, machine.Clock, turnTasksMax: 1),
                () => _health.Guard(_checkpoints.WriteCleanerOffsets),
                Reports.Add));
        Loop[] loops = [.. io.Select((host, index) => new Loop($"network-{index}", host, machine.Clock))];
        Server = new NetworkServer(machine.Wire, loops, machine.Config.Network.Limits, new NetworkLog(OnNetworkFault));
    }

    public QuorumDriver Driver { get; }

    public ShardSet Shards { get; }

    public LocalReplicas Replicas { get; }

    public LogUpkeep Upkeep { get; }

    public NetworkServer Server { get; }

    public GroupCoordinators Groups { get; }

    public TransactionCoordinators Transactions { get; }

    public ProducerIds ProducerIds { get; }

    public AutoTopics AutoTopics { get; }

    /// <summary>The replicas that are there, in the order in which they came.</summary>
    public List<Replica> Held { get; } = [];

    /// <summary>What the operator would have been told.</summary>
    public List<string> Reports { get; } = [];

    /// <summary>Faults of our own that a connection swallowed.</summary>
    public List<string> Bugs { get; } = [];

    /// <summary>Why the node cannot go on, or null.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>True when clients are let in.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>True once clients were let in.</summary>
    public bool HasOpened { get; private set; }

    /// <summary>True once logs may have been opened: before that the directory says of them what the last process has left.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>True when all logs were closed: the directory may say so.</summary>
    public bool HasClosed { get; private set; }

    /// <summary>True when a stop has come to its end.</summary>
    public bool IsStopped { get; private set; }

    public long BrokerEpoch { get; private set; } = -1;

    /// <summary>Goes on from the metadata to the open listener, over many turns.</summary>
    /// <param name="handlers">Made when the node is ready, with what it answers.</param>
    public void Start(Func<SimNode, HandlerTable> handlers) => Driver.Start(() => Register(() =>
    {
        // On the metadata loop, so that no change falls between the image that is loaded and the first delta.
        var image = Driver.Publisher.Image;
        Driver.Publisher.SubscribeToChanges(this);
        Driver.Publisher.SubscribeToChanges(Groups);
        Replicas.Start(OpenLogs(image), image, () =>
        {
            Upkeep.Start();
            _cleaner.Start();
            Ask((machine, decision) => BrokerRegistrations.Unfence(machine, _machine.Config.NodeId, BrokerEpoch, decision), _ =>
            {
                Server.Listen("PLAINTEXT", new IPEndPoint(IPAddress.Loopback, 9092), handlers(this));
                IsOpen = true;
                HasOpened = true;
            });
        });
    }));

    /// <summary>Stops cleanly, over many turns; the world has closed the connections.</summary>
    public void Stop()
    {
        IsOpen = false;
        Groups.Stop();
        Transactions.Stop();
        Fence();
    }

    /// <inheritdoc/>
    public void OnMetadata(MetadataDelta delta) => Replicas.OnMetadata(delta);

    /// <summary>What the administration stands on.</summary>
    public Broker.Handlers.Admin.AdminContext Admin() => new(
        _machine.Config.NodeId, _directory.Meta.ClusterId, Driver, () => _live.Broker, Replicas.WhenApplied);

    /// <summary>A loop whose turns may block.</summary>
    public Loop BackgroundLoop(string name) => new(name, _background, _machine.Clock);

    // The cleaner first, then the replicas, then the upkeep, as in production: from then on nobody brings it more to do.
    private void Fence() => Ask(
        (machine, decision) => BrokerRegistrations.Fence(machine, _machine.Config.NodeId, BrokerEpoch, decision),
        _ =>
        {
            Upkeep.EndWaiting();
            _cleaner.Stop(Retire);
        });

    private void Retire()
    {
        var held = Held.ToArray();
        var left = held.Length + 1;
        var stopping = new ReplicaFailure(ErrorCode.NotLeaderOrFollower, "the broker stops");
        foreach (var replica in held)
        {
            replica.Shard.Loop.Post(new ActionTask(() =>
            {
                replica.Retire(stopping);
                CloseWhenNone(--left, held);
            }));
        }

        CloseWhenNone(--left, held);
    }

    private TransactionParts PartsOfTransactions() => new()
    {
        Replicas = Replicas.Table,
        Metadata = Driver.Publisher,
        Config = TransactionConfigs.Of(_machine.Config.Transactions),
        Background = BackgroundLoop("transaction-loading"),
        Clock = _machine.Clock,
        NewProducerId = ProducerIds.Take,
        Report = Reports.Add,
    };

    private QuorumDriverSetup DriverSetup(VoterEndpoint voter) => new(
        new MetadataNodeSetup
        {
            Disk = _machine.Disk,
            LogDirectory = _directory.Path,
            Raft = new RaftSetup(NodeStorage.Voter(_machine.Config, _directory.Meta.DirectoryId!.Value, voter), VoterSet.Empty),
            Controller = NodeController.Settings(_machine.Config, _live, _machine.Randomness.Split()),
            Log = _machine.MetadataLog,
        },
        _machine.Loops.Host(0),
        _background,
        _machine.Clock,
        Fail);

    private void Register(Action done)
    {
        var request = new Messages.BrokerRegistrationRequest
        {
            BrokerId = _machine.Config.NodeId,
            ClusterId = _directory.Meta.ClusterId,
            IncarnationId = _incarnation,
            PreviousBrokerEpoch = _directory.PreviousBrokerEpoch,
            LogDirs = [_directory.Meta.DirectoryId!.Value],
            Listeners = [new() { Name = "PLAINTEXT", Host = "localhost", Port = 9092 }],
            Features = [.. SupportedFeatures.All.Select(f => new Messages.BrokerRegistrationRequest.Feature
            {
                Name = f.Name, MinSupportedVersion = f.Lowest, MaxSupportedVersion = f.Highest,
            })],
        };
        Ask((machine, decision) => BrokerRegistrations.Register(machine, request, decision), reply =>
        {
            Check.That(reply.ErrorCode == ErrorCode.None);
            BrokerEpoch = reply.BrokerEpoch;
            done();
        });
    }

    private FoundLog[] OpenLogs(MetadataImage image)
    {
        _directory.Begin();
        HasBegun = true;
        return [.. FindLogs(image)];
    }

    private IEnumerable<FoundLog> FindLogs(MetadataImage image) =>
    [
        .. _directory.Partitions.Where(found => found.Partition.Topic != MetadataTopic).Select(found =>
        {
            var config = _machine.Shape(_live.OfTopic(image, found.Partition.Topic));
            return new FoundLog(
                found.TopicId, _directory.OpenLog(found, config, _machine.Clock.WallMs).Log, _directories.All[0]);
        }),
    ];

    private void Ask<TReply>(Func<ControllerMachine, Decision<MetadataRecord>, TReply> decide, Action<TReply> done)
        where TReply : class => Driver.Submit(decide, (error, reply) =>
        {
            if (error == ErrorCode.None)
            {
                done(reply!);
            }
        });

    private void CloseWhenNone(int left, Replica[] held)
    {
        if (left > 0)
        {
            return;
        }

        // Closing blocks: beside the loops, as production does it.
        Upkeep.Stop(() => BackgroundLoop("close").Post(new ActionTask(() =>
        {
            if (_machine.SaysTooEarlyThatItIsClean)
            {
                SayItIsClean();
            }

            var isClean = Failure is null && TryCloseLogs(held);
            Driver.Stop(() =>
            {
                if (isClean && Failure is null)
                {
                    HasClosed = true;
                    _directory.CloseClean(BrokerEpoch);
                }

                IsStopped = true;
            });
        })));
    }

    private void SayItIsClean()
    {
        using var file = _machine.Disk.Open(Path.Join(_directory.Path, ".kafka_cleanshutdown"), Base.Seams.FileOpen.CreateOrTruncate);
        file.Write("{\"version\":0,\"brokerEpoch\":1}"u8, 0);
        file.Sync();
        _machine.Disk.SyncDirectory(_directory.Path);
    }

    private bool TryCloseLogs(Replica[] held)
    {
        try
        {
            Array.ForEach(held, replica => replica.CloseLog());
            _checkpoints.WriteRecoveryPoints();
            _checkpoints.WriteLogStarts();
            _checkpoints.WriteHighWatermarks();
            _checkpoints.WriteCleanerOffsets();
            return true;
        }
        catch (IOException e)
        {
            Fail(e);
            return false;
        }
    }

    private void OnReplica(Replica replica, bool isThere)
    {
        Groups.OnReplica(replica, isThere);
        Transactions.OnReplica(replica, isThere);
        if (!isThere)
        {
            Held.Remove(replica);
        }
        else if (!Held.Contains(replica))
        {
            Held.Add(replica);
        }
    }

    private void OnNetworkFault(string what, Exception fault)
    {
        if (fault is not Faults.SimCrashException)
        {
            Bugs.Add($"{what}: {fault}");
        }
    }

    private void Fail(Exception cause)
    {
        Failure ??= cause;
        if (cause is IOException)
        {
            Replicas.FailAll(_health, new ReplicaFailure(ErrorCode.KafkaStorageError, cause.Message));
        }
    }
}
