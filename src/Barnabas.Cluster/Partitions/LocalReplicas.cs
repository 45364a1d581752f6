using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions.Moves;
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

    /// <summary>Where the replicas lie, and where new ones go.</summary>
    public required ReplicaDirectories Directories { get; init; }

    /// <summary>Moves replicas between directories.</summary>
    public required ReplicaMoves Moves { get; init; }

    /// <summary>Tells the controller where replicas lie that the metadata has elsewhere or nowhere. On the loop.</summary>
    public Action<IReadOnlyList<ReplicaAssignment>> Assign { get; init; } = _ => { };

    /// <summary>The configuration in force for a topic.</summary>
    public required Func<MetadataImage, string, LogConfig> ConfigOf { get; init; }

    /// <summary>For the names of directories that are set aside; belongs to the loop.</summary>
    public required Randomness Randomness { get; init; }

    /// <summary>Takes a sentence for the operator.</summary>
    public required Action<string> Report { get; init; }
}

/// <summary>
/// Keeps the replicas of this node as the metadata wants them: opens and makes logs, tells replicas of a new leader or configuration, takes
/// deleted ones out. Owned by its own loop on the background pool; any thread may post a change and look into <see cref="Table"/>.
/// </summary>
public sealed class LocalReplicas
{
    private const long RetryUs = 1_000_000;
    private readonly LocalReplicasSetup _setup;
    private readonly FoundLogs _found;

    // Partitions whose directory is about to be moved out of the way, with what waits for its name.
    private readonly Dictionary<TopicPartition, Action?> _leaving = [];
    private readonly ChangeRounds _rounds;
    private readonly DirectoryDisposal _disposal;
    private MetadataImage _image = MetadataImage.Empty;
    private bool _isStopping;

    /// <summary>Holds nothing until <see cref="Start"/>.</summary>
    public LocalReplicas(LocalReplicasSetup setup)
    {
        _setup = setup;
        _rounds = new ChangeRounds(setup.Loop);
        _disposal = new DirectoryDisposal(setup);
        _found = new FoundLogs(setup.Directories);
        Assignments = new DirectoryAssignments(setup, () => _image);
        Moves = new LocalMoves(this, _disposal, setup);
        foreach (var directory in setup.Directories.All)
        {
            directory.Health.RanOutOfRoom = replica => Post(() => Rewind(replica, directory));
        }
    }

    /// <summary>The replicas that move between directories.</summary>
    public LocalMoves Moves { get; }

    /// <summary>What the controller is to be told. Only on this object's loop.</summary>
    internal DirectoryAssignments Assignments { get; }

    /// <summary>Where handlers look replicas up.</summary>
    public ReplicaTable Table { get; } = new();

    /// <summary>Told on this object's loop of every replica that was made or changed, and of every one that has gone.</summary>
    public Action<Replica, bool>? Changed { get; set; }

    /// <summary>
    /// Takes in what the log directories held at start, then the first image; <paramref name="done"/> runs on this object's loop.
    /// </summary>
    public void Start(IReadOnlyList<FoundLog> logs, MetadataImage image, Action done) => Post(() =>
    {
        foreach (var log in logs)
        {
            _found.Add(log);
        }

        foreach (var directory in _setup.Directories.All)
        {
            foreach (var leftover in directory.Files.Leftovers)
            {
                _disposal.RemoveLater(directory, leftover, delayMs: 0);
            }
        }

        _image = image;
        var round = _rounds.Begin(image.EndOffset);
        foreach (var topic in image.Topics.All)
        {
            ApplyTopic(null, topic, image, round);
        }

        _found.Drain(_disposal.SetAside, _disposal.SetAside);
        Assignments.Tell();
        Moves.Resume();
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
    /// touches the disk any more. What is marked as deleted is left to the next start. The moves have stopped before.
    /// </summary>
    public void Stop(Action stopped) => Post(() =>
    {
        _isStopping = true;
        _rounds.WhenNone(() =>
        {
            _disposal.Stop();
            stopped();
        });
    });

    /// <summary>
    /// Moves a replica to another directory, or cancels its move; <paramref name="answer"/> gets the outcome of asking, on this object's
    /// loop. Any thread.
    /// </summary>
    public void Move(TopicPartition partition, string path, Action<ErrorCode> answer) => Post(() => answer(Moves.Ask(partition, path)));

    /// <summary>What a stop waits for, until it is done. On this object's loop.</summary>
    internal ChangeRound BeginRound() => _rounds.Begin(_image.EndOffset);

    /// <summary>Runs an action on this object's loop, behind all that was posted. Any thread.</summary>
    public void Post(Action action) => _setup.Loop.Post(new ActionTask(action));

    /// <summary>Takes every replica in a directory out of service: its disk has failed.</summary>
    public void FailAll(DirectoryHealth directory, ReplicaFailure failure) => Post(() =>
    {
        foreach (var replica in Table.Snapshot(directory))
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
        Assignments.Tell();
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
            if (!partition.Replicas.Contains(_setup.NodeId))
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
                Become(held, ReplicaState.Of(partition, held.State.Config, _setup.NodeId), round);
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
                var config = _setup.ConfigOf(delta.After, topic.Name);
                for (var i = 0; i < topic.Partitions.Length; i++)
                {
                    if (Table.Find(topic.Id, i) is { } replica)
                    {
                        Become(replica, ReplicaState.Of(topic.Partitions[i], config, _setup.NodeId), round);
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

    private void Left(TopicPartition partition) => (_leaving.Remove(partition, out var waiting) ? waiting : null)?.Invoke();

    private void Add(TopicImage topic, int partition)
    {
        var name = new TopicPartition(topic.Name, partition);
        var assigned = topic.Partitions[partition].DirectoryOf(_setup.NodeId);

        // Others of its name are somebody else's, or were left before they said whose they are.
        var found = _found.Claim(name, topic.Id, assigned, _disposal.SetAside);
        var place = _found.IsDamaged(name) ? null : Moves.TakeWish(name) ?? _setup.Directories.PlaceFor(assigned);
        if ((found?.Place ?? place) is not { } directory)
        {
            _setup.Report($"{name} is in no directory that can be used ({assigned}): it is offline until the directory is back");
            return;
        }

        var state = ReplicaState.Of(topic.Partitions[partition], _setup.ConfigOf(_image, topic.Name), _setup.NodeId);
        try
        {
            var log = found?.Log ?? directory.Files.CreateLog(name, topic.Id, state.Config, _setup.Loop.NowWallMs).Log;
            var highWatermark = found is null ? 0 : directory.Files.HighWatermarkOf(name);
            var replica = new Replica(directory.Shards.Of(topic.Id, partition), topic.Id, log, highWatermark, _setup.NodeId, state);
            directory.PartitionCount++;
            Table.Add(replica);
            replica.Shard.Loop.Post(new ActionTask(replica.Begin));
            Changed?.Invoke(replica, true);
            Assignments.Note(replica, directory, assigned);
        }
        catch (DiskFullException e)
        {
            directory.Health.Room.Exhaust();
            _setup.Report($"{name} cannot be made yet: {e.Message}");
            _setup.Loop.Timers.Set(new ActionTimer(() => AddAgain(topic.Id, partition)), _setup.Loop.NowUs + RetryUs);
        }
        catch (IOException e)
        {
            directory.Health.Fail($"opening {name}", e);
        }
    }

    private void AddAgain(Uuid topicId, int partition)
    {
        if (!_isStopping && _image.Topics.Find(topicId) is { } topic && Table.Find(topicId, partition) is null)
        {
            var round = _rounds.Begin(_image.EndOffset);
            AddOrWait(topic, partition, round);
            Assignments.Tell();
            round.Done();
        }
    }

    // The disk was full in the middle of an append: the log goes back to what it was, and the replica on.
    private void Rewind(Replica replica, ReplicaDirectory directory)
    {
        try
        {
            if (directory.IsOnline && Table.Find(replica.TopicId, replica.Partition.Partition) == replica)
            {
                replica.Log.Rewind();
                Replace(replica, replica.Log, directory);
            }
        }
        catch (IOException e)
        {
            directory.Health.Fail($"cutting {replica.Partition}", e);
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
            replica.Shard.Upkeep.Behind(replica.Log, () => Post(() =>
            {
                _disposal.Delete(replica, delayMs);

                // The copy of a move has the name too, almost; a move whose replica is out of service gives up.
                Moves.WhenEnded(replica.Partition, () =>
                {
                    Left(replica.Partition);
                    round.Done();
                });
            }));
        }));
    }

    /// <summary>
    /// Another object takes the place of one that is out of service, over the same log or another: the replica may change its shard.
    /// </summary>
    internal void Replace(Replica old, PartitionLog log, ReplicaDirectory directory)
    {
        var index = old.Partition.Partition;
        var partition = _image.Topics.Find(old.TopicId)!.Partitions[index];
        var state = ReplicaState.Of(partition, _setup.ConfigOf(_image, old.Partition.Topic), _setup.NodeId);
        var replica = new Replica(
            directory.Shards.Of(old.TopicId, index), old.TopicId, log, old.View.HighWatermark, _setup.NodeId, state);
        Table.Add(replica);
        replica.Shard.Loop.Post(new ActionTask(replica.Begin));
        Changed?.Invoke(old, false);
        Changed?.Invoke(replica, true);
        Assignments.Note(replica, directory, partition.DirectoryOf(_setup.NodeId));
        Assignments.Tell();
    }
}
