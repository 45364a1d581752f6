using Barnabas.Base;
using Barnabas.Log;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// This node's copy of one partition. Owned by its shard's loop, which alone may call its methods; any thread may read
/// <see cref="View"/> and <see cref="State"/>, and nobody but this class may assume that high watermark and log end are equal.
/// </summary>
public sealed class Replica
{
    private readonly AckQueue _acks = new();
    private readonly PartitionLog _log;
    private readonly int _nodeId;
    private ReplicaState _state;
    private ReplicaFailure? _failure;
    private long _highWatermark;
    private bool _touched;

    /// <summary>Takes over an open log; the first state follows by <see cref="Become"/>.</summary>
    internal Replica(PartitionShard shard, Uuid topicId, PartitionLog log, long highWatermark, int nodeId)
    {
        Shard = shard;
        TopicId = topicId;
        _log = log;
        _nodeId = nodeId;
        _highWatermark = Math.Clamp(highWatermark, log.LogStartOffset, log.LogEndOffset);
        _state = new ReplicaState(-1, -1, -1, [], false, log.Config);
        _log.Publish(_highWatermark);
    }

    /// <summary>The loop that owns this replica.</summary>
    public PartitionShard Shard { get; }

    public TopicPartition Partition => _log.Partition;

    public Uuid TopicId { get; }

    /// <summary>What readers may see of the log. Any thread.</summary>
    public LogView View => _log.View;

    /// <summary>What the metadata says. Any thread.</summary>
    public ReplicaState State => Volatile.Read(ref _state);

    /// <summary>Why the log cannot be used any more, or null. Any thread.</summary>
    public ReplicaFailure? Failure => Volatile.Read(ref _failure);

    /// <summary>The log itself, for the owner's turns and for closed, immutable inputs of slow work.</summary>
    internal PartitionLog Log => _log;

    internal FetchWaiters Waiters { get; } = new();

    /// <summary>Told of a new high watermark, in the owner's turn; a machine that lives on this partition listens.</summary>
    internal Action<long>? HighWatermarkAdvanced { get; set; }

    /// <summary>NotLeaderOrFollower, KafkaStorageError, FencedLeaderEpoch, UnknownLeaderEpoch or None, for a reader or writer. Any thread.</summary>
    /// <param name="leaderEpoch">The epoch that the client believes in, or -1 for any.</param>
    public ErrorCode CheckLeader(int leaderEpoch)
    {
        if (Failure is { } failure)
        {
            return failure.Error;
        }

        var state = State;
        if (leaderEpoch >= 0 && leaderEpoch != state.LeaderEpoch)
        {
            return leaderEpoch < state.LeaderEpoch ? ErrorCode.FencedLeaderEpoch : ErrorCode.UnknownLeaderEpoch;
        }

        return state.IsLeader ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
    }

    /// <summary>Takes in a new state of the metadata; waits that it ends are answered.</summary>
    internal void Become(ReplicaState state)
    {
        Shard.Loop.CheckOwned();
        var before = _state;
        Volatile.Write(ref _state, state);
        if (!ReferenceEquals(before.Config, state.Config))
        {
            _log.Configure(state.Config);
        }

        if (state.LeaderEpoch != before.LeaderEpoch)
        {
            Guard(() => StartEpoch(state));
            _acks.Fail(ErrorCode.NotLeaderOrFollower);
            Waiters.WakeAll();
        }

        Touch();
    }

    /// <summary>Puts one batch into the log, or its refusal into the part. The bytes are written at the end of the turn.</summary>
    internal void Append(PartitionAppend part)
    {
        Shard.Loop.CheckOwned();
        part.Error = CheckAppend(part.Committed);
        if (part.Error != ErrorCode.None)
        {
            return;
        }

        var result = _log.AppendAsLeader(part.Batch, part.Header, _state.LeaderEpoch, Shard.Loop.NowWallMs);
        part.Error = result.Error;
        part.BaseOffset = result.BaseOffset;
        part.LastOffset = result.LastOffset;
        part.LogAppendTimeMs = result.LogAppendTimeMs;
        part.LogStartOffset = result.LogStartOffset;
        if (part.Error == ErrorCode.None)
        {
            Touch();
        }
    }

    /// <summary>True when the part has to wait for the high watermark; false when it is committed or has failed.</summary>
    internal bool Park(PartitionAppend part)
    {
        if (_failure is { } failure)
        {
            part.Error = failure.Error;
            return false;
        }

        if (part.LastOffset < _highWatermark)
        {
            return false;
        }

        _acks.Add(part);
        return true;
    }

    /// <summary>Gives up a wait; false when it has been answered.</summary>
    internal bool Unpark(PartitionAppend part) => _acks.Remove(part);

    /// <summary>Moves the log's start forward (DeleteRecords, retention); -1 stands for the high watermark.</summary>
    internal (ErrorCode Error, long LowWatermark) AdvanceStart(long offset)
    {
        Shard.Loop.CheckOwned();
        var error = CheckLeader(-1);
        if (error != ErrorCode.None)
        {
            return (error, -1);
        }

        var target = offset == -1 ? _highWatermark : offset;
        if (target < 0 || target > _highWatermark)
        {
            return (ErrorCode.OffsetOutOfRange, -1);
        }

        if (target > _log.LogStartOffset)
        {
            Guard(() => _log.AdvanceStart(target));
            Touch();
        }

        return _failure is null ? (ErrorCode.None, _log.LogStartOffset) : (_failure.Error, -1);
    }

    /// <summary>The end of a turn that touched this replica: write, move the high watermark, publish, acknowledge, wake.</summary>
    internal void EndTurn()
    {
        _touched = false;
        if (_failure is not null)
        {
            return;
        }

        try
        {
            _log.WriteStaged();
        }
        catch (IOException e)
        {
            Shard.DiskFailed(this, e);
            return;
        }

        var before = _log.View;
        var highWatermark = NextHighWatermark();
        Check.That(highWatermark >= _highWatermark || !_state.IsLeader);
        _highWatermark = highWatermark;
        _log.Publish(highWatermark);
        var view = _log.View;
        if (view.HighWatermark != before.HighWatermark)
        {
            _acks.Release(highWatermark);
            HighWatermarkAdvanced?.Invoke(highWatermark);
        }

        if (view.HighWatermark != before.HighWatermark || view.LastStableOffset != before.LastStableOffset
            || view.LogStartOffset != before.LogStartOffset)
        {
            Waiters.WakeAll();
        }
    }

    /// <summary>Takes the partition out of service, for good or until it is opened again: every wait is answered with the error.</summary>
    internal void Fail(ReplicaFailure failure)
    {
        if (_failure is not null)
        {
            return;
        }

        Volatile.Write(ref _failure, failure);
        _acks.Fail(failure.Error);
        Waiters.WakeAll();
    }

    internal void Touch()
    {
        if (!_touched)
        {
            _touched = true;
            Shard.Touched(this);
        }
    }

    private ErrorCode CheckAppend(bool committed)
    {
        var error = CheckLeader(-1);
        if (error == ErrorCode.None && committed && _state.InSyncReplicas.Length < _state.Config.MinInsyncReplicas)
        {
            return ErrorCode.NotEnoughReplicas;
        }

        return error;
    }

    private void StartEpoch(ReplicaState state)
    {
        if (state.IsLeader)
        {
            _log.StartLeaderEpoch(state.LeaderEpoch);
        }
    }

    // The leader's high watermark is what all of the ISR has. Alone in it, that is the end of the log; with others it cannot move without
    // word from them.
    private long NextHighWatermark() =>
        _state is { IsLeader: true, InSyncReplicas.Length: 1 } && _state.InSyncReplicas[0] == _nodeId ? _log.LogEndOffset : _highWatermark;

    private void Guard(Action disk)
    {
        try
        {
            disk();
        }
        catch (IOException e)
        {
            Shard.DiskFailed(this, e);
        }
    }
}

/// <summary>Why a replica is out of service.</summary>
/// <param name="Error">What clients are told.</param>
/// <param name="Reason">What the log says.</param>
public sealed record ReplicaFailure(ErrorCode Error, string Reason);
