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
    private List<(Transaction Transaction, TransactionValue Decided)> _found = [];

    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs) => _found =
    [
        .. machine.All.Where(each => each.Value.State.IsPreparing()).OrderBy(each => each.Id, StringComparer.Ordinal)
            .Select(each => (each, each.Value)),
    ];

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        if (error != ErrorCode.None)
        {
            return;
        }

        // What was decided since then is not committed by now; its own operation carries it out.
        foreach (var (transaction, _) in _found.Where(found => ReferenceEquals(found.Transaction.Value, found.Decided)))
        {
            coordinator.CarryOut(transaction);
        }
    }
}
