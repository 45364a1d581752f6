using Barnabas.Base;
using Barnabas.Log.Epochs;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The leader's side of a partition with several replicas: how far the followers have come in this leader epoch, and which of them are
/// about to join those in sync. Owned by the partition's shard.
/// </summary>
internal sealed class FollowerProgress(Replica replica)
{
    private readonly Dictionary<int, long> _ends = [];
    private readonly HashSet<int> _joining = [];

    /// <summary>Another leader epoch has begun: nothing is known of anybody.</summary>
    public void StartEpoch()
    {
        _ends.Clear();
        _joining.Clear();
    }

    /// <summary>The metadata has answered what was proposed to it, with a yes or a no.</summary>
    public void EndJoining() => _joining.Clear();

    /// <summary>
    /// A follower asks for what lies from <paramref name="fetchOffset"/> on, which says that it has all below. Counts that, unless the
    /// follower's log parts from this one, or lies outside of it. In a turn of the shard.
    /// </summary>
    /// <param name="followerId">Node id of a replica of this partition.</param>
    /// <param name="leaderEpoch">The epoch in which the follower follows.</param>
    /// <param name="fetchOffset">Its log end.</param>
    /// <param name="lastEpoch">The epoch of its last record, or -1 for an empty log.</param>
    /// <param name="followersStart">Its log start.</param>
    public FollowerAnswer Fetches(int followerId, int leaderEpoch, long fetchOffset, int lastEpoch, long followersStart)
    {
        replica.Shard.Loop.CheckOwned();
        var error = replica.CheckLeader(leaderEpoch);
        if (error != ErrorCode.None)
        {
            return new FollowerAnswer(error, null);
        }

        // A leader that has become one in this very turn does not show its epoch yet.
        replica.Settle();
        var view = replica.View;
        if (lastEpoch >= 0)
        {
            var end = view.Epochs.EndOffsetFor(lastEpoch, view.LogEndOffset);
            if (end.Epoch < 0)
            {
                return new FollowerAnswer(ErrorCode.OffsetOutOfRange, null);
            }

            if (end.Epoch < lastEpoch || end.StartOffset < fetchOffset)
            {
                return new FollowerAnswer(ErrorCode.None, end);
            }
        }

        if (fetchOffset < view.LogStartOffset || fetchOffset > view.LogEndOffset)
        {
            return new FollowerAnswer(ErrorCode.OffsetOutOfRange, null);
        }

        var isAllDeletedHere = fetchOffset == view.LogStartOffset && followersStart < fetchOffset;
        if (isAllDeletedHere && lastEpoch >= 0 && lastEpoch < view.Epochs.Entries[0].Epoch)
        {
            // The word of its epochs was deleted too: nobody can tell whether it is the same, and what the follower remembers of producers
            // may never have been committed.
            return new FollowerAnswer(ErrorCode.None, new EpochEntry(lastEpoch, followersStart));
        }

        _ends[followerId] = fetchOffset;
        replica.Touch();
        return new FollowerAnswer(ErrorCode.None, null);
    }

    /// <summary>
    /// True when a follower has all that is committed and all from before this leader's epoch, so that it may be proposed for the replicas
    /// in sync. From then on the high watermark waits for it too, until the metadata answers with another partition epoch, which a refusal
    /// has to bring as well. In a turn of the shard.
    /// </summary>
    public bool TryPropose(int followerId)
    {
        replica.Shard.Loop.CheckOwned();
        replica.Settle();
        var end = EndOf(followerId);
        var view = replica.View;
        var epochs = view.Epochs;
        var epochStart = epochs.Latest == replica.State.LeaderEpoch ? epochs.Entries[^1].StartOffset : view.LogEndOffset;
        if (replica.CheckLeader(-1) != ErrorCode.None || end < view.HighWatermark || end < epochStart)
        {
            return false;
        }

        _joining.Add(followerId);
        return true;
    }

    /// <summary>The offset below which every replica in sync, and every one that is about to be, has everything.</summary>
    /// <param name="leaderId">This node.</param>
    /// <param name="leaderEnd">What this node has.</param>
    /// <param name="inSyncReplicas">What the metadata says.</param>
    public long CommittedEnd(int leaderId, long leaderEnd, int[] inSyncReplicas)
    {
        var end = leaderEnd;
        foreach (var id in inSyncReplicas)
        {
            end = id == leaderId ? end : Math.Min(end, EndOf(id));
        }

        foreach (var id in _joining)
        {
            end = Math.Min(end, EndOf(id));
        }

        return end;
    }

    // What a follower has, or -1 while nothing is known.
    private long EndOf(int followerId) => _ends.GetValueOrDefault(followerId, -1);
}

/// <summary>What a leader answers to a follower that tells how far it has come.</summary>
/// <param name="Error">None, OFFSET_OUT_OF_RANGE, or those of <see cref="Replica.CheckLeader"/>.</param>
/// <param name="Diverging">Where the leader's log ends for the follower's last epoch, when the follower has to truncate first.</param>
internal readonly record struct FollowerAnswer(ErrorCode Error, EpochEntry? Diverging);
