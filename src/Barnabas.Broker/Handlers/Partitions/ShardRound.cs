using Barnabas.Base.Loops;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>
/// A piece of work in the turns of several shards, which ends when the last of them has run. Begun on a connection's loop; what the pieces
/// write to is theirs alone until <paramref name="ended"/> runs, on the loop of whichever came last.
/// </summary>
internal sealed class ShardRound(Action ended)
{
    private int _left = 1;

    /// <summary>One more piece, in a turn of the replica's owner.</summary>
    public void Run(Replica replica, Action work)
    {
        Interlocked.Increment(ref _left);
        replica.Shard.Loop.PostOrRun(new ActionTask(() =>
        {
            work();
            End();
        }));
    }

    /// <summary>No more pieces come.</summary>
    public void End()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            ended();
        }
    }
}
