using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;
using Barnabas.Log;
using Barnabas.Log.Directories;

namespace Barnabas.Cluster.Partitions;

/// <summary>What <see cref="LocalReplicas"/> stands on.</summary>
public sealed record LocalReplicasSetup
{
    /// <summary>This broker.</summary>
    public required int NodeId { get; init; }

    /// <summary>A loop on the background pool: making, opening and removing logs blocks.</summary>
    public required Loop Loop { get; init; }

    /// <summary>Homes of the replicas.</summary>
    public required ShardSet Shards { get; init; }

    /// <summary>Where the logs lie.</summary>
    public required LogDirectory Directory { get; init; }

    /// <summary>The configuration in force for a topic.</summary>
    public required Func<MetadataImage, string, LogConfig> ConfigOf { get; init; }

    /// <summary>For the names of directories that are set aside; belongs to the loop.</summary>
    public required Randomness Randomness { get; init; }

    /// <summary>Takes a sentence for the operator.</summary>
    public required Action<string> Report { get; init; }

    /// <summary>Told what could not be done to the log directory, and why: its owner takes it offline.</summary>
    public required Action<string, IOException> DiskFailed { get; init; }
}

/// <summary>A log that the directory held at start, open.</summary>
/// <param name="TopicId">Whose it is; null when it does not say.</param>
/// <param name="Log">Recovered; nobody else uses it.</param>
public sealed record FoundLog(Uuid? TopicId, PartitionLog Log);

/// <summary>
/// Keeps the replicas of this node as the metadata wants them: opens and makes logs, tells replicas of a new leader or configuration, takes
/// deleted ones out. Owned by its own loop on the background pool; any thread may post a change and look into <see cref="Table"/>.
/// </summary>
public sealed class LocalReplicas(LocalReplicasSetup setup)
{
    // By the name of their directory, whosever records they are.
    private readonly Dictionary<TopicPartition, FoundLog> _found = [];

    // Partitions whose directory is about to be moved out of the way, with what waits for its name.
    private readonly Dictionary<TopicPartition, Action?> _leaving = [];
    private MetadataImage _image = MetadataImage.Empty;
    private readonly HashSet<ActionTimer> _removals = [];
    private readonly ChangeRounds _rounds = new(setup.Loop);
    private bool _isStopping;

    /// <summary>Where handlers look replicas up.</summary>
    public ReplicaTable Table { get; } = new();

    /// <summary>Told on this object's loop of every replica that was made or changed, and of every one that has gone.</summary>
    public Action<Replica, bool>? Changed { get; set; }

    /// <summary>
    /// Takes in what the log directory held at start, then the first image; <paramref name="done"/> runs on this object's loop.
    /// </summary>
    public void Start(IReadOnlyList<FoundLog> logs, MetadataImage image, Action done) => Post(() =>
    {
        foreach (var log in logs)
        {
            _found[log.Log.Partition] = log;
        }

        foreach (var leftover in setup.Directory.Leftovers)
        {
            RemoveLater(leftover, delayMs: 0);
        }

        _image = image;
        var round = _rounds.Begin(image.EndOffset);
        foreach (var topic in image.Topics.All)
        {
            ApplyTopic(null, topic, image, round);
        }

        foreach (var stray in _found.Values)
        {
            SetAside(stray.Log);
        }

        _found.Clear();
        round.Done();
        done();
    });

    /// <summary>Takes in a change of the metadata. Any thread, in the order of the changes.</summary>
    public void OnMetadata(MetadataDelta delta) => Post(() => Apply(delta));

    /// <summary>
    /// Runs <paramref name="done"/>, on this object's loop, once the image that ends at <paramref name="offset"/> is taken in.
    /// </summary>
    public void WhenApplied(long offset, Action done) => Post(() => _rounds.WhenApplied(offset, done));

    /// <summary>
    /// Takes in no further change; <paramref name="stopped"/> runs on this object's loop when those under way are done, and nothing here
    /// touches the disk any more. What is marked as deleted is left to the next start.
    /// </summary>
    public void Stop(Action stopped) => Post(() =>
    {
        _isStopping = true;
        _rounds.WhenNone(() =>
        {
            foreach (var removal in _removals)
            {
                setup.Loop.Timers.Cancel(removal);
            }

            stopped();
        });
    });

    /// <summary>Takes every replica out of service: its disk has failed, or the broker stops.</summary>
    public void FailAll(ReplicaFailure failure) => Post(() =>
    {
        foreach (var replica in Table.Snapshot())
        {
            replica.Shard.Loop.Post(new ActionTask(() => replica.Fail(failure)));
        }
    });

    private void Apply(MetadataDelta delta)
    {
        if (_isStopping)
        {
            return;
        }

        _image = delta.After;
        var round = _rounds.Begin(delta.After.EndOffset);
        foreach (var id in delta.ChangedTopics)
        {
            var before = delta.Before.Topics.Find(id);
            if (delta.After.Topics.Find(id) is { } topic)
            {
                ApplyTopic(before, topic, delta.After, round);
            }
            else if (before is not null)
            {
                RemoveTopic(before, round);
            }
        }

        ApplyConfigs(delta, round);
        round.Done();
    }

    private void ApplyTopic(TopicImage? before, TopicImage topic, MetadataImage image, ChangeRound round)
    {
        for (var i = 0; i < topic.Partitions.Length; i++)
        {
            var partition = topic.Partitions[i];
            if (before is not null && ReferenceEquals(before.Find(i), partition))
            {
                continue;
            }

            var held = Table.Find(topic.Id, i);
            if (!partition.Replicas.Contains(setup.NodeId))
            {
                if (held is not null)
                {
                    Remove(held, round);
                }
            }
            else if (held is null)
            {
                AddOrWait(topic, i, round);
            }
            else
            {
                Become(held, State(partition, held.State.Config), round);
            }
        }
    }

    private void ApplyConfigs(MetadataDelta delta, ChangeRound round)
    {
        foreach (var resource in delta.ChangedConfigs)
        {
            var topics = resource.Kind switch
            {
                ConfigKind.Topic when delta.After.Topics.Find(resource.Name) is { } one => [one],
                ConfigKind.Broker => delta.After.Topics.All,
                _ => [],
            };
            foreach (var topic in topics)
            {
                var config = setup.ConfigOf(delta.After, topic.Name);
                for (var i = 0; i < topic.Partitions.Length; i++)
                {
                    if (Table.Find(topic.Id, i) is { } replica)
                    {
                        Become(replica, State(topic.Partitions[i], config), round);
                    }
                }
            }
        }
    }

    // A topic that was deleted and made again under its name waits until the directory of the old one has moved.
    private void AddOrWait(TopicImage topic, int partition, ChangeRound round)
    {
        var name = new TopicPartition(topic.Name, partition);
        if (!_leaving.TryGetValue(name, out var waiting))
        {
            Add(topic, partition);
            return;
        }

        round.Begin();
        _leaving[name] = waiting + (() =>
        {
            // Meanwhile it may have been deleted too.
            if (_image.Topics.Find(topic.Id) is { } now && Table.Find(topic.Id, partition) is null)
            {
                Add(now, partition);
            }

            round.Done();
        });
    }

    private void Left(TopicPartition partition)
    {
        _leaving.Remove(partition, out var waiting);
        waiting?.Invoke();
    }

    private void Add(TopicImage topic, int partition)
    {
        var name = new TopicPartition(topic.Name, partition);
        var state = State(topic.Partitions[partition], setup.ConfigOf(_image, topic.Name));
        try
        {
            if (_found.Remove(name, out var found) && found.TopicId != topic.Id)
            {
                // The directory is somebody else's, or was left before it said whose: it makes room before a log is made under its name.
                SetAside(found.Log);
                found = null;
            }

            var log = found?.Log ?? setup.Directory.CreateLog(name, topic.Id, state.Config, setup.Loop.NowWallMs).Log;
            var highWatermark = found is null ? 0 : setup.Directory.HighWatermarkOf(name);
            var replica = new Replica(setup.Shards.Of(topic.Id, partition), topic.Id, log, highWatermark, setup.NodeId, state);
            Table.Add(replica);
            replica.Shard.Loop.Post(new ActionTask(replica.Begin));
            Changed?.Invoke(replica, true);
        }
        catch (IOException e)
        {
            setup.DiskFailed($"opening {name}", e);
        }
    }

    private void Become(Replica replica, ReplicaState state, ChangeRound round)
    {
        round.Begin();
        replica.Shard.Loop.Post(new ActionTask(() =>
        {
            replica.Become(state);
            round.Done();
        }));
        Changed?.Invoke(replica, true);
    }

    private void RemoveTopic(TopicImage topic, ChangeRound round)
    {
        for (var i = 0; i < topic.Partitions.Length; i++)
        {
            if (Table.Find(topic.Id, i) is { } replica)
            {
                Remove(replica, round);
            }
        }
    }

    private void Remove(Replica replica, ChangeRound round)
    {
        Table.Remove(replica);
        Changed?.Invoke(replica, false);
        _leaving.Add(replica.Partition, null);
        round.Begin();
        replica.Shard.Loop.Post(new ActionTask(() =>
        {
            // From here on the shard does not touch the log; readers that hold slices keep its files open until they have sent them.
            replica.Fail(new ReplicaFailure(ErrorCode.UnknownTopicOrPartition, "the topic was deleted"));
            var delayMs = replica.State.Config.FileDeleteDelayMs;
            replica.Log.Abandon();

            // Its jobs name its files by their paths: none may still run when another partition has the directory's name.
            replica.Shard.Upkeep.Behind(() => Post(() =>
            {
                Delete(replica.Partition, delayMs);
                Left(replica.Partition);
                round.Done();
            }));
        }));
    }

    private void Delete(TopicPartition partition, long delayMs)
    {
        try
        {
            RemoveLater(setup.Directory.MarkDeleted(partition, setup.Randomness.NextUuid()), delayMs);
        }
        catch (IOException e)
        {
            setup.DiskFailed($"deleting {partition}", e);
        }
    }

    private void SetAside(PartitionLog log)
    {
        log.Abandon();
        try
        {
            var path = setup.Directory.MarkStray(log.Partition, setup.Randomness.NextUuid());
            setup.Report($"{log.Partition} is not assigned to this node: its directory is set aside as {path}");
        }
        catch (IOException e)
        {
            setup.DiskFailed($"setting {log.Partition} aside", e);
        }
    }

    private void RemoveLater(string path, long delayMs)
    {
        ActionTimer removal = null!;
        removal = new ActionTimer(() =>
        {
            _removals.Remove(removal);
            Remove(path);
        });
        _removals.Add(removal);
        setup.Loop.Timers.Set(removal, setup.Loop.DueIn(delayMs));
    }

    private void Remove(string path)
    {
        try
        {
            setup.Directory.Remove(path);
        }
        catch (IOException e)
        {
            setup.Report($"{path} cannot be removed: {e.Message}");
        }
    }

    private ReplicaState State(PartitionImage partition, LogConfig config) => new(
        partition.Leader,
        partition.LeaderEpoch,
        partition.PartitionEpoch,
        [.. partition.Isr],
        partition.Replicas.Length,
        partition.Leader == setup.NodeId,
        config);

    private void Post(Action action) => setup.Loop.Post(new ActionTask(action));
}
