using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions.Chores;

/// <summary>
/// A transaction took longer than its producer said: it is aborted and the producer fenced. Owned by the loop of the coordinator.
/// </summary>
internal sealed class AbortChore(TransactionCoordinator coordinator, string id) : TransactionChore
{
    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
        // Between the look and this turn the producer may have ended it, and begun the next one.
        if (machine.Find(id) is { Value.State: TransactionState.Ongoing } transaction && transaction.DeadlineUs <= machine.Loop.NowUs)
        {
            decision.Add(machine.Record(id, Transitions.Fenced(transaction.Value, machine.World.TransactionVersion(), nowMs)));
        }
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        if (error == ErrorCode.None && coordinator.Find(id) is { } transaction)
        {
            coordinator.CarryOut(transaction);
        }
    }
}
