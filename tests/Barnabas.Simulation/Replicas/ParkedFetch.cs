using Barnabas.Cluster.Partitions;
using Barnabas.Log;

namespace Barnabas.Simulation.Replicas;

/// <summary>
/// One fetch that may wait, as the broker's own do: registers, reads the view again, parks, and is answered once beside the shard. Owned by
/// the node that serves it.
/// </summary>
internal sealed class ParkedFetch : FetchWait
{
    private readonly FetchInterestTask _task = new();
    private readonly ClusterWorld _world;
    private readonly ClusterNode _node;
    private readonly Replica _replica;
    private readonly long _offset;
    private readonly ReadLimit _limit;
    private readonly Action _answer;

    public ParkedFetch(ClusterWorld world, ClusterNode node, Replica replica, long offset, ReadLimit limit, Action answer)
    {
        (_world, _node, _replica, _offset, _limit, _answer) = (world, node, replica, offset, limit, answer);
    }

    /// <summary>Begins to wait, or answers at once.</summary>
    public void Begin(int timeoutMs)
    {
        Arm(1);
        _task.Begin(_replica.Shard, this, timeoutMs);
        _task.Add(new FetchInterest { IsFollower = _limit == ReadLimit.LogEnd }, _replica);
        _replica.Shard.Loop.Post(_task);
    }

    /// <inheritdoc/>
    protected override void Registered()
    {
        if ((_replica.View.OffsetOf(_limit) > _offset || _replica.Failure is not null) && TryWake())
        {
            OnWoken();
        }
    }

    /// <inheritdoc/>
    protected internal override void OnWoken()
    {
        var life = _node.Life;
        _world.Events.After(_world.Schedule(20), () => _node.Receive(life, () =>
        {
            _answer();
            Disarm(1);
            _task.Forget();
            _replica.Shard.Loop.Post(_task);
        }));
    }

    /// <inheritdoc/>
    protected override void Forgotten()
    {
    }
}
