using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Transactions;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Checkers;

/// <summary>The oracles of all partitions, and who looks at the replicas of the node that runs now. Owned by the world.</summary>
internal sealed class PartitionOracles(SimWorld world)
{
    private readonly Dictionary<(Uuid Topic, int Partition), PartitionHistory> _histories = [];
    private readonly List<ReplicaWatch> _watches = [];

    /// <summary>The oracle of a partition.</summary>
    public PartitionHistory HistoryOf(Uuid topic, int partition, string name)
    {
        if (!_histories.TryGetValue((topic, partition), out var history))
        {
            var sent = name is GroupPartition.Topic or TransactionPartition.Topic ? null : world.Sent;
            _histories.Add((topic, partition), history = new PartitionHistory($"{name}-{partition}", sent));
            world.Ledger.Watch(history);
        }

        return history;
    }

    /// <summary>The oracles of all partitions that there ever were.</summary>
    public IEnumerable<PartitionHistory> All => _histories.Values;

    /// <summary>How often the log behind a group has lost its end, as it may.</summary>
    public int LossesOf(string group)
    {
        var losses = 0;
        var partition = CoordinatorPartition.Of(group, GroupModel.Pieces);
        foreach (var (key, history) in _histories)
        {
            losses += key.Partition == partition && history.Name.StartsWith(GroupPartition.Topic, StringComparison.Ordinal)
                ? history.Losses : 0;
        }

        return losses;
    }

    /// <summary>The node is gone, and with a power cut what was not synced may be too.</summary>
    public void NodeEnded(bool isPowerCut)
    {
        _watches.Clear();
        foreach (var (_, history) in _histories)
        {
            if (isPowerCut)
            {
                history.PowerCut();
            }
        }
    }

    /// <summary>Looks at every replica that the node has, at new ones from their first view on.</summary>
    /// <param name="held">The replicas.</param>
    /// <param name="alsoWithin">True to look at what the logs remember too.</param>
    public void Look(List<Replica> held, bool alsoWithin)
    {
        foreach (var replica in held)
        {
            if (!_watches.Exists(watch => watch.Replica == replica))
            {
                Watch(replica);
            }
        }

        _watches.ForEach(watch =>
        {
            watch.History.NowMs = world.Clock.WallMs;
            watch.Look();
        });
        if (alsoWithin)
        {
            _watches.ForEach(watch => watch.CheckProducers());
        }
    }

    private void Watch(Replica replica)
    {
        var history = HistoryOf(replica.TopicId, replica.Partition.Partition, replica.Partition.Topic);
        history.NowMs = world.Clock.WallMs;
        _watches.Add(new ReplicaWatch(replica, history, () => world.Faults.Has("clock jump")));
        if (world.Bug == PlantedBug.LostWakeUp)
        {
            PlantedBugs.LoseWakeUps(replica);
        }
    }
}
