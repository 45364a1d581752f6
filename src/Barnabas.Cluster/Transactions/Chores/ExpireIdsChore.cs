using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions.Chores;

/// <summary>
/// Forgets the transactional ids that nobody has used for long, some in a turn. Owned by the loop of the coordinator.
/// </summary>
internal sealed class ExpireIdsChore(TransactionCoordinator coordinator) : TransactionChore
{
    private bool _isFull;

    /// <inheritdoc/>
    public override void Decide(TransactionCoordinator machine, Decision<TransactionRecord> decision, long nowMs)
    {
        foreach (var id in machine.Idle.Until(machine.NowForAgesMs - machine.Config.IdExpirationMs))
        {
            if (decision.Count >= machine.Config.RecordsPerDecisionMax)
            {
                _isFull = true;
                return;
            }

            decision.Add(machine.Record(id, null));
        }
    }

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error)
    {
        if (!coordinator.IsActive)
        {
            return;
        }

        if (_isFull && error == ErrorCode.None)
        {
            coordinator.SubmitLater(new ExpireIdsChore(coordinator));
        }
        else
        {
            coordinator.ScheduleExpiry();
        }
    }
}
