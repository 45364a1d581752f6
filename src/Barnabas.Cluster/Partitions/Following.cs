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

    /// <summary>What the leader of this epoch has last told of its log's start.</summary>
    public long LogStartOffset { get; private set; }

    /// <summary>The epoch of this log's last record, or -1 for an empty log: for the leader to compare. In a settled turn.</summary>
    public int LastEpoch => replica.View.Epochs.EpochOf(replica.View.LogEndOffset - 1);

    /// <summary>Another leader epoch has begun.</summary>
    public void StartEpoch() => (HighWatermark, LogStartOffset) = (0, 0);

    /// <summary>
    /// Takes the batches in that came from the leader. The bytes stay where they are until the end of the turn. Errors: those of
    /// <see cref="Check"/> and of <see cref="PartitionLog.AppendVerbatim"/>. In a turn of the shard.
    /// </summary>
    public ErrorCode Append(in LeaderAnswer answer)
    {
        replica.Shard.Loop.CheckOwned();
        replica.Settle();
        var error = Check(answer);
        if (error == ErrorCode.None && answer.Batches.Length > 0)
        {
            error = replica.Log.AppendVerbatim(answer.Batches, replica.Shard.Loop.NowWallMs).ErrorCode;
        }

        if (error == ErrorCode.None)
        {
            HighWatermark = Math.Max(HighWatermark, answer.HighWatermark);
            LogStartOffset = Math.Max(LogStartOffset, answer.LogStartOffset);
            replica.Touch();
        }

        return error;
    }

    /// <summary>
    /// Cuts what the leader does not have. The leader's word is not the last one where this log knows no such epoch: the next fetch tells.
    /// Blocks. Errors: those of <see cref="Check"/>, REPLICA_NOT_AVAILABLE while a job has the log's files, so that the leader is to be
    /// asked again, KAFKA_STORAGE_ERROR. In a turn of the shard.
    /// </summary>
    public ErrorCode Truncate(in LeaderAnswer answer, EpochEntry diverging)
    {
        var view = replica.View;
        var own = view.Epochs.EndOffsetFor(diverging.Epoch, view.LogEndOffset).StartOffset;
        var end = own < 0 ? diverging.StartOffset : Math.Min(own, diverging.StartOffset);

        // Where the leader's log starts behind all that may be the same, nothing is known of what lies below, and nobody needs it.
        var leadersStart = answer.LogStartOffset;
        return Change(answer, log =>
        {
            if (end <= leadersStart)
            {
                log.TruncateFully(leadersStart, replica.Shard.Loop.NowWallMs);
            }
            else
            {
                log.TruncateTo(end);
            }
        });
    }

    /// <summary>
    /// Where the leader's log starts behind the end of this one: drops everything and begins where that does. Blocks. Errors: those of
    /// <see cref="Check"/>, OFFSET_OUT_OF_RANGE where this log reaches into the leader's, and those of <see cref="Truncate"/>. In a turn of
    /// the shard.
    /// </summary>
    public ErrorCode StartOver(in LeaderAnswer answer)
    {
        var start = answer.LogStartOffset;
        return start <= replica.Log.LogEndOffset
            ? ErrorCode.OffsetOutOfRange
            : Change(answer, log => log.TruncateFully(start, replica.Shard.Loop.NowWallMs));
    }

    /// <summary>
    /// None where this replica follows in the epoch of an answer, and its log ends where the leader was asked, with a record of the same
    /// epoch: another log may have come to the same end since. Else FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, NOT_LEADER_OR_FOLLOWER for
    /// one that leads, OFFSET_OUT_OF_RANGE for an answer that comes too late, or the failure's. When the turn has settled.
    /// </summary>
    public ErrorCode Check(in LeaderAnswer answer)
    {
        var error = replica.CheckLeader(answer.LeaderEpoch);
        return error == ErrorCode.None ? ErrorCode.NotLeaderOrFollower
            : error != ErrorCode.NotLeaderOrFollower || replica.Failure is not null ? error
            : answer.FetchOffset != replica.Log.LogEndOffset || answer.LastEpoch != LastEpoch ? ErrorCode.OffsetOutOfRange
            : ErrorCode.None;
    }

    private ErrorCode Change(in LeaderAnswer answer, Action<PartitionLog> change)
    {
        replica.Shard.Loop.CheckOwned();
        replica.Settle();
        var error = Check(answer);
        error = error == ErrorCode.None && replica.Flushes.HasJobs ? ErrorCode.ReplicaNotAvailable : error;
        if (error != ErrorCode.None)
        {
            return error;
        }

        try
        {
            change(replica.Log);
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
/// <param name="LastEpoch">The epoch that this log's last record had then.</param>
/// <param name="Batches">Whole batches from there on; may be empty.</param>
/// <param name="HighWatermark">The leader's; this replica's is at most its log end.</param>
/// <param name="LogStartOffset">The leader's first offset, which this log's follows.</param>
internal readonly record struct LeaderAnswer(
    int LeaderEpoch, long FetchOffset, int LastEpoch, BytePiece Batches, long HighWatermark, long LogStartOffset);
