using Barnabas.Base.Loops;
using Barnabas.Cluster.Partitions;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Faults;

/// <summary>
/// Changes of leader and in-sync replicas, as the metadata would tell of them, with a follower that never fetches. Stateless.
/// </summary>
internal static class LeaderChanges
{
    /// <summary>The change after which the node leads and is alone in sync.</summary>
    public const int Alone = 0;

    private const int WithFollower = 2;
    private const int Follower = 2;

    /// <summary>
    /// A replica of a coordinator's has come back in another life: the metadata, which was never told of the changes, has an older epoch
    /// than the last one, and a coordinator of that would be an old one to the partitions that it writes markers to.
    /// </summary>
    public static void CatchUp(Replica replica, int lastEpoch) => replica.Shard.Loop.Post(new ActionTask(() =>
    {
        var state = replica.State;
        if (replica.Failure is null && state.IsLeader && state.LeaderEpoch <= lastEpoch)
        {
            replica.Become(state with { LeaderEpoch = lastEpoch + 1, PartitionEpoch = state.PartitionEpoch + 1 });
        }
    }));

    /// <summary>One change of one replica, in a turn of its shard; <paramref name="pick"/> is 0 to 3.</summary>
    public static void Make(SimWorld world, Replica replica, int pick) => replica.Shard.Loop.Post(new ActionTask(() =>
    {
        if (replica.Failure is not null)
        {
            return;
        }

        if (replica.State.IsLeader)
        {
            Change(replica, pick);
        }
        else
        {
            ComeBack(world, replica);
        }
    }));

    private static void Change(Replica replica, int pick)
    {
        var state = replica.State;
        var next = state with { PartitionEpoch = state.PartitionEpoch + 1 };
        replica.Become(pick switch
        {
            Alone or 1 => next with { InSyncReplicas = [state.LeaderId] },
            WithFollower => next with { InSyncReplicas = [state.LeaderId, Follower] },
            _ => next with
            {
                LeaderId = Follower, IsLeader = false, LeaderEpoch = state.LeaderEpoch + 1, InSyncReplicas = [Follower, state.LeaderId],
            },
        });
    }

    // The other leader had nothing behind the high watermark, and this node nothing from the other: what is not committed is cut.
    private static void ComeBack(SimWorld world, Replica replica)
    {
        var state = replica.State;
        var end = replica.View.HighWatermark;
        world.HistoryOf(replica.TopicId, replica.Partition.Partition, replica.Partition.Topic).CutFrom(end);
        replica.Log.TruncateTo(end);
        replica.Become(state with
        {
            LeaderId = 1,
            IsLeader = true,
            LeaderEpoch = state.LeaderEpoch + 1,
            PartitionEpoch = state.PartitionEpoch + 1,
            InSyncReplicas = [1],
        });
    }
}
