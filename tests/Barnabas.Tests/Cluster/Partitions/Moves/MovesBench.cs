using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Partitions.Moves;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Cluster.Controller;
using Barnabas.Tests.Cluster.Metadata;
using Barnabas.Tests.Log;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Cluster.Partitions.Moves;

/// <summary>
/// Two log directories of a broker with the replicas in them and their moves, over a real disk, in the test's thread: nothing goes on but
/// where the test lets it. Owned by its test.
/// </summary>
internal sealed class MovesBench : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ImageBuilder _builder = new();
    private MetadataImage _image = MetadataImage.Empty;
    private ReplicaMoves _moves = null!;

    /// <summary>Both directories formatted, the broker started, no topic.</summary>
    public MovesBench()
    {
        foreach (var (name, id) in ((string, ulong)[])[("a", 1), ("b", 2)])
        {
            Directory.CreateDirectory(_folder.At(name));
            LogDirectory.Format(Disk, _folder.At(name), new MetaProperties("a-cluster", 1, new Uuid(1, id)));
        }

        _builder.Apply(new MetadataRecord(
            FeatureLevelRecord.RecordType, 0, new FeatureLevelRecord { Name = MetadataVersion.FeatureName, FeatureLevel = 29 }));
        Start();
    }

    public FailingDisk Disk { get; } = new(new FileDisk()) { SkipsSyncs = true };

    /// <summary>Everything but the upkeep.</summary>
    public PumpHost Host { get; private set; } = new();

    /// <summary>The loops that do the slow work on logs: flushes, and what comes behind them.</summary>
    public PumpHost UpkeepHost { get; private set; } = new();

    public LogConfig Config { get; set; } = LogConfig.Default with { SegmentBytes = 1 << 20, FileDeleteDelayMs = 0 };

    public LocalReplicas Replicas { get; private set; } = null!;

    public ReplicaDirectory A { get; private set; } = null!;

    public ReplicaDirectory B { get; private set; } = null!;

    public long BytesPerSecond { get; set; } = long.MaxValue;

    /// <summary>True while the controller does not answer where a replica will be.</summary>
    public bool IsControllerAway { get; set; }

    /// <summary>What the controller was asked meanwhile, with what takes its answer.</summary>
    public List<(ReplicaAssignment Assignment, Action<ErrorCode> Answer)> Asked { get; } = [];

    /// <summary>What the controller was told of replicas that lie elsewhere.</summary>
    public List<ReplicaAssignment> Told { get; } = [];

    public List<string> Reports { get; } = [];

    public IReadOnlyList<ReplicaMove> Now => Replicas.Moves.Now;

    /// <summary>The replica of partition 0 of a topic.</summary>
    public Replica? Find(string topic = "t") => Replicas.Table.Find(topic, 0);

    public string At(string name) => _folder.At(name);

    /// <summary>Names of the directories of partitions, of their copies, and of what goes.</summary>
    public string[] Held(string directory) =>
        [.. Directory.GetDirectories(At(directory)).Select(d => Path.GetFileName(d)!).Order()];

    /// <summary>Runs until nothing is left but what waits for time, and for the upkeep where <paramref name="all"/> is false.</summary>
    public void Pump(bool all = true)
    {
        for (var turns = 0; Host.Step() || (all && UpkeepHost.Step()); turns++)
        {
            Assert.True(turns < 100_000, "it goes round and round");
        }
    }

    /// <summary>Lets time pass, runs what it makes due, and what that makes due at once.</summary>
    public void Advance(long ms)
    {
        Pump();
        foreach (var step in (long[])[ms, 1, 1])
        {
            Host.Advance(step, pumps: false);
            Pump();
        }
    }

    /// <summary>No move goes on, and none begins: as the first thing of a stop.</summary>
    public void StopMoves()
    {
        _moves.Stop(() => { });
        Pump();
    }

    /// <summary>Runs turn by turn until it is so.</summary>
    public void StepUntil(Func<bool> condition)
    {
        while (!condition())
        {
            Assert.True(Host.Step(), "nothing is left to do");
        }
    }

    /// <summary>A topic of one partition, in the first directory unless another holds fewer; the topic's id comes back.</summary>
    public Uuid CreateTopic(string name, ulong id = 7, bool pumps = true)
    {
        var topic = new Uuid(7, id);
        Publish(Records.Topic(name, topic), new MetadataRecord(PartitionRecord.RecordType, 1, new PartitionRecord
        {
            TopicId = topic, PartitionId = 0, Replicas = [1], Isr = [1], Leader = 1, Directories = [DirectoryIds.Unassigned],
        }));
        if (pumps)
        {
            Pump();
        }

        return topic;
    }

    public void DeleteTopic(Uuid topic) =>
        Publish(new MetadataRecord(RemoveTopicRecord.RecordType, 0, new RemoveTopicRecord { TopicId = topic }));

    /// <summary>What the metadata says now is known to the replicas once they run.</summary>
    public void Publish(params MetadataRecord[] records)
    {
        foreach (var record in records)
        {
            _builder.Apply(record);
        }

        var before = _image;
        _image = _builder.Build(before.EndOffset + records.Length, 1, 1);
        var (topics, configs) = _builder.TakeChanges();
        Replicas.OnMetadata(new MetadataDelta(before, _image, topics, configs));
    }

    /// <summary>Appends so many records of 300 KB, three to a segment.</summary>
    public void Fill(int records, string topic = "t")
    {
        for (var i = 0; i < records; i++)
        {
            Assert.Equal(ErrorCode.None, Append(topic));
        }
    }

    /// <summary>Appends a record of 300 KB; what came of it.</summary>
    public ErrorCode Append(string topic = "t") => Append(
        Find(topic)!, LogFixture.Batch(1, new BatchOptions(), 300_000, Host.WallMs, fill: (byte)Find(topic)!.View.LogEndOffset));

    /// <summary>Appends a batch in a turn of the shard; what came of it.</summary>
    public ErrorCode Append(Replica replica, byte[] batch)
    {
        var error = ErrorCode.UnknownServerError;
        OnShard(replica, () =>
        {
            error = replica.CheckLeader(-1);
            if (error == ErrorCode.None)
            {
                var lease = LogFixture.Lease(batch);
                error = replica.Log.AppendAsLeader(lease.Piece(0, batch.Length), 0, Host.WallMs).ErrorCode;
                replica.Touch();
                replica.Settle();
                lease.Release();
            }
        });
        return error;
    }

    public static void OnShard(Replica replica, Action action) => replica.Shard.Loop.PostOrRun(new ActionTask(action));

    /// <summary>Asks for a move; the outcome of asking.</summary>
    public ErrorCode Ask(ReplicaDirectory to, string topic = "t", int partition = 0)
    {
        var answer = ErrorCode.UnknownServerError;
        Replicas.Move(new TopicPartition(topic, partition), to.Files.Path, error => answer = error);
        StepUntil(() => answer != ErrorCode.UnknownServerError);
        return answer;
    }

    /// <summary>Begins a move, and runs it until the controller is asked, which does not answer yet.</summary>
    public ReplicaMove MoveUntilAsked(ReplicaDirectory to)
    {
        IsControllerAway = true;
        Assert.Equal(ErrorCode.None, Ask(to));
        Pump();
        Assert.Single(Asked);
        return Now.Single();
    }

    /// <summary>The controller answers what it was asked.</summary>
    public void Answer(ErrorCode error = ErrorCode.None)
    {
        IsControllerAway = false;
        foreach (var (assignment, answer) in Asked)
        {
            Decide(assignment, answer, error);
        }

        Asked.Clear();
    }

    /// <summary>Begins a move so slow that only its first piece is copied.</summary>
    public ReplicaMove MoveSlowly(ReplicaDirectory to)
    {
        BytesPerSecond = 1;
        Assert.Equal(ErrorCode.None, Ask(to));
        Pump();
        Assert.True(Now.Single().View!.LogEndOffset is > 0 and var end && end < Now.Single().Source.View.LogEndOffset);
        return Now.Single();
    }

    /// <summary>Opens the directories and what they hold, as a start of the program does.</summary>
    public void Start()
    {
        A = Open("a", 0);
        B = Open("b", 1);
        BytesPerSecond = long.MaxValue;
        var directories = new ReplicaDirectories([A, B], [], _ => false);
        _moves = new ReplicaMoves(new ReplicaMovesSetup
        {
            Loop = new Loop("moves", Host, Host, turnTasksMax: 1),
            BytesPerSecond = () => BytesPerSecond,
            Assign = (assignment, done) =>
            {
                if (IsControllerAway)
                {
                    Asked.Add((assignment, done));
                }
                else
                {
                    Decide(assignment, done, ErrorCode.None);
                }
            },
            Randomness = new Randomness(1),
            Report = Reports.Add,
        });
        Replicas = new LocalReplicas(new LocalReplicasSetup
        {
            NodeId = 1,
            Loop = new Loop("replicas", Host, Host),
            Directories = directories,
            Moves = _moves,
            Assign = Told.AddRange,
            ConfigOf = (_, _) => Config,
            Randomness = new Randomness(2),
            Report = Reports.Add,
        });
        List<FoundLog> found = [];
        foreach (var directory in directories.All)
        {
            directory.Files.Begin();
            found.AddRange(directory.Files.Partitions.Select(
                p => new FoundLog(p.TopicId, directory.Files.OpenLog(p, Config, Host.WallMs).Log, directory)));
        }

        _image = _builder.Build(_image.EndOffset, 1, 1);
        Replicas.Start(found, _image, () => { });
    }

    /// <summary>Stops as the program does, closing every log of a directory that works.</summary>
    public void Stop()
    {
        StopMoves();
        Replicas.Stop(() => { });
        Pump();
        foreach (var directory in (ReplicaDirectory[])[A, B])
        {
            var replicas = Replicas.Table.Snapshot(directory.Health);
            foreach (var replica in replicas)
            {
                OnShard(replica, () => replica.Retire(new ReplicaFailure(ErrorCode.NotLeaderOrFollower, "the test stops")));
            }

            Pump();
            if (!directory.IsOnline)
            {
                replicas.ToList().ForEach(replica => replica.AbandonLog());
                directory.Files.Dispose();
                continue;
            }

            replicas.ToList().ForEach(replica => replica.CloseLog());
            var checkpoints = new Checkpoints(directory.Files, () => replicas);
            checkpoints.WriteRecoveryPoints();
            checkpoints.WriteLogStarts();
            checkpoints.WriteHighWatermarks();
            directory.Files.CloseClean(1);
        }
    }

    /// <summary>Between a stop and a start: an empty copy of partition 0, as another run of the program may have left it.</summary>
    public void LeaveCopy(string directory, Uuid topic, ulong unique)
    {
        using var files = LogDirectory.Open(Disk, At(directory), new Uuid(9, 9));
        files.CreateFuture(new TopicPartition("t", 0), topic, new Uuid(5, unique), Config, 0, Host.WallMs).Log.Close();
    }

    /// <summary>Between a stop and a start: cuts the only log of a directory.</summary>
    public void Cut(string directory, long offset)
    {
        using var files = LogDirectory.Open(Disk, At(directory), new Uuid(9, 9));
        var log = files.OpenLog(files.Partitions.Single(), Config, Host.WallMs).Log;
        log.TruncateTo(offset);
        log.Close();
    }

    /// <summary>The process ends where it is.</summary>
    public void Crash()
    {
        foreach (var move in Now)
        {
            move.Copy?.Log.Abandon();
        }

        foreach (var replica in Replicas.Table.Snapshot())
        {
            replica.Log.Abandon();
        }

        A.Files.Dispose();
        B.Files.Dispose();

        // What was still to be done is not.
        Host = new PumpHost { WallMs = Host.WallMs };
        UpkeepHost = new PumpHost { WallMs = Host.WallMs };
    }

    /// <summary>True when every record that was appended is there, and good.</summary>
    public static bool IsWhole(Replica replica, int records)
    {
        var offset = 0L;
        foreach (var batch in LogFixture.ReadAll(replica.View, 0))
        {
            if (batch.BaseOffset != offset++)
            {
                return false;
            }
        }

        return offset == records && replica.View.LogEndOffset == records;
    }

    public void Dispose()
    {
        Disk.Before = null;
        Crash();
        _folder.Dispose();
    }

    private void Decide(ReplicaAssignment assignment, Action<ErrorCode> answer, ErrorCode error)
    {
        if (error == ErrorCode.None && _image.Topics.Find(assignment.TopicId) is not null)
        {
            Publish(Records.Change(assignment.TopicId, assignment.Partition, change => change.Directories = [assignment.DirectoryId]));
        }

        answer(error);
    }

    private ReplicaDirectory Open(string name, int ordinal)
    {
        var files = LogDirectory.Open(Disk, At(name), new Uuid(9, 9));
        ReplicaDirectory directory = null!;
        var health = new DirectoryHealth(files.Path, (_, e) => Replicas.FailAll(
            directory.Health, new ReplicaFailure(ErrorCode.KafkaStorageError, e.Message)));
        var shards = new ShardSet([Host], Host, health, ordinal);
        directory = new ReplicaDirectory(files, health, shards);
        var upkeep = new Loop($"upkeep {name}", UpkeepHost, Host);
        var disk = new UpkeepDisk(health, () => { }, () => { }, () => { });
        shards.UseUpkeep(new LogUpkeep(upkeep, () => Replicas.Table.Snapshot(health), new UpkeepTimes(), disk));
        return directory;
    }
}
