using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Recovery;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Cluster.Controller;
using Barnabas.Tests.Log;
using Barnabas.Tests.Log.Compaction;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>The cleaner over real logs, by a clock that the test moves, with the keys that an operator sets.</summary>
internal sealed class CleanerBench : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FailingDisk _disk = new(new FileDisk()) { SkipsSyncs = true };
    private readonly PartitionShard _shard;
    private readonly LogUpkeep _upkeep;

    public CleanerBench(params string[] settings)
    {
        Config = BrokerConfig.Of(Pairs(settings));
        var health = new DirectoryHealth(_folder.Path, (_, e) => Faults.Add(e));
        _shard = new PartitionShard(0, new Loop("shard", Host, Host), health);
        var disk = new UpkeepDisk(health, () => { }, () => { }, () => { });
        _upkeep = new LogUpkeep(new Loop("upkeep", Host, Host), Table.Snapshot, new UpkeepTimes(), disk);
        _shard.Upkeep = _upkeep;
        var world = new CleanerWorld(
            new Randomness(1), () => new Loop("cleaner", Host, Host, turnTasksMax: 1), () => Checkpoints++, Reports.Add);
        Cleaner = new LogCleaner(Table, () => Config.Logs.Cleaner, world);
    }

    public PumpHost Host { get; } = new();

    public BrokerConfig Config { get; set; }

    public LogCleaner Cleaner { get; }

    public ReplicaTable Table { get; } = new();

    public List<string> Reports { get; } = [];

    public List<Exception> Faults { get; } = [];

    public int Checkpoints { get; private set; }

    public FailingDisk Disk => _disk;

    /// <summary>A topic of one partition with these settings.</summary>
    public Replica Add(string topic, params string[] settings)
    {
        string[] defaults = ["cleanup.policy=compact", "internal.segment.bytes=500", "file.delete.delay.ms=0"];
        var config = Config.Topic(Pairs([.. defaults, .. settings]).DistinctBy(p => p.Key)).Log;
        var log = PartitionLog.Open(new LogOpenRequest
        {
            Disk = _disk, DirectoryPath = _folder.At($"{topic}-0"), Partition = new TopicPartition(topic, 0), Config = config,
            NowMs = Host.WallMs,
        }).Log;
        var state = new ReplicaState(1, 0, 0, [1], 1, true, config);
        var replica = new Replica(_shard, new Uuid(1, (ulong)topic[0]), log, 0, 1, state);
        Table.Add(replica);
        return replica;
    }

    /// <summary>Appends a batch of "key=value" or "key" records in a turn of the shard, and runs what follows from it.</summary>
    public void Append(Replica replica, params string[] records)
    {
        OnShard(() => Stage(replica, CompactedLog.Batch(new BatchOptions(), Host.WallMs, records)));
        Host.Pump();
    }

    public void Roll(Replica replica)
    {
        OnShard(() =>
        {
            replica.Log.Roll(Host.WallMs);
            replica.Touch();
        });
        Host.Pump();
    }

    public void OnShard(Action action) => _shard.Loop.PostOrRun(new ActionTask(action));

    /// <summary>Superseded values in several sealed segments: 24 records, of which 3 have to stay.</summary>
    public Replica AddDirty(string topic, params string[] settings)
    {
        var replica = Add(topic, settings);
        for (var i = 0; i < 8; i++)
        {
            Append(replica, $"a={i}", $"b={i}", $"c={i}{new string('.', 50)}");
        }

        Roll(replica);
        return replica;
    }

    /// <summary>The process dies, and the log is opened again by the next.</summary>
    public Replica Crash(Replica replica)
    {
        Table.Remove(replica);
        replica.Log.Abandon();
        var next = Add(replica.Partition.Topic);
        OnShard(next.Begin);
        Host.Pump();
        return next;
    }

    public static List<string> Read(Replica replica) =>
        [.. CompactedLog.Read(replica.View).Select(r => r.Value is null ? r.Key! : $"{r.Key}={r.Value.TrimEnd('.')}")];

    public static bool IsClean(Replica replica) => replica.View.FirstDirtyOffset == replica.View.LogEndOffset;

    public string[] Files(string topic) => Directory.GetFiles(_folder.At($"{topic}-0"));

    public void Dispose()
    {
        foreach (var replica in Table.Snapshot())
        {
            replica.Log.Abandon();
        }

        _folder.Dispose();
    }

    private void Stage(Replica replica, byte[] batch)
    {
        var lease = LogFixture.Lease(batch);
        Assert.Equal(ErrorCode.None, replica.Log.AppendAsLeader(lease.Piece(0, batch.Length), 0, Host.WallMs).ErrorCode);
        replica.Log.WriteStaged();
        lease.Release();
        replica.Touch();
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(string[] settings) =>
        settings.Reverse().Select(s => s.Split('=')).Select(parts => KeyValuePair.Create(parts[0], parts[1]));
}
