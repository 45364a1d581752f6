using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions.Chores;

/// <summary>
/// A coordinator has been loaded, and all that it has read is committed by the time this completes: the transactions that were decided
/// go on to their end. Owned by the loop of the coordinator.
/// </summary>
internal sealed class ResumeChore(TransactionCoordinator coordinator) : TransactionChore
{
    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        if (error != ErrorCode.None)
        {
            return;
        }

        var decided = coordinator.All.Where(each => each.Value.State.IsPreparing()).OrderBy(each => each.Id, StringComparer.Ordinal);
        foreach (var transaction in decided.ToList())
        {
            coordinator.CarryOut(transaction);
        }
    }
}
