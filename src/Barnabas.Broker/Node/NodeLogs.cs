using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Directories;

namespace Barnabas.Broker.Node;

/// <summary>The shards, replicas and their upkeep, over the logs of one directory. Used by whoever starts and stops the node.</summary>
internal sealed class NodeLogs : IMetadataSubscriber
{
    private const string MetadataTopic = "__cluster_metadata";
    private readonly LogDirectory _directory;
    private readonly LiveConfig _config;
    private readonly IClock _clock;
    private readonly OperatorLog _log;
    private readonly ReplicaFailure _stopping = new(Base.ErrorCode.NotLeaderOrFollower, "the broker stops");
    private bool _diskFailed;

    public NodeLogs(LogDirectory directory, LiveConfig config, IoLoopGroup group, IClock clock, Randomness randomness, OperatorLog log)
    {
        _directory = directory;
        _config = config;
        _clock = clock;
        _log = log;
        Shards = new ShardSet(group.Io, clock, (replica, e) => OnDiskFailed($"{replica.Partition}", e));
        Replicas = new LocalReplicas(new LocalReplicasSetup
        {
            NodeId = config.Broker.NodeId,
            Loop = new Loop("replicas", group.BackgroundLoops, clock),
            Shards = Shards,
            Directory = directory,
            ConfigOf = config.OfTopic,
            Randomness = randomness,
            Report = text => log.Warn("replicas", text),
            DiskFailed = OnDiskFailed,
        });
        Checkpoints = new Checkpoints(directory, Replicas.Table);
        Upkeep = new LogUpkeep(
            new Loop("upkeep", group.BackgroundLoops, clock),
            Replicas.Table,
            Times(config.Broker.Logs, config.Broker),
            new UpkeepDisk(
                Checkpoints.WriteRecoveryPoints, Checkpoints.WriteLogStarts, Checkpoints.WriteHighWatermarks,
                e => OnDiskFailed(directory.Path, e)));
        Shards.UseUpkeep(Upkeep);
        var cleaner = new CleanerWorld(
            randomness.Split(), Checkpoints.WriteCleanerOffsets, text => log.Error("cleaner", text), e => OnDiskFailed(directory.Path, e));
        Cleaner = new LogCleaner(
            new Loop("cleaner", group.BackgroundLoops, clock, turnTasksMax: 1), Replicas.Table, () => config.Broker.Logs.Cleaner, cleaner);
    }

    public ShardSet Shards { get; }

    public LocalReplicas Replicas { get; }

    public LogUpkeep Upkeep { get; }

    private LogCleaner Cleaner { get; }

    private Checkpoints Checkpoints { get; }

    /// <summary>Completes when the disk fails: nothing can be stored any more.</summary>
    public TaskCompletionSource<Exception> Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public void OnMetadata(MetadataDelta delta) => Replicas.OnMetadata(delta);

    /// <summary>Opens what the directory holds and takes in the metadata as it is.</summary>
    public async Task LoadAsync(MetadataImage image)
    {
        var found = _directory.Partitions.Where(p => p.Partition.Topic != MetadataTopic).ToArray();
        var logs = new FoundLog[found.Length];
        if (found.Length > 0)
        {
            await Task.Run(() => Parallel.For(0, found.Length, i => logs[i] = OpenLog(found[i], image))).ConfigureAwait(false);
        }

        await Done(done => Replicas.Start(logs, image, done)).ConfigureAwait(false);
        Upkeep.Start();
        if (_config.Broker.Logs.CleanerEnabled)
        {
            Cleaner.Start();
        }
    }

    /// <summary>Takes every replica out of service, closes its log, and writes the checkpoints. True when all of it went well.</summary>
    public async Task<bool> CloseAsync()
    {
        await Done(Cleaner.Stop).ConfigureAwait(false);
        await Done(Replicas.Stop).ConfigureAwait(false);
        var replicas = Replicas.Table.Snapshot();
        await Task.WhenAll(replicas.Select(Retire)).ConfigureAwait(false);
        await Done(Upkeep.Stop).ConfigureAwait(false);
        return await Task.Run(() => Close(replicas)).ConfigureAwait(false);
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

    private FoundLog OpenLog(PartitionDirectory found, MetadataImage image)
    {
        var opened = _directory.OpenLog(found, _config.OfTopic(image, found.Partition.Topic), _clock.WallMs);
        if (opened.Report.BytesCut > 0)
        {
            _log.Info("recovery", $"{found.Partition}: cut {opened.Report.BytesCut} bytes of a torn tail");
        }

        foreach (var lost in opened.Report.Lost)
        {
            _log.Error("recovery", $"{found.Partition} lost the records from {lost.FirstOffset} to {lost.NextOffset - 1}, which had not "
                + "been flushed when the machine stopped; those behind them are kept");
        }

        foreach (var name in opened.Report.SpoiledSwaps)
        {
            _log.Error("recovery", $"{found.Partition}: {name} is not what a compaction wrote and is removed; the segments "
                + "that it was to replace are kept");
        }

        foreach (var damage in opened.Report.Damages)
        {
            _log.Error("recovery", $"{found.Partition} is damaged: {damage}; the records around it are kept and served");
        }

        return new FoundLog(found.TopicId, opened.Log);
    }

    private Task Retire(Replica replica) => Done(done => replica.Shard.Loop.Post(new ActionTask(() =>
    {
        replica.Fail(_stopping);
        done();
    })));

    private static Task Done(Action<Action> begin)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        begin(done.SetResult);
        return done.Task;
    }

    private bool Close(IReadOnlyList<Replica> replicas)
    {
        try
        {
            Parallel.ForEach(replicas, replica => replica.CloseLog());
            Checkpoints.WriteRecoveryPoints();
            Checkpoints.WriteLogStarts();
            Checkpoints.WriteHighWatermarks();
            Checkpoints.WriteCleanerOffsets();
            return !_diskFailed;
        }
        catch (Exception e) when (e is IOException or AggregateException)
        {
            _log.Error("storage", $"{_directory.Path} could not be closed cleanly: the next start recovers", e);
            return false;
        }
    }

    private void OnDiskFailed(string what, IOException error)
    {
        _diskFailed = true;
        if (Failed.TrySetResult(error))
        {
            _log.Error("storage", $"{what} failed: {error.Message}; nothing more is stored in {_directory.Path}");
            Replicas.FailAll(new ReplicaFailure(Base.ErrorCode.KafkaStorageError, error.Message));
        }
    }
}
