using Barnabas.Base;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Simulation.Checkers;

namespace Barnabas.Simulation.Replicas;

/// <summary>Looks at one replica after every step of one life of its node. Owned by the world.</summary>
internal sealed class ClusterWatch(ClusterWorld world, ClusterNode node, Replica replica)
{
    private LogView? _seen;
    private int _ledEpoch;

    public ClusterNode Node => node;

    /// <summary>The log end that was seen last.</summary>
    public long End => _seen?.LogEndOffset ?? 0;

    /// <summary>Looks again; costs nothing when nothing has changed.</summary>
    public void Look()
    {
        var view = replica.View;
        if (view.IsClosed)
        {
            return;
        }

        if (!ReferenceEquals(view, _seen))
        {
            LookAt(view);
        }

        var state = replica.State;
        if (state.IsLeader && state.LeaderEpoch > _ledEpoch && state.LeaderEpoch == world.Controller.LeaderEpoch)
        {
            _ledEpoch = state.LeaderEpoch;
            ViolationException.Unless(
                view.LogEndOffset >= world.History.End,
                $"node {node.Id} leads in epoch {_ledEpoch} with {view.LogEndOffset} offsets where {world.History.End} are committed");
            var from = Math.Max(view.HighWatermark, view.LogStartOffset);
            world.History.Match(ClusterHistory.Read(view, from, world.History.End), $"node {node.Id}, leader in epoch {_ledEpoch},");
        }
    }

    private void LookAt(LogView view)
    {
        var before = _seen?.HighWatermark ?? 0;
        _seen = view;
        ViolationException.Unless(
            view.LogStartOffset <= view.LastStableOffset && view.LastStableOffset <= view.HighWatermark
                && view.HighWatermark <= view.LogEndOffset,
            $"node {node.Id}: {view.LogStartOffset}, {view.LastStableOffset}, {view.HighWatermark}, {view.LogEndOffset} do not ascend");
        ViolationException.Unless(
            view.HighWatermark >= before,
            $"node {node.Id}: the high watermark fell from {before} to {view.HighWatermark} in epoch {replica.State.LeaderEpoch}");
        world.History.StartAt(view.LogStartOffset, view.HighWatermark);
        var from = Math.Max(before, view.LogStartOffset);
        if (from < view.HighWatermark)
        {
            world.History.Match(ClusterHistory.Read(view, from, view.HighWatermark), $"node {node.Id}");
        }
    }
}
