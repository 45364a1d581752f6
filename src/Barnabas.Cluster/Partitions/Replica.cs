using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Log;
using Barnabas.Log.Flushing;
using Barnabas.Log.Producers;
using Barnabas.Log.Retention;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// This node's copy of one partition. Owned by its shard's loop, which alone may call its methods; any thread may read
/// <see cref="View"/> and <see cref="State"/>, and nobody but this class may assume that high watermark and log end are equal.
/// </summary>
public sealed class Replica
{
    private readonly ParkedAppends _parked = new();
    private readonly PartitionLog _log;
    private readonly int _nodeId;
    private ReplicaState _state;
    private ReplicaFailure? _failure;
    private LogView _shown;
    private long _highWatermark;
    private bool _touched;

    /// <summary>Takes over an open log that nobody else uses; runs before any other thread can see the replica.</summary>
    /// <param name="shard">Its owner from now on.</param>
    /// <param name="topicId">Id of its topic.</param>
    /// <param name="log">Open and recovered.</param>
    /// <param name="highWatermark">The last one that was kept.</param>
    /// <param name="nodeId">This node.</param>
    /// <param name="state">What the metadata says.</param>
    internal Replica(PartitionShard shard, Uuid topicId, PartitionLog log, long highWatermark, int nodeId, ReplicaState state)
    {
        Shard = shard;
        TopicId = topicId;
        Followers = new FollowerProgress(this);
        Following = new Following(this);
        Flushes = new ReplicaFlushes(this);
        _log = log;
        _nodeId = nodeId;
        _state = state;
        _log.Config = state.Config;
        StartEpoch(state);
        _highWatermark = Math.Clamp(highWatermark, log.View.LogStartOffset, log.LogEndOffset);
        _highWatermark = NextHighWatermark();
        _shown = _log.Publish(_highWatermark);
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

    /// <summary>What the others have, while this node leads. Owner's turn.</summary>
    internal FollowerProgress Followers { get; }

    /// <summary>What comes from the leader, while another node leads. Owner's turn.</summary>
    internal Following Following { get; }

    /// <summary>Which jobs have the log's files. Owner's turn.</summary>
    internal ReplicaFlushes Flushes { get; }

    /// <summary>Who lives on this partition, or null. Owner's turn.</summary>
    public ReplicaResident? Resident { get; private set; }

    /// <summary>
    /// NotLeaderOrFollower, KafkaStorageError, FencedLeaderEpoch, UnknownLeaderEpoch or None, for a reader or writer. Any thread.
    /// </summary>
    /// <param name="leaderEpoch">The epoch that the client believes in, or -1 for any.</param>
    public ErrorCode CheckLeader(int leaderEpoch)
    {
        var failure = Failure?.Error ?? (Shard.Health.Failure is null ? ErrorCode.None : ErrorCode.KafkaStorageError);
        if (failure != ErrorCode.None)
        {
            return failure;
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
        _log.Config = state.Config;
        if (state.LeaderEpoch != before.LeaderEpoch)
        {
            StartEpoch(state);
            Followers.StartEpoch();
            Following.StartEpoch();
            _parked.Fail(ErrorCode.NotLeaderOrFollower);
            Waiters.WakeAll();
        }

        if (state.PartitionEpoch != before.PartitionEpoch)
        {
            // What was proposed is in this state, or is refused for its older partition epoch.
            Followers.EndJoining();
        }

        Resident?.Changed(state);
        Touch();
    }

    /// <summary>What a crash left above the recovery point is flushed at once: it shows, and may be compacted. Owner's turn.</summary>
    internal void Begin()
    {
        Shard.Loop.CheckOwned();
        if (_highWatermark < _log.LogEndOffset || _log.HasFlushWork)
        {
            Touch();
        }
    }

    /// <summary>Someone moves in, and is told what there is. Owner's turn.</summary>
    public void Settle(ReplicaResident resident)
    {
        Shard.Loop.CheckOwned();
        Resident = resident;
        resident.Changed(_state);
    }

    /// <summary>Puts one batch into the log, or its refusal into the part. The bytes are written at the end of the turn.</summary>
    internal void Append(PartitionAppend part)
    {
        Shard.Loop.CheckOwned();
        part.LeaderEpoch = _state.LeaderEpoch;
        if (!part.MayBeAppendedTo(this) || !part.MayJoinTransaction(this))
        {
            return;
        }

        var result = _log.AppendAsLeader(part.Batch, _state.LeaderEpoch, Shard.Loop.NowWallMs, part.Origin);
        part.Take(result);
        if (part.Error == ErrorCode.None)
        {
            Touch();
            if (part.Origin is AppendOrigin.TransactionEnd or AppendOrigin.TransactionEndV2)
            {
                Resident?.TransactionEnded(result.ProducerId, part.IsCommit, result.BaseOffset);
            }
        }
    }

    /// <summary>True when the part has to wait: for the high watermark, or where it is not to be committed for the disk.</summary>
    internal bool Park(PartitionAppend part)
    {
        // What is done before the failure is done: the turn wrote it and then retired the replica.
        var doneEnd = part.Committed ? _highWatermark : Flushes.KeptEnd;
        if (_failure is { } failure && part.LastOffset >= doneEnd)
        {
            part.Error = failure.Error;
            return false;
        }

        return _parked.TryAdd(part, _state, doneEnd);
    }

    /// <summary>Gives up a wait; false when it has been answered.</summary>
    internal bool Unpark(PartitionAppend part) => _parked.Remove(part);

    /// <summary>
    /// Moves the log's start forward for a client; -1 stands for the high watermark. The view that shows it is published when this returns.
    /// In a turn of the shard. Errors: those of <see cref="CheckLeader"/>, POLICY_VIOLATION where the topic's policy does not delete,
    /// OFFSET_OUT_OF_RANGE, KAFKA_STORAGE_ERROR.
    /// </summary>
    public (ErrorCode Error, long LowWatermark) DeleteRecords(long offset)
    {
        Shard.Loop.CheckOwned();
        Settle();
        var error = CheckLeader(-1);
        if (error == ErrorCode.None && !_state.Config.Cleanup.HasFlag(CleanupPolicy.Delete))
        {
            error = ErrorCode.PolicyViolation;
        }

        var target = offset == -1 ? _highWatermark : offset;
        if (error == ErrorCode.None && (target < 0 || target > _highWatermark))
        {
            error = ErrorCode.OffsetOutOfRange;
        }

        if (error == ErrorCode.None && target > _log.View.LogStartOffset)
        {
            error = _log.AdvanceLogStart(target);
            Touch();
        }

        return (error, error == ErrorCode.None ? _log.View.LogStartOffset : -1);
    }

    /// <summary>The producers that the log remembers. In a turn of the shard.</summary>
    public IReadOnlyList<ProducerDescription> DescribeProducers()
    {
        Shard.Loop.CheckOwned();
        return _log.DescribeProducers();
    }

    /// <summary>A reader on another thread could not read a file of the log: its owner takes it out of service. Any thread.</summary>
    public void ReadFailed(IOException error) => Shard.Loop.Post(new ActionTask(() => Shard.DiskFailed(this, error)));

    /// <summary>The end of a turn that touched this replica: write, move the high watermark, publish, acknowledge, wake.</summary>
    internal void EndTurn()
    {
        _touched = false;
        if (_failure is not null)
        {
            return;
        }

        var before = _shown;
        try
        {
            Shard.Health.Write(_log, Shard.Loop);
            var highWatermark = NextHighWatermark();
            Check.That(highWatermark >= _highWatermark || !_state.IsLeader);
            _highWatermark = highWatermark;
            _shown = _log.Publish(highWatermark, Following.LogStartOffset);
        }
        catch (IOException e)
        {
            Shard.WriteFailed(this, e);
            return;
        }

        var view = _shown;
        if (view.HighWatermark != before.HighWatermark)
        {
            _parked.Commit(_highWatermark, _state);
            Resident?.HighWatermarkAdvanced();
        }

        _parked.Flush(Flushes.KeptEnd);
        if (view.HighWatermark != before.HighWatermark || view.LastStableOffset != before.LastStableOffset
            || view.LogStartOffset != before.LogStartOffset)
        {
            Waiters.WakeAll();
        }
        else if (view.LogEndOffset != before.LogEndOffset)
        {
            Waiters.WakeFollowers();
        }

        Flushes.FlushIfNeeded();
    }

    /// <summary>A flush has come back: acknowledgements that waited for the disk go on.</summary>
    internal void Flushed(FlushJob job)
    {
        Flushes.Ended();
        if (_failure is null)
        {
            _log.CompleteFlush(job);
            Touch();
        }
    }

    /// <summary>Takes old segments out of the log; their files are the caller's to remove.</summary>
    internal DeleteJob? Delete(RetentionPlan plan)
    {
        Settle();
        if (_failure is not null)
        {
            return null;
        }

        try
        {
            return Flushes.DeleteBegins(_log.Delete(plan, Shard.Loop.NowWallMs));
        }
        catch (IOException e)
        {
            Shard.WriteFailed(this, e);
            return null;
        }
        finally
        {
            Touch();
        }
    }

    /// <summary>Forgets producers that were silent too long at a time by which ages are judged.</summary>
    internal void ExpireProducers(long nowMs) => (_failure is null ? _log : null)?.ExpireProducers(nowMs);

    /// <summary>
    /// Closes the log cleanly. Blocks; on a background thread, after <see cref="Fail"/> has taken the shard's hands off it.
    /// </summary>
    public void CloseLog()
    {
        Check.That(_failure is not null);
        _log.Close();
    }

    /// <summary>Lets go of the files as they are, for a directory that has failed. As <see cref="CloseLog"/>.</summary>
    public void AbandonLog()
    {
        Check.That(_failure is not null);
        _log.Abandon();
    }

    /// <summary>
    /// Takes the partition out of service, for good or until it is opened again: every wait is answered with the error. In a turn of the
    /// shard.
    /// </summary>
    public void Fail(ReplicaFailure failure)
    {
        if (_failure is not null)
        {
            return;
        }

        Volatile.Write(ref _failure, failure);
        _parked.Fail(failure.Error);
        Flushes.Stop();
        Resident?.Failed(failure.Error);
        Waiters.WakeAll();
    }

    /// <summary>
    /// The log was cut as a leader told: of committed records only where that leader was elected without them. Owner's turn.
    /// </summary>
    internal void LogWasCut()
    {
        _highWatermark = Math.Clamp(_highWatermark, _log.View.LogStartOffset, _log.LogEndOffset);
        Touch();
    }

    /// <summary>
    /// As <see cref="Fail"/>, but what the turn has staged is written first: somebody else goes on with the log. In a turn of the shard.
    /// </summary>
    public void Retire(ReplicaFailure failure)
    {
        Settle();
        Fail(failure);
    }

    internal void Touch()
    {
        if (!_touched)
        {
            _touched = true;
            Shard.Touched(this);
        }
    }

    /// <summary>Before the log itself is changed: what earlier tasks of this turn have staged is written and shown.</summary>
    internal void Settle()
    {
        if (_touched)
        {
            EndTurn();
        }
    }

    private void StartEpoch(ReplicaState state)
    {
        if (state.IsLeader)
        {
            _log.StartEpoch(state.LeaderEpoch);
        }
    }

    // The leader's high watermark is what all in sync have; where one of them has not told yet it cannot move. A follower's is the
    // leader's, as far as its log goes.
    private long NextHighWatermark()
    {
        if (!_state.IsLeader)
        {
            return Math.Max(_highWatermark, Math.Min(Following.HighWatermark, _log.LogEndOffset));
        }

        return Math.Max(_highWatermark, Followers.CommittedEnd(_nodeId, Flushes.KeptEnd, _state.InSyncReplicas));
    }
}
