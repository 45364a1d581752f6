using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Partitions;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Log;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Nodes;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The coordinators of the node that runs now, each compared after every step in which its log has grown with a copy that reads along, and
/// now and then with one that reads all of it. Owned by the world.
/// </summary>
internal sealed class CoordinatorShadows(SimWorld world)
{
    private readonly Dictionary<Replica, CoordinatorShadow> _shadows = [];
    private readonly SortedDictionary<int, TransactionLog> _logs = [];
    private readonly SortedDictionary<int, GroupLog> _groupLogs = [];
    private readonly Dictionary<TopicPartition, int> _epochs = [];

    /// <summary>True when no transaction is under way and no group has a member.</summary>
    public bool IsSettled => Unsettled().Length == 0;

    /// <summary>Reads on in every coordinator's log and compares.</summary>
    public void Look(SimNode node)
    {
        foreach (var replica in node.Held)
        {
            if (!_shadows.TryGetValue(replica, out var shadow) && Make(replica) is { } made)
            {
                _shadows.Add(replica, shadow = made);
                if (_epochs.TryGetValue(replica.Partition, out var last))
                {
                    LeaderChanges.CatchUp(replica, last);
                }
            }

            shadow?.Look();
            if (shadow is not null)
            {
                _epochs[replica.Partition] = Math.Max(_epochs.GetValueOrDefault(replica.Partition), replica.State.LeaderEpoch);
            }
        }
    }

    /// <summary>True when a committed record says that a producer has an epoch.</summary>
    public bool HasGiven(long producerId, short epoch) => _logs.Values.Any(log => log.HasGiven(producerId, epoch));

    /// <summary>A client was told that its group's offset is committed: a committed record says so.</summary>
    public void CheckCommitted(string group, string topic, int partition, long offset) => ViolationException.Unless(
        !world.Scenario.IsOfCoordinators || _groupLogs.Values.Any(log => log.HasCommitted(group, topic, partition, offset)),
        $"{group}: {offset} of {topic}-{partition} was told to be committed, and is not");

    /// <summary>The node is gone.</summary>
    public void NodeEnded() => _shadows.Clear();

    /// <summary>Has all logs read from their beginnings once more, and compared.</summary>
    public void CompareFromStart()
    {
        foreach (var shadow in _shadows.Values)
        {
            (shadow as CoordinatorShadow<TransactionCoordinator, TransactionRecord>)?.CompareFromStart();
            (shadow as CoordinatorShadow<GroupCoordinator, GroupRecord>)?.CompareFromStart();
        }
    }

    /// <summary>What is still under way; empty for nothing.</summary>
    public string Unsettled()
    {
        var groups = _shadows.Values.OfType<CoordinatorShadow<GroupCoordinator, GroupRecord>>()
            .SelectMany(shadow => shadow.Copy.Groups).Where(group => !group.IsEmpty).Select(group => group.Id);
        return string.Join(", ", _logs.Values.SelectMany(log => log.Unsettled()).Concat(groups));
    }

    /// <summary>A group as its log says; null where there is none.</summary>
    public Group? FindGroup(string group)
    {
        foreach (var shadow in _shadows.Values)
        {
            if ((shadow as CoordinatorShadow<GroupCoordinator, GroupRecord>)?.Copy.Find(group) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>What the group has committed for a partition, as its log says; -1 for nothing.</summary>
    public long CommittedOffset(string group, string topic, int partition)
    {
        foreach (var shadow in _shadows.Values.OfType<CoordinatorShadow<GroupCoordinator, GroupRecord>>())
        {
            if (shadow.Copy.Offsets.Of(group)?.Find(topic, partition) is { } committed)
            {
                return committed.Offset;
            }
        }

        return -1;
    }

    private CoordinatorShadow? Make(Replica replica)
    {
        var loop = new Loop("copy", world.Loops.Host(0), world.Clock);
        if (replica.Partition.Topic == GroupPartition.Topic)
        {
            var log = LogOf(_groupLogs, replica, () => new GroupLog(world.Faults));
            return new CoordinatorShadow<GroupCoordinator, GroupRecord>(
                replica, () => new GroupCoordinator(new GroupConfig(), loop, new Randomness(1)), new GroupRecordCodec(), CoordinatorText.Of)
            {
                Restarted = log.Restart,
                Read = log.Read,
                Committed = log.Commit,
            };
        }

        if (replica.Partition.Topic != TransactionPartition.Topic)
        {
            return null;
        }

        var transactions = LogOf(_logs, replica, () => new TransactionLog(world.Ledger));
        return new CoordinatorShadow<TransactionCoordinator, TransactionRecord>(
            replica, () => new TransactionCoordinator(new TransactionConfig(), loop), new TransactionRecordCodec(), CoordinatorText.Of)
        {
            Restarted = transactions.Restart,
            Read = transactions.Read,
            Committed = transactions.Commit,
        };
    }

    private static TLog LogOf<TLog>(SortedDictionary<int, TLog> logs, Replica replica, Func<TLog> make)
    {
        if (!logs.TryGetValue(replica.Partition.Partition, out var log))
        {
            logs[replica.Partition.Partition] = log = make();
        }

        return log;
    }
}
