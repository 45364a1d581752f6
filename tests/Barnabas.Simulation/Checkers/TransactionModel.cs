namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The transactions of one partition, from its batches alone: what is decided, and how far readers of committed records may see. Owned by
/// the partition's history.
/// </summary>
internal sealed class TransactionModel
{
    private readonly Dictionary<long, Transaction> _open = [];
    private readonly List<Transaction> _all = [];

    public void Clear()
    {
        _open.Clear();
        _all.Clear();
    }

    /// <summary>One batch more, in order.</summary>
    public void Add(LoggedBatch batch)
    {
        if (!batch.IsTransactional)
        {
            return;
        }

        if (!batch.IsControl)
        {
            if (!_open.ContainsKey(batch.ProducerId))
            {
                _open[batch.ProducerId] = new Transaction(batch.ProducerId, batch.BaseOffset);
                _all.Add(_open[batch.ProducerId]);
            }
        }
        else if (_open.Remove(batch.ProducerId, out var ended))
        {
            ended.EndOffset = batch.BaseOffset;
            ended.IsAborted = batch.IsAbort;
        }
    }

    /// <summary>The first offset that is not decided among those below a high watermark, but never below the log's start.</summary>
    public long StableAt(long highWatermark, long logStart)
    {
        var stable = highWatermark;
        foreach (var transaction in _all)
        {
            if (transaction.EndOffset >= highWatermark)
            {
                stable = Math.Min(stable, transaction.FirstOffset);
            }
        }

        return Math.Max(stable, Math.Min(logStart, highWatermark));
    }

    /// <summary>True when a batch belongs to a transaction that was aborted.</summary>
    public bool IsAborted(LoggedBatch batch) => batch is { IsTransactional: true, IsControl: false }
        && _all.Exists(transaction => transaction.ProducerId == batch.ProducerId && transaction.IsAborted
            && transaction.FirstOffset <= batch.BaseOffset && batch.BaseOffset < transaction.EndOffset);

    /// <summary>True while a producer's transaction has no end in the log.</summary>
    public bool IsOpen(long producerId) => _open.ContainsKey(producerId);

    private sealed class Transaction(long producerId, long firstOffset)
    {
        public long ProducerId => producerId;

        public long FirstOffset => firstOffset;

        /// <summary>Offset of the marker; the largest number there is while there is none.</summary>
        public long EndOffset { get; set; } = long.MaxValue;

        public bool IsAborted { get; set; }
    }
}
