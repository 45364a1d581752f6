using Barnabas.Log.Indexes;
using Barnabas.Log.Producers;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Compaction;

/// <summary>
/// Follows the transactions through the batches of a cleaning, in the order of the log: which of them were aborted, and of which no batch
/// is left, so that their markers have nothing to say any more. Owned by its cleaning.
/// </summary>
internal sealed class CleanedTransactions
{
    private readonly Queue<AbortedTransaction> _toCome;
    private readonly Dictionary<long, Aborted> _aborted = [];
    private readonly HashSet<long> _committed = [];

    /// <summary>Takes all aborted transactions that reach into what is going to be walked.</summary>
    internal CleanedTransactions(IEnumerable<AbortedTransaction> aborted) =>
        _toCome = new Queue<AbortedTransaction>(aborted.OrderBy(a => a.FirstOffset));

    /// <summary>Takes note of a data batch; true when its transaction was aborted, so that its records count for nothing.</summary>
    internal bool IsAborted(in RecordBatchHeader batch)
    {
        BeginUpTo(batch.LastOffset);
        if (!batch.IsTransactional)
        {
            return false;
        }

        if (_aborted.TryGetValue(batch.ProducerId, out var aborted) && batch.LastOffset < aborted.Transaction.LastOffset)
        {
            aborted.HasBatches = true;
            return true;
        }

        _committed.Add(batch.ProducerId);
        return false;
    }

    /// <summary>
    /// Takes note of a control batch; true when it may go. A marker stays while a batch of its transaction is left; then
    /// <paramref name="kept"/> is what the transaction index still has to say of an aborted one.
    /// </summary>
    internal bool MayDropMarker(in RecordBatchHeader batch, ReadOnlySpan<byte> bytes, out AbortedTransaction? kept)
    {
        kept = null;
        BeginUpTo(batch.LastOffset);
        if (batch.RecordCount == 0)
        {
            return true;
        }

        if (!TransactionMarker.TryRead(bytes, out var marker))
        {
            return false;
        }

        if (!marker.IsAbort)
        {
            return !_committed.Remove(batch.ProducerId);
        }

        if (_aborted.Remove(batch.ProducerId, out var aborted) && aborted.HasBatches)
        {
            kept = aborted.Transaction;
            return false;
        }

        return true;
    }

    private void BeginUpTo(long offset)
    {
        while (_toCome.TryPeek(out var next) && next.FirstOffset <= offset)
        {
            _aborted[next.ProducerId] = new Aborted(_toCome.Dequeue()); // the producer's transaction before it has ended
        }
    }

    /// <summary>An aborted transaction whose marker has not come yet; owned by the outer object.</summary>
    private sealed class Aborted(AbortedTransaction transaction)
    {
        public AbortedTransaction Transaction => transaction;

        public bool HasBatches { get; set; }
    }
}
