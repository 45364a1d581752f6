using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// Schedules the replicas of one shard: its loop owns them all, gathers what a turn brought them and ends the turn with the writes, the
/// acknowledgements and the wake-ups. Knows no API. Owned by its loop; any thread may post to <see cref="Loop"/>.
/// </summary>
public sealed class PartitionShard
{
    private readonly List<Replica> _touched = [];
    private AppendTask? _firstEnding;
    private AppendTask? _lastEnding;

    /// <summary>Takes a loop of its own.</summary>
    /// <param name="index">A number of its own among all shards of the broker, from 0 on.</param>
    /// <param name="loop">Not used by anyone else yet.</param>
    /// <param name="health">The log directory of all its replicas; told, in this shard's turn, that one could not be written.</param>
    public PartitionShard(int index, Loop loop, DirectoryHealth health)
    {
        Index = index;
        Loop = loop;
        Health = health;
        loop.TurnEnd = EndTurn;
    }

    public int Index { get; }

    /// <summary>The log directory that its replicas lie in.</summary>
    public DirectoryHealth Health { get; }

    /// <summary>Who does the slow work on this shard's logs; set once before the first replica comes.</summary>
    internal LogUpkeep Upkeep { get; set; } = null!;

    public Loop Loop { get; }

    internal void Touched(Replica replica)
    {
        Loop.CheckOwned();
        _touched.Add(replica);
    }

    /// <summary>The task's parts are staged: settle it when the turn has written them.</summary>
    internal void EndsThisTurn(AppendTask task)
    {
        task.NextInTurn = null;
        if (_lastEnding is null)
        {
            _firstEnding = task;
        }
        else
        {
            _lastEnding.NextInTurn = task;
        }

        _lastEnding = task;
    }

    /// <summary>A log failed in this turn: its appends fail with it, and its directory goes offline.</summary>
    internal void DiskFailed(Replica replica, IOException error)
    {
        // One that is out of service already may have been closed under a reader.
        if (replica.Failure is null)
        {
            TakeOut(replica, error);
            Health.Fail($"{replica.Partition}", error);
        }
    }

    /// <summary>
    /// As the other, for what a turn gathered. Where the disk was full, the replica alone is out of service, until its log is rewound to
    /// what was there before.
    /// </summary>
    internal void WriteFailed(Replica replica, IOException error)
    {
        if (error is not DiskFullException || Health.RanOutOfRoom is not { } rewind)
        {
            DiskFailed(replica, error);
            return;
        }

        Health.Room.Exhaust();
        TakeOut(replica, error);
        rewind(replica);
    }

    private void TakeOut(Replica replica, IOException error)
    {
        for (var task = _firstEnding; task is not null; task = task.NextInTurn)
        {
            task.FailParts(replica, ErrorCode.KafkaStorageError);
        }

        replica.Fail(new ReplicaFailure(ErrorCode.KafkaStorageError, error.Message));
    }

    private void EndTurn()
    {
        // Ending one replica may touch another (a machine appends when its high watermark moves): go on until none is left.
        for (var i = 0; i < _touched.Count; i++)
        {
            _touched[i].EndTurn();
        }

        _touched.Clear();
        while (_firstEnding is { } task)
        {
            _firstEnding = task.NextInTurn;
            if (_firstEnding is null)
            {
                _lastEnding = null;
            }

            task.NextInTurn = null;
            task.Settle();
        }
    }
}
