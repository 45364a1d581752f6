using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Simulation.Nodes;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Faults;

using TransactionMachine = PartitionMachine<TransactionCoordinator, TransactionRecord>;

/// <summary>
/// Puts transactional ids into a log of their coordinator that is still empty, as producers have left them that began so often that few
/// epochs are left. Owned by the world.
/// </summary>
internal sealed class OldProducers(Scenario scenario, Randomness random)
{
    private readonly HashSet<object> _seen = [];

    /// <summary>What is done to the coordinators of a node behind every step.</summary>
    public void AfterStep(SimNode node)
    {
        foreach (var replica in node.Held)
        {
            if (replica.Resident is TransactionMachine { Host.State: MachineState.Active } machine && _seen.Add(machine)
                && replica.View.LogEndOffset == 0)
            {
                for (var i = 0; i < scenario.ExactlyOnce; i++)
                {
                    if (CoordinatorPartition.Of(SimCast.IdOf(i), SimCast.TransactionPartitions) == replica.Partition.Partition)
                    {
                        Begin(node, machine, SimCast.IdOf(i));
                    }
                }
            }
        }
    }

    private void Begin(SimNode node, TransactionMachine machine, string id)
    {
        var epoch = (short)(TransactionValue.LastEpochGiven - random.Next(scenario.EpochsLeft));
        node.ProducerIds.Take((error, producerId) =>
        {
            if (error == ErrorCode.None)
            {
                machine.Loop.Post(new ActionTask(
                    () => machine.Host.Submit(new LeaveProducer(id, producerId, epoch), machine.Loop.NowWallMs)));
            }
        });
    }

    /// <summary>Writes what is left of a producer, unless the id has one.</summary>
    private sealed class LeaveProducer(string id, long producerId, short epoch) : Operation<TransactionCoordinator, TransactionRecord>
    {
        /// <inheritdoc/>
        public override bool IsInternal => true;

        /// <inheritdoc/>
        public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
        {
            if (machine.Find(id) is null)
            {
                decision.Add(machine.Record(id, new TransactionValue
                {
                    ProducerId = producerId, Epoch = epoch, TimeoutMs = 1_000, State = TransactionState.Empty, LastUpdateMs = nowMs,
                }));
            }
        }

        /// <inheritdoc/>
        protected override void Completed(ErrorCode error)
        {
        }
    }
}
