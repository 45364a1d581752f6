using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Replicas;

/// <summary>
/// One of three nodes: its disk, its loops, and in each life the production parts of one partition over them. Owned by the world.
/// </summary>
internal sealed class ClusterNode
{
    private const string DataPath = "/sim/data";
    private static readonly TopicPartition Partition = new("topic", 0);
    private static readonly Uuid TopicId = new(3, 3);
    private readonly ClusterWorld _world;
    private readonly Queue<Action> _inbox = new();
    private readonly List<BufferLease> _leases = [];
    private PartitionLog? _log;
    private long _checkpointed;
    private PartitionShard _shard = null!;
    private ReplicaTable _table = null!;
    private LogUpkeep _upkeep = null!;

    public ClusterNode(ClusterWorld world, int id, Randomness random)
    {
        _world = world;
        Id = id;
        Disk = new SimDisk(world.Clock, random.Split());
        Loops = new SimLoops(world.Clock, random.Split(), world.Trace);
        Config = world.LogConfig;
        Fetcher = new FollowerFetcher(world, this, random.Split());
        Disk.CreateDirectory(DataPath);
        LogDirectory.Format(Disk, DataPath, new MetaProperties("cluster", id, new Uuid(9, (ulong)id)));
        Disk.SyncAll();
    }

    public int Id { get; }

    public SimDisk Disk { get; }

    public SimLoops Loops { get; }

    public LogConfig Config { get; }

    public FollowerFetcher Fetcher { get; }

    /// <summary>True while a process runs here.</summary>
    public bool IsUp { get; private set; }

    /// <summary>True while the process runs but nothing of it moves.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Counts the processes.</summary>
    public int Life { get; private set; }

    /// <summary>The replica, once the controller was heard.</summary>
    public Replica? Replica { get; private set; }

    /// <summary>Posts to the partition's shard.</summary>
    public void Post(Action action) => _shard.Loop.Post(new ActionTask(action));

    /// <summary>A process starts: it opens its log and tells the controller.</summary>
    public void Start()
    {
        Life++;
        IsUp = true;
        _world.Say($"node {Id} starts");
        var health = new DirectoryHealth(DataPath, (_, _) => _world.Faults.HasFailed(this));
        _shard = new PartitionShard(0, new Loop($"shard {Id}", Loops.Host(0), _world.Clock), health);
        _table = new ReplicaTable();
        var directory = LogDirectory.Open(Disk, DataPath, new Uuid(9, 9));
        var checkpoints = new Checkpoints(directory, _table.Snapshot);
        var times = new UpkeepTimes
        {
            RetentionCheckMs = 700, InitialDelayMs = 500, RecoveryCheckpointMs = 900, LogStartCheckpointMs = 900,
            HighWatermarkCheckpointMs = 400,
        };
        var disk = new UpkeepDisk(
            health, checkpoints.WriteRecoveryPoints, checkpoints.WriteLogStarts, checkpoints.WriteHighWatermarks);
        _upkeep = new LogUpkeep(new Loop($"upkeep {Id}", Loops.Host(20_000), _world.Clock), _table.Snapshot, times, disk);
        _shard.Upkeep = _upkeep;
        _checkpointed = directory.HighWatermarkOf(Partition);
        _log = (directory.Partitions.Count > 0
            ? directory.OpenLog(directory.Partitions[0], Config, _world.Clock.WallMs)
            : directory.CreateLog(Partition, TopicId, Config, _world.Clock.WallMs)).Log;
        var life = Life;
        Send(() =>
        {
            _world.Controller.Lost(Id);
            _world.Controller.Registered(Id, life);
        });
        LookForLag(Life);
    }

    /// <summary>The process is gone.</summary>
    public void End(bool isPowerCut)
    {
        IsUp = false;
        IsPaused = false;
        Replica = null;
        _log = null;
        _inbox.Clear();
        Loops.Clear();
        FreeLeases();
        Disk.Restart(isPowerCut);
    }

    public void Pause() => IsPaused = true;

    /// <summary>The process goes on, with all that came for it meanwhile, and tells the controller that it lives.</summary>
    public void Resume()
    {
        IsPaused = false;
        var life = Life;
        Send(() => _world.Controller.Registered(Id, life));
        while (_inbox.TryDequeue(out var message))
        {
            message();
        }
    }

    /// <summary>A message arrives here, if that process still lives.</summary>
    public void Receive(int life, Action message)
    {
        if (!IsUp || life != Life)
        {
            return;
        }

        if (IsPaused)
        {
            _inbox.Enqueue(message);
        }
        else
        {
            message();
        }
    }

    /// <summary>The controller tells a state.</summary>
    public void Hear(int life, ReplicaState state) => Receive(life, () =>
    {
        if (Replica is not { } replica)
        {
            Replica = new Replica(_shard, TopicId, _log!, _checkpointed, Id, state);
            _table.Add(Replica);
            _upkeep.Start();
            Post(Replica.Touch);
            _world.Watch(this);
        }
        else
        {
            Post(() =>
            {
                if (replica.Failure is null && state.PartitionEpoch > replica.State.PartitionEpoch)
                {
                    var inSync = string.Join(' ', state.InSyncReplicas);
                    _world.Say($"node {Id} hears: {state.LeaderId} leads in epoch {state.LeaderEpoch}, in sync {inSync}");
                    replica.Become(state);
                    if (_world.Bug == ClusterBug.TruncatesToHighWatermark && !state.IsLeader)
                    {
                        replica.Settle();
                        replica.Log.TruncateTo(replica.View.HighWatermark);
                        replica.LogWasCut();
                    }
                }
            });
        }

        Fetcher.FetchSoon();
    });

    /// <summary>Sends a message to another node: it arrives late, or not at all.</summary>
    public void SendTo(ClusterNode other, Action message)
    {
        var life = other.Life;
        _world.Send(Id, other.Id, () => other.Receive(life, message));
    }

    /// <summary>Memory that a turn of this node still needs.</summary>
    public BytePiece Hold(byte[] bytes)
    {
        var lease = BufferPool.RentUnpooled(Math.Max(1, bytes.Length));
        bytes.CopyTo(lease.Span);
        _leases.Add(lease);
        return lease.Piece(0, bytes.Length);
    }

    /// <summary>After a turn.</summary>
    public void FreeLeases()
    {
        _leases.ForEach(lease => lease.Release());
        _leases.Clear();
    }

    private void LookForLag(int life) => _world.Events.After(100_000, () =>
    {
        if (IsUp && life == Life)
        {
            Receive(life, Fetcher.CheckLag);
            LookForLag(life);
        }
    });

    // To the controller, which is never cut off.
    private void Send(Action message)
    {
        var life = Life;
        _world.Events.After(_world.DelayUs(), () =>
        {
            if (IsUp && life == Life)
            {
                message();
            }
        });
    }
}
