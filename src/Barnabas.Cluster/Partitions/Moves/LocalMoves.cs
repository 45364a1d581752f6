using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Directories;

namespace Barnabas.Cluster.Partitions.Moves;

/// <summary>
/// Which replicas of this node move to which directory, and what was wished for partitions that are not here yet. Owned by the loop of <see
/// cref="LocalReplicas"/>; any thread may look at <see cref="Now"/>.
/// </summary>
public sealed class LocalMoves
{
    private const int WishesMax = 10_000;
    private readonly LocalReplicas _replicas;
    private readonly DirectoryDisposal _disposal;
    private readonly ReplicaDirectories _directories;
    private readonly ReplicaMoves _moves;
    private readonly Dictionary<TopicPartition, ReplicaMove> _running = [];
    private readonly Dictionary<TopicPartition, Action> _afterwards = [];
    private readonly Dictionary<TopicPartition, ReplicaDirectory> _wishes = [];
    private ReplicaMove[] _now = [];

    internal LocalMoves(LocalReplicas replicas, DirectoryDisposal disposal, LocalReplicasSetup setup)
    {
        _replicas = replicas;
        _disposal = disposal;
        _directories = setup.Directories;
        _moves = setup.Moves;
    }

    /// <summary>The moves that go on. Any thread.</summary>
    public IReadOnlyList<ReplicaMove> Now => Volatile.Read(ref _now);

    /// <summary>
    /// Begins to move a replica to a directory. Errors: LOG_DIR_NOT_FOUND for a path that is none of <c>log.dirs</c>, KAFKA_STORAGE_ERROR
    /// for one that is offline or a replica that is, INVALID_REPLICA_ASSIGNMENT for a cordoned one, UNKNOWN_TOPIC_OR_PARTITION for a
    /// partition that is not here: it goes there once it is made.
    /// </summary>
    internal ErrorCode Ask(TopicPartition partition, string path)
    {
        if (_directories.Find(path) is not { } to)
        {
            return _directories.IsOffline(path) ? ErrorCode.KafkaStorageError : ErrorCode.LogDirNotFound;
        }

        var held = _replicas.Table.Find(partition.Topic, partition.Partition);
        var isThere = held is not null && _directories.Of(held) == to;
        if (!to.IsOnline || held?.Failure is { Error: ErrorCode.KafkaStorageError })
        {
            return ErrorCode.KafkaStorageError;
        }

        if (_directories.IsCordoned(to) && !isThere)
        {
            return ErrorCode.InvalidReplicaAssignment;
        }

        if (held is null)
        {
            if (_wishes.Count < WishesMax || _wishes.ContainsKey(partition))
            {
                _wishes[partition] = to;
            }

            return ErrorCode.UnknownTopicOrPartition;
        }

        Go(partition, to);
        return ErrorCode.None;
    }

    /// <summary>Goes on with what another run of the program left, once the replicas are there; what nobody wants goes.</summary>
    internal void Resume()
    {
        foreach (var directory in _directories.All.Where(d => d.IsOnline))
        {
            foreach (var left in directory.Files.Futures)
            {
                var held = _replicas.Table.Find(left.Partition.Topic, left.Partition.Partition);
                if (held is null || held.TopicId != left.TopicId)
                {
                    _disposal.SetAside(directory, left);
                }
                else if (_directories.Of(held) == directory || _running.ContainsKey(left.Partition))
                {
                    _disposal.Discard(directory, left);
                }
                else if (directory.Files.WasClean)
                {
                    Run(new ReplicaMove(held, _directories.Of(held), directory) { Leftover = left });
                }
                else
                {
                    // What a copy holds is synced when it is closed: a power cut may have taken any part of it, and the log has all.
                    _disposal.Discard(directory, left);
                    Run(new ReplicaMove(held, _directories.Of(held), directory));
                }
            }
        }
    }

    /// <summary>The directory that was wished for a partition that is about to be made; null for none.</summary>
    internal ReplicaDirectory? TakeWish(TopicPartition partition) =>
        _wishes.Remove(partition, out var wish) && wish.IsOnline ? wish : null;

    /// <summary>Runs an action when no move of the partition is under way: now, or at the end of the one that is.</summary>
    internal void WhenEnded(TopicPartition partition, Action action)
    {
        if (_running.ContainsKey(partition))
        {
            _afterwards[partition] = _afterwards.GetValueOrDefault(partition) + action;
            return;
        }

        action();
    }

    // Where the replica is now says too little while it moves: a move may be past cancelling. What was asked last is looked at again then.
    private void Go(TopicPartition partition, ReplicaDirectory to)
    {
        if (_running.TryGetValue(partition, out var running))
        {
            if (running.To != to || running.IsCancelled)
            {
                running.Cancel();
                WhenEnded(partition, () => Go(partition, to));
            }
        }
        else if (_replicas.Table.Find(partition.Topic, partition.Partition) is { } held && _directories.Of(held) != to)
        {
            Run(new ReplicaMove(held, _directories.Of(held), to));
        }
    }

    private void Run(ReplicaMove move)
    {
        _running[move.Source.Partition] = move;
        move.To.PartitionCount++;
        Publish();
        _moves.Start(move, result => _replicas.Post(() => Ended(move, result)));
    }

    private void Ended(ReplicaMove move, MoveResult result)
    {
        Publish();
        if (result.Leftover is { } leftover)
        {
            _disposal.RemoveLater(move.To, leftover, delayMs: 0);
        }

        // The count of the directory it leaves falls when its old files go.
        move.To.PartitionCount -= result.Log is null ? 1 : 0;
        if (!result.IsStopped && Settle(move, result.Log))
        {
            // Jobs name the old files by their paths: until none can run any more, nothing new may get the directory's name.
            var (old, round) = (move.Source, _replicas.BeginRound());
            old.Shard.Upkeep.Behind(old.Log, () => _replicas.Post(() =>
            {
                _disposal.Delete(old, old.State.Config.FileDeleteDelayMs);
                Leave(old.Partition);
                round.Done();
            }));
            return;
        }

        Leave(move.Source.Partition);
    }

    private void Leave(TopicPartition partition)
    {
        _running.Remove(partition);
        if (_afterwards.Remove(partition, out var afterwards))
        {
            afterwards();
        }
    }

    // True when the replica has left its old directory.
    private bool Settle(ReplicaMove move, PartitionLog? log)
    {
        var old = move.Source;
        if (_replicas.Table.Find(old.TopicId, old.Partition.Partition) != old)
        {
            // The topic was deleted meanwhile.
            log?.Abandon();
            if (log is not null)
            {
                move.To.PartitionCount--;
                _disposal.Discard(move.To, new PartitionDirectory(log.Partition, old.TopicId, log.DirectoryPath));
            }
        }
        else if (log is not null)
        {
            old.Log.Abandon();
            _replicas.Replace(old, log, move.To);
            return true;
        }
        else if (move.HasFrozen && move.From.IsOnline)
        {
            _replicas.Replace(old, old.Log, move.From);
        }
        else if (move.HasAssigned)
        {
            _replicas.Assignments.Note(old, move.From, move.To.Id);
            _replicas.Assignments.Tell();
        }

        return false;
    }

    private void Publish() => Volatile.Write(ref _now, [.. _running.Values.Where(move => move.Stage != MoveStage.Ended)]);
}
