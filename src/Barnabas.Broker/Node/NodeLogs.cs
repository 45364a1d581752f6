using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Partitions.Moves;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Log.Recovery;

namespace Barnabas.Broker.Node;

/// <summary>What the logs of a node stand on.</summary>
/// <param name="Directories">Where they lie.</param>
/// <param name="Config">The configuration in force.</param>
/// <param name="Group">The threads.</param>
/// <param name="Clock">The broker's clock.</param>
/// <param name="Randomness">For the names of directories that are set aside.</param>
/// <param name="Reports">Tells the controller of directories.</param>
/// <param name="Log">Tells the operator.</param>
internal sealed record NodeLogsSetup(
    NodeDirectories Directories, LiveConfig Config, IoLoopGroup Group, IClock Clock, Randomness Randomness, DirectoryReports Reports,
    OperatorLog Log);

/// <summary>
/// The shards, replicas and their upkeep, over the logs of the node's directories. Used by whoever starts and stops the node; directories
/// fail on any thread.
/// </summary>
internal sealed class NodeLogs : IMetadataSubscriber
{
    private readonly NodeLogsSetup _setup;
    private readonly ReplicaFailure _stopping = new(Base.ErrorCode.NotLeaderOrFollower, "the broker stops");
    private readonly List<DirectoryCare> _cares = [];
    private readonly List<DiskThreads> _threads = [];
    private readonly ReplicaMoves _moves;
    private readonly LogCleaner _cleaner;

    public NodeLogs(NodeLogsSetup setup)
    {
        _setup = setup;
        var directories = setup.Directories.Logs.Select(MakeDirectory).ToArray();
        Directories = new ReplicaDirectories(
            directories, setup.Directories.Offline.Keys, path => setup.Config.Broker.IsCordoned(path));
        _moves = new ReplicaMoves(new ReplicaMovesSetup
        {
            // A turn copies a few MiB at most: others wait for the threads of the pool.
            Loop = new Loop("moves", setup.Group.BackgroundLoops, setup.Clock, turnTasksMax: 4),
            BytesPerSecond = () =>
                setup.Config.Broker.LongOrNull("replica.alter.log.dirs.io.max.bytes.per.second") ?? long.MaxValue,
            Assign = (assignment, done) => setup.Reports.Assign([assignment], done),
            Randomness = setup.Randomness.Split(),
            Report = text => setup.Log.Warn("replicas", text),
        });
        Replicas = new LocalReplicas(new LocalReplicasSetup
        {
            Moves = _moves,
            NodeId = setup.Config.Broker.NodeId,
            Loop = new Loop("replicas", setup.Group.BackgroundLoops, setup.Clock),
            Directories = Directories,
            Assign = setup.Reports.Assign,
            ConfigOf = setup.Config.OfTopic,
            Randomness = setup.Randomness,
            Report = text => setup.Log.Warn("replicas", text),
        });
        var times = Times(setup.Config.Broker.Logs, setup.Config.Broker);
        for (var i = 0; i < directories.Length; i++)
        {
            var (directory, host) = (directories[i], _threads[i].Over(setup.Group.BackgroundLoops));
            var space = new SpaceWatch(
                directory.Files,
                directory.Health.Room,
                () => setup.Config.Broker.Long("barnabas.disk.reserve.bytes"),
                text => setup.Log.Warn("storage", text));

            // A task a turn: the checkpoints come in between, however many flushes wait.
            var loop = new Loop($"upkeep {directory.Files.Path}", host, setup.Clock, turnTasksMax: 1);
            _cares.Add(new DirectoryCare(directory, Replicas.Table, loop, times, space));
        }

        _cleaner = new LogCleaner(
            Replicas.Table,
            () => setup.Config.Broker.Logs.Cleaner,
            new CleanerWorld(
                setup.Randomness.Split(),
                () => new Loop("cleaner", setup.Group.CleaningLoops, setup.Clock, turnTasksMax: 1),
                () => _cares.ForEach(care => care.WriteCleanerOffsets()),
                text => setup.Log.Error("cleaner", text)));
    }

    public ReplicaDirectories Directories { get; }

    public LocalReplicas Replicas { get; }

    /// <summary>Completes when the node cannot go on: the disk of its metadata has failed, or of every directory.</summary>
    public TaskCompletionSource<Exception> Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public void OnMetadata(MetadataDelta delta) => Replicas.OnMetadata(delta);

    /// <summary>Opens what the directories hold and takes in the metadata as it is.</summary>
    /// <exception cref="IOException">The disk of the metadata failed, or of every directory.</exception>
    public async Task LoadAsync(MetadataImage image)
    {
        await Task.Run(BeginDirectories).ConfigureAwait(false);
        var found = Directories.All.SelectMany(directory => directory.Files.Partitions
            .Where(partition => partition.Partition.Topic != TopicNames.ClusterMetadata && !partition.IsDamaged)
            .Select(partition => (Directory: directory, Partition: partition))).ToArray();
        var logs = new FoundLog?[found.Length];
        if (found.Length > 0)
        {
            await Task.Run(() => Parallel.For(0, found.Length, i => logs[i] = OpenLog(found[i].Directory, found[i].Partition, image)))
                .ConfigureAwait(false);
        }

        if (Failed.Task.IsCompleted)
        {
            throw await Failed.Task.ConfigureAwait(false);
        }

        await Done(done => Replicas.Start([.. logs.OfType<FoundLog>()], image, done)).ConfigureAwait(false);
        _cares.ForEach(care => care.Upkeep.Start());
        if (_setup.Config.Broker.Logs.CleanerEnabled)
        {
            _cleaner.Start();
        }
    }

    /// <summary>
    /// Takes every replica out of service, closes its log, and writes the checkpoints. The directories in which all of it went well.
    /// </summary>
    public async Task<IReadOnlyList<LogDirectory>> CloseAsync()
    {
        // The cleaner first, which may wait for an upkeep that waits for room. Then the moves: what they have handed over by then is taken
        // in before the replicas are looked at.
        _cares.ForEach(care => care.Upkeep.EndWaiting());
        await Done(_cleaner.Stop).ConfigureAwait(false);
        await Done(_moves.Stop).ConfigureAwait(false);
        await Done(Replicas.Stop).ConfigureAwait(false);
        await Task.WhenAll(Replicas.Table.Snapshot().Select(Retire)).ConfigureAwait(false);
        await Task.WhenAll(_cares.Select(care => Done(care.Upkeep.Stop))).ConfigureAwait(false);
        return await Task.Run(() =>
        {
            LogDirectory[] clean = [.. _cares.Where(Close).Select(care => care.Directory.Files)];
            _threads.ForEach(threads => threads.Dispose());
            return clean;
        }).ConfigureAwait(false);
    }

    private static UpkeepTimes Times(LogsConfig logs, BrokerConfig broker) => new()
    {
        RetentionCheckMs = logs.RetentionCheckIntervalMs,
        InitialDelayMs = logs.InitialTaskDelayMs,
        RecoveryCheckpointMs = logs.RecoveryPointIntervalMs,
        LogStartCheckpointMs = logs.LogStartIntervalMs,
        HighWatermarkCheckpointMs = logs.HighWatermarkIntervalMs,
        ProducerExpiryCheckMs = broker.Transactions.ProducerIdCheckIntervalMs,
    };

    private static Task Done(Action<Action> begin)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        begin(done.SetResult);
        return done.Task;
    }

    private ReplicaDirectory MakeDirectory(LogDirectory files, int ordinal)
    {
        var health = new DirectoryHealth(files.Path, (what, error) => OnFailed(files, what, error));
        health.Pace.Changed = tookUs => OnPace(files, tookUs);
        var threads = new DiskThreads(health.Pace);
        _threads.Add(threads);
        ILoopHost[] homes = [.. _setup.Group.Io.Select(threads.Over)];
        return new ReplicaDirectory(files, health, new ShardSet(homes, _setup.Clock, health, ordinal));
    }

    private void BeginDirectories()
    {
        foreach (var directory in Directories.All)
        {
            try
            {
                directory.Files.Begin();
            }
            catch (IOException e)
            {
                directory.Health.Fail($"beginning to use {directory.Files.Path}", e);
            }

            foreach (var damaged in directory.Files.Partitions.Where(partition => partition.IsDamaged))
            {
                _setup.Log.Error("recovery", $"{damaged.Path} does not say whose it is: its partition.metadata is damaged. It is left "
                    + "alone; write its topic's id into the file, or move the directory elsewhere, and start the broker again");
            }
        }

        if (!_setup.Directories.Logs.Contains(_setup.Directories.Metadata))
        {
            _setup.Directories.Metadata.Begin();
        }
    }

    // Null when the directory is offline, with this log or before.
    private FoundLog? OpenLog(ReplicaDirectory directory, PartitionDirectory found, MetadataImage image)
    {
        try
        {
            if (!directory.IsOnline)
            {
                return null;
            }

            var opened = directory.Files.OpenLog(found, _setup.Config.OfTopic(image, found.Partition.Topic), _setup.Clock.WallMs);
            Tell(found.Partition, opened.Report);
            return new FoundLog(found.TopicId, opened.Log, directory);
        }
        catch (IOException e)
        {
            directory.Health.Fail($"opening {found.Partition}", e);
            return null;
        }
    }

    private void Tell(TopicPartition partition, RecoveryReport report)
    {
        if (report.BytesCut > 0)
        {
            _setup.Log.Info("recovery", $"{partition}: cut {report.BytesCut} bytes of a torn tail");
        }

        foreach (var lost in report.Lost)
        {
            _setup.Log.Error("recovery", $"{partition} lost the records from {lost.FirstOffset} to {lost.NextOffset - 1}, which had not "
                + "been flushed when the machine stopped; those behind them are kept");
        }

        foreach (var file in report.Rebuilt)
        {
            _setup.Log.Warn("recovery", $"{file} was missing or wrong, and is made anew from the records");
        }

        foreach (var name in report.SpoiledSwaps)
        {
            _setup.Log.Error("recovery", $"{partition}: {name} is not what a compaction wrote and is removed; the segments "
                + "that it was to replace are kept");
        }

        foreach (var damage in report.Damages)
        {
            _setup.Log.Error("recovery", $"{partition} is damaged: {damage}; the records around it are kept and served");
        }
    }

    private Task Retire(Replica replica) => Done(done => replica.Shard.Loop.Post(new ActionTask(() =>
    {
        replica.Retire(_stopping);
        done();
    })));

    private bool Close(DirectoryCare care)
    {
        var replicas = Replicas.Table.Snapshot(care.Directory.Health);
        try
        {
            if (care.Directory.IsOnline)
            {
                Parallel.ForEach(replicas, replica => replica.CloseLog());
                care.WriteCheckpoints();
                return care.Directory.IsOnline;
            }
        }
        catch (Exception e) when (e is IOException or AggregateException)
        {
            _setup.Log.Error("storage", $"{care.Directory.Files.Path} could not be closed cleanly: the next start recovers", e);
        }

        foreach (var replica in replicas)
        {
            replica.AbandonLog();
        }

        return false;
    }

    private void OnPace(LogDirectory files, long tookUs) => _setup.Log.Warn("storage", tookUs > 0
        ? $"a write to {files.Path} took {tookUs / 1000} ms: its partitions are run by threads of their own until it is fast again"
        : $"{files.Path} is fast again");

    // Any thread, once for each directory.
    private void OnFailed(LogDirectory files, string what, IOException error)
    {
        var ends = files == _setup.Directories.Metadata || !Directories.All.Any(d => d.IsOnline);
        _setup.Log.Error(
            "storage",
            $"{what} failed: {error.Message}; {files.Path} is offline"
            + (ends ? ", and nothing can be stored any more"
                : "; the other directories go on. Mend the disk, then start the broker again"));
        var directory = Directories.All.First(d => d.Files == files);
        Replicas.FailAll(directory.Health, new ReplicaFailure(Base.ErrorCode.KafkaStorageError, error.Message));
        if (ends)
        {
            Failed.TrySetResult(error);
        }
        else
        {
            _setup.Reports.TellOffline(directory.Id);
        }
    }
}
