using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions.Chores;

/// <summary>Every partition of a transaction has its marker: that it is over is recorded. Owned by the loop of the coordinator.</summary>
internal sealed class CompleteChore(TransactionCoordinator coordinator, string id, TransactionValue prepared, MarkerRound round)
    : TransactionChore
{
    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
        if (ReferenceEquals(machine.Find(id)?.Value, prepared))
        {
            decision.Add(coordinator.Record(id, Transitions.Completed(prepared, nowMs)));
        }
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        // One that has gone leaves it to the next coordinator.
        if (error != ErrorCode.None && coordinator.IsActive)
        {
            round.TryLater();
        }
    }
}
