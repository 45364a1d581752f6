using System.Runtime.CompilerServices;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Messages;
using Barnabas.Simulation.Nodes;

namespace Barnabas.Simulation.Faults;

using GroupMachine = PartitionMachine<GroupCoordinator, GroupRecord>;
using TransactionMachine = PartitionMachine<TransactionCoordinator, TransactionRecord>;

/// <summary>Plants the bugs of coordinators. Owned by the world.</summary>
internal sealed class CoordinatorSabotage(CoordinatorBug bug)
{
    private readonly ConditionalWeakTable<object, object> _planted = [];
    private readonly ConditionalWeakTable<Transaction, object> _deadlines = [];
    private readonly HashSet<object> _active = [];

    /// <summary>What is done to the coordinators of a node behind every step.</summary>
    public void AfterStep(SimNode node)
    {
        foreach (var replica in bug == CoordinatorBug.None ? [] : node.Held)
        {
            switch (replica.Resident)
            {
                case TransactionMachine machine:
                    if (_planted.TryAdd(machine, machine))
                    {
                        Plant(machine.Host);
                    }

                    Touch(machine.Host.Machine);
                    break;
                case GroupMachine machine:
                    if (_planted.TryAdd(machine, machine))
                    {
                        Plant(machine.Host);
                    }

                    Touch(machine.Host);
                    break;
            }
        }
    }

    /// <summary>The handlers, one of them with a bug.</summary>
    public HandlerTable Handlers(HandlerTable table, SimNode node)
    {
        IRequestHandler? with = bug switch
        {
            CoordinatorBug.EndTakenForDone => new CredulousEndHandler(node),
            CoordinatorBug.OldCommitTaken => new CredulousCommitHandler(node),
            _ => null,
        };
        if (with is null)
        {
            return table;
        }

        var broken = new HandlerTable(ApiListeners.Broker);
        foreach (var api in table.Served)
        {
            broken.Add(api.Handler.Key == with.Key ? with : api.Handler, api.Lowest, api.Highest);
        }

        return broken;
    }

    private void Plant(MachineHost<TransactionCoordinator, TransactionRecord> host)
    {
        ref var world = ref World(host.Machine);
        var write = world!.WriteMarkers;
        switch (bug)
        {
            case CoordinatorBug.DecisionNotAwaited:
                BrokenJournal<TransactionRecord>.Plant(host, journal => new(journal) { CommitsAtOnce = true });
                break;
            case CoordinatorBug.MarkerSkipped:
                world = world with { WriteMarkers = (order, done) => write(WithoutLast(order), done) };
                break;
            case CoordinatorBug.PreparedForgotten:
                var decided = new HashSet<(long, short)>();
                BrokenJournal<TransactionRecord>.Plant(host, journal => new(journal) { Writes = record => Note(record, decided) });
                world = world with
                {
                    WriteMarkers = (order, done) =>
                    {
                        if (decided.Contains((order.ProducerId, order.Epoch)))
                        {
                            write(order, done);
                        }
                    },
                };
                break;
            case CoordinatorBug.EpochNotRaised:
                BrokenJournal<TransactionRecord>.Plant(host, journal => new(journal) { Decides = Unraised });
                break;
            case CoordinatorBug.ProducerIdKept:
                BrokenJournal<TransactionRecord>.Plant(host, journal => new(journal)
                {
                    Decides = record => record with { Value = record.Value is null ? null : record.Value with { NextProducerId = -1 } },
                });
                break;
            case CoordinatorBug.BeginNotLogged:
                BrokenJournal<TransactionRecord>.Plant(host, journal => new(journal)
                {
                    Writes = record => record with { Value = record.Value is null ? null : record.Value with { StartMs = -1 } },
                });
                break;
        }
    }

    private void Plant(MachineHost<GroupCoordinator, GroupRecord> host)
    {
        switch (bug)
        {
            case CoordinatorBug.CommitNotAwaited:
                BrokenJournal<GroupRecord>.Plant(host, journal => new(journal) { CommitsAtOnce = true });
                break;
            case CoordinatorBug.PendingOffsetVisible:
                BrokenJournal<GroupRecord>.Plant(host, journal => new(journal)
                {
                    Decides = record => record is OffsetRecord { ProducerId: >= 0 } offset ? offset with { ProducerId = -1 } : record,
                });
                break;
            case CoordinatorBug.WorkLostInUpgrade:
            case CoordinatorBug.GenerationsBegunAnew:
                var conversion = new BrokenConversion();
                BrokenJournal<GroupRecord>.Plant(host, journal => new(journal)
                {
                    Begins = conversion.Begin,
                    Decides = bug == CoordinatorBug.WorkLostInUpgrade ? conversion.WithoutWork : conversion.WithoutGeneration,
                });
                break;
        }
    }

    private void Touch(TransactionCoordinator coordinator)
    {
        if (bug != CoordinatorBug.DeadlineKept)
        {
            return;
        }

        foreach (var transaction in coordinator.All.Where(each => each.Value.State == TransactionState.Ongoing))
        {
            transaction.DeadlineUs = (long)_deadlines.GetValue(transaction, each => each.DeadlineUs);
        }
    }

    private void Touch(MachineHost<GroupCoordinator, GroupRecord> host)
    {
        var coordinator = host.Machine;
        foreach (var group in coordinator.Groups.OfType<ConsumerGroup>())
        {
            switch (bug)
            {
                case CoordinatorBug.AssignedBeforeRevoked:
                    Held(group).Clear();
                    break;
                case CoordinatorBug.ClassicMemberNotAwaited:
                    var classic = group.Members.Where(member => member.Classic is not null);
                    Held(group).ExceptWith(classic.SelectMany(member => member.Assigned.Concat(member.Revoking)).Select(held => held.At));
                    break;
            }
        }

        var isNew = host.State == MachineState.Active ? _active.Add(host) : _active.Remove(host) && false;
        if (isNew && bug == CoordinatorBug.SessionsNotStarted)
        {
            coordinator.Sessions.StopAll();
            foreach (var member in coordinator.Groups.OfType<ClassicGroup>().SelectMany(group => group.Members))
            {
                member.Session?.Cancel();
            }
        }
    }

    private static MarkerOrder WithoutLast(MarkerOrder order) =>
        order.Partitions.Count > 1 ? order with { Partitions = [.. order.Partitions.Take(order.Partitions.Count - 1)] } : order;

    private static TransactionRecord Note(TransactionRecord record, HashSet<(long ProducerId, short Epoch)> decided)
    {
        if (record.Value is { } value && value.State.IsPreparing())
        {
            decided.Add((value.ProducerId, value.Epoch));
        }

        return record;
    }

    private static TransactionRecord Unraised(TransactionRecord record) =>
        record.Value is { State: TransactionState.PrepareAbort, ClientVersion: >= 2 } value
            ? record with { Value = value with { Epoch = (short)(value.Epoch - 1) } }
            : record;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_world")]
    private static extern ref TransactionWorld? World(TransactionCoordinator coordinator);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_held")]
    private static extern ref HashSet<TopicIdPartition> Held(ConsumerGroup group);
}
