using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The oracle of one partition of <c>__transaction_state</c>, over all lives of the node: its records follow one another as the states of a
/// transaction do. Owned by the world.
/// </summary>
internal sealed class TransactionLog(TransactionLedger ledger)
{
    private readonly SortedDictionary<string, TransactionValue> _now = new(StringComparer.Ordinal);
    private readonly Dictionary<(long ProducerId, short Epoch), long> _given = [];
    private long _readEnd;

    /// <summary>All below is committed.</summary>
    public long CommittedEnd { get; private set; }

    /// <summary>The transactional ids whose transactions are under way.</summary>
    public IEnumerable<string> Unsettled() =>
        _now.Where(each => !each.Value.State.IsIdle()).Select(each => $"{each.Key} {each.Value.State}");

    /// <summary>True when a record says that a producer has an epoch, and is committed.</summary>
    public bool HasGiven(long producerId, short epoch) =>
        _given.TryGetValue((producerId, epoch), out var offset) && offset < CommittedEnd;

    /// <summary>The log is read once more from its beginning, and ends there now.</summary>
    public void Restart(long end)
    {
        _now.Clear();
        if (end < _readEnd)
        {
            _readEnd = end;
            ledger.Forget(this, end);
            foreach (var given in _given.Where(given => given.Value >= end).ToList())
            {
                _given.Remove(given.Key);
            }
        }
    }

    /// <summary>The log's high watermark.</summary>
    public void Commit(long highWatermark) => CommittedEnd = Math.Max(CommittedEnd, highWatermark);

    /// <summary>The next record.</summary>
    public void Read(TransactionRecord record, long offset)
    {
        var id = record.TransactionalId;
        var before = _now.GetValueOrDefault(id);
        if (record.Value is not { } value)
        {
            ViolationException.Unless(before is null || before.State.IsIdle(), $"{id} is forgotten while it is {before?.State}");
            _now.Remove(id);
            return;
        }

        if (offset >= _readEnd)
        {
            _readEnd = offset + 1;
            _given.TryAdd((value.ProducerId, value.Epoch), offset);
            CheckFollows(id, before, value);
            if (value.NextProducerId >= 0)
            {
                // Whoever ends its transaction with its last epoch is told what it has when the markers are written.
                _given.TryAdd((value.NextProducerId, 0), offset);
            }

            if (before is not null && value.ProducerId != before.ProducerId)
            {
                ledger.UsedUp();
            }

            if (value.State.IsPreparing())
            {
                ledger.Decided(this, offset, id, value);
            }
            else if (before is not null && before.State.IsPreparing())
            {
                ledger.Completed(id, before);
            }
        }

        _now[id] = value;
    }

    private static void CheckFollows(string id, TransactionValue? before, TransactionValue after)
    {
        if (before is null)
        {
            ViolationException.Unless(after.State == TransactionState.Empty, $"{id} begins as {after}");
            return;
        }

        var isAllowed = before.State switch
        {
            TransactionState.Ongoing => after.State is TransactionState.Ongoing or TransactionState.PrepareAbort
                or TransactionState.PrepareCommit,
            TransactionState.PrepareCommit => after.State == TransactionState.CompleteCommit,
            TransactionState.PrepareAbort => after.State == TransactionState.CompleteAbort,
            _ => after.State is TransactionState.Empty or TransactionState.Ongoing or TransactionState.PrepareAbort,
        };
        ViolationException.Unless(isAllowed, $"{id} was {before} and is {after}");
        ViolationException.Unless(
            after.ProducerId == before.ProducerId ? after.Epoch >= before.Epoch : before.IsEpochExhausted,
            $"{id}: epoch {after.Epoch} of {after.ProducerId} follows {before.Epoch} of {before.ProducerId}");
        ViolationException.Unless(
            before.State != TransactionState.Ongoing
                || (before.Partitions.All.All(after.Partitions.Contains) && after.StartMs == before.StartMs),
            $"{id}: what was begun as {before} goes on as {after}");
    }
}
