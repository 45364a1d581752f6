using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Epochs;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The follower's side of a partition with several replicas: what comes from the leader goes into the log, and what the leader does not
/// have out of it. Owned by the partition's shard.
/// </summary>
internal sealed class Following(Replica replica)
{
    /// <summary>What the leader of this epoch has last told of its high watermark.</summary>
    public long HighWatermark { get; private set; }

    /// <summary>Another leader epoch has begun.</summary>
    public void StartEpoch() => HighWatermark = 0;

    /// <summary>
    /// Takes the leader's answer in. The bytes stay where they are until the end of the turn. Errors: those of
    /// <see cref="Check"/>, OFFSET_OUT_OF_RANGE for an answer that this log does not wait for any more, those of
    /// <see cref="PartitionLog.AppendVerbatim"/>. In a turn of the shard.
    /// </summary>
    public ErrorCode Append(in LeaderAnswer answer)
    {
        replica.Shard.Loop.CheckOwned();
        var error = Check(answer.LeaderEpoch);
        if (error == ErrorCode.None && answer.FetchOffset != replica.Log.LogEndOffset)
        {
            error = ErrorCode.OffsetOutOfRange;
        }

        if (error != ErrorCode.None)
        {
            return error;
        }

        if (answer.LogStartOffset > replica.View.LogStartOffset && answer.LogStartOffset <= replica.View.HighWatermark)
        {
            replica.Settle();
            replica.Log.AdvanceLogStart(answer.LogStartOffset);
        }

        replica.Touch();
        if (answer.Batches.Length > 0)
        {
            error = replica.Log.AppendVerbatim(answer.Batches, replica.Shard.Loop.NowWallMs).ErrorCode;
        }

        if (error == ErrorCode.None)
        {
            HighWatermark = Math.Max(HighWatermark, answer.HighWatermark);
        }

        return error;
    }

    /// <summary>
    /// Cuts what the leader does not have. The leader's word is not the last one where this log knows no such epoch: the next fetch tells.
    /// Blocks. Errors: those of <see cref="Check"/>, KAFKA_STORAGE_ERROR.
    /// </summary>
    public ErrorCode Truncate(int leaderEpoch, EpochEntry diverging) => Change(leaderEpoch, () =>
    {
        var own = replica.View.Epochs.EndOffsetFor(diverging.Epoch, replica.View.LogEndOffset).StartOffset;
        replica.Log.TruncateTo(own < 0 ? diverging.StartOffset : Math.Min(own, diverging.StartOffset), replica.Shard.Loop.NowWallMs);
    });

    /// <summary>
    /// Where the log lies outside of the leader's: drops everything and begins at <paramref name="offset"/>. Blocks. Errors: those of
    /// <see cref="Check"/>, KAFKA_STORAGE_ERROR.
    /// </summary>
    public ErrorCode StartOver(int leaderEpoch, long offset) =>
        Change(leaderEpoch, () => replica.Log.TruncateFully(offset, replica.Shard.Loop.NowWallMs));

    /// <summary>FencedLeaderEpoch for an epoch that is over, UnknownLeaderEpoch, NotLeaderOrFollower, the failure's, or None.</summary>
    public ErrorCode Check(int leaderEpoch)
    {
        var error = replica.CheckLeader(leaderEpoch);
        return error == ErrorCode.NotLeaderOrFollower && replica.Failure is null ? ErrorCode.None
            : error == ErrorCode.None ? ErrorCode.NotLeaderOrFollower
            : error;
    }

    // A change of the log itself, which may take committed records only where the leader was elected without them.
    private ErrorCode Change(int leaderEpoch, Action change)
    {
        replica.Shard.Loop.CheckOwned();
        replica.Settle();
        var error = Check(leaderEpoch);
        if (error != ErrorCode.None)
        {
            return error;
        }

        try
        {
            change();
        }
        catch (IOException e)
        {
            replica.Shard.DiskFailed(replica, e);
            return ErrorCode.KafkaStorageError;
        }

        replica.LogWasCut();
        return ErrorCode.None;
    }
}

/// <summary>What a follower got from its leader.</summary>
/// <param name="LeaderEpoch">The epoch that was asked in.</param>
/// <param name="FetchOffset">The offset that was asked from.</param>
/// <param name="Batches">Whole batches from there on; may be empty.</param>
/// <param name="HighWatermark">The leader's; this replica's is at most its log end.</param>
/// <param name="LogStartOffset">The leader's first offset, which this log's follows.</param>
internal readonly record struct LeaderAnswer(int LeaderEpoch, long FetchOffset, BytePiece Batches, long HighWatermark, long LogStartOffset);
