using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Cluster.Transactions.Chores;
using Barnabas.Log;

namespace Barnabas.Cluster.Transactions.Markers;

/// <summary>
/// The end of one transaction, from the decision to the last marker: writes, tries again what could not be written, and has the end
/// recorded. Owned by the loop of its coordinator.
/// </summary>
internal sealed class MarkerRound : TimerEntry
{
    private readonly TransactionCoordinator _coordinator;
    private readonly string _id;
    private readonly TransactionValue _prepared;
    private IReadOnlyList<TopicPartition> _left;
    private bool _isCancelled, _isReported;

    public MarkerRound(TransactionCoordinator coordinator, string id, TransactionValue prepared)
    {
        _coordinator = coordinator;
        _id = id;
        _prepared = prepared;
        _left = prepared.Partitions.All;
    }

    /// <summary>Writes what is left, and tries again later what fails. The decision has to be committed.</summary>
    public void Write()
    {
        if (_left.Count == 0)
        {
            _coordinator.SubmitLater(new CompleteChore(_coordinator, _id, _prepared, this));
            return;
        }

        var order = new MarkerOrder(
            _prepared.ProducerId, _prepared.Epoch, _prepared.State == TransactionState.PrepareCommit, _prepared.ClientVersion,
            _coordinator.World.CoordinatorEpoch(), _left);
        _coordinator.World.WriteMarkers(order, outcome => _coordinator.Loop.Post(new ActionTask(() => Take(outcome))));
    }

    /// <summary>The end could not be recorded, or markers could not be written: again after a while.</summary>
    public void TryLater() =>
        _coordinator.Loop.Timers.Set(this, _coordinator.Loop.NowUs + (_coordinator.Config.MarkerRetryMs * 1000L));

    /// <summary>The coordinator is not in charge any more: the next one goes on from the log.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        _coordinator.Loop.Timers.Cancel(this);
    }

    /// <inheritdoc/>
    public override void Fire() => Write();

    private void Take(MarkerOutcome outcome)
    {
        if (_isCancelled)
        {
            return;
        }

        var left = new List<TopicPartition>();
        foreach (var (partition, error) in outcome.Failed)
        {
            // A higher epoch of the producer is in that log already, so the transaction is over there: its end came another way.
            if (error != ErrorCode.InvalidProducerEpoch)
            {
                left.Add(partition);
            }

            if (error is ErrorCode.InvalidProducerEpoch or ErrorCode.TransactionCoordinatorFenced)
            {
                Report(partition, error);
            }
        }

        _left = left;
        if (left.Count > 0)
        {
            TryLater();
        }
        else
        {
            Write();
        }
    }

    private void Report(TopicPartition partition, ErrorCode error)
    {
        if (!_isReported)
        {
            _isReported = true;
            _coordinator.World.Report(
                $"the marker of transaction {_id} (producer {_prepared.ProducerId}, epoch {_prepared.Epoch}) is refused by {partition}: "
                + error.ProtocolName());
        }
    }
}
