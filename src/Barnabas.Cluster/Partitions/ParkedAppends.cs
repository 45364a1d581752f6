using Barnabas.Base;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The appends of one partition that wait: acks=all for the high watermark, and acks=1 of a topic that flushes for this replica's disk
/// alone. Owned by the partition's shard.
/// </summary>
internal sealed class ParkedAppends
{
    private readonly AckQueue _forCommit = new();
    private readonly AckQueue _forFlush = new();

    /// <summary>Parks an append; false when it is done, or has failed because the leader or those in sync are others since.</summary>
    /// <param name="part">Appended in this turn.</param>
    /// <param name="state">At the end of the turn.</param>
    /// <param name="doneEnd">What it waits for has come so far.</param>
    public bool TryAdd(PartitionAppend part, ReplicaState state, long doneEnd)
    {
        if (part.LeaderEpoch != state.LeaderEpoch)
        {
            // Other records may come to stand at these offsets.
            part.Error = ErrorCode.NotLeaderOrFollower;
            return false;
        }

        if (part.LastOffset < doneEnd)
        {
            part.Error = part.Committed ? OutcomeOfCommit(state) : ErrorCode.None;
            return false;
        }

        QueueOf(part).Add(part);
        return true;
    }

    /// <summary>Takes one out; false if it is not here.</summary>
    public bool Remove(PartitionAppend part) => QueueOf(part).Remove(part);

    /// <summary>Ends the waits below the high watermark: well, where enough are in sync.</summary>
    public void Commit(long highWatermark, ReplicaState state) => _forCommit.Release(highWatermark, OutcomeOfCommit(state));

    /// <summary>Acknowledges what is on the disk.</summary>
    public void Flush(long recoveryPoint) => _forFlush.Release(recoveryPoint, ErrorCode.None);

    /// <summary>Ends every wait with an error: the partition has moved, failed or gone.</summary>
    public void Fail(ErrorCode error)
    {
        _forCommit.Fail(error);
        _forFlush.Fail(error);
    }

    private static ErrorCode OutcomeOfCommit(ReplicaState state) =>
        state.HasEnoughInSync ? ErrorCode.None : ErrorCode.NotEnoughReplicasAfterAppend;

    private AckQueue QueueOf(PartitionAppend part) => part.Committed ? _forCommit : _forFlush;
}
