namespace Barnabas.Log.Producers;

/// <summary>A transaction that its marker ended.</summary>
internal readonly record struct CompletedTransaction(long ProducerId, long FirstOffset, long LastOffset, bool IsAborted);

/// <summary>
/// The transactions that hold the last stable offset back: those without a marker, and those whose marker is not replicated yet. The log's
/// owner alone uses it.
/// </summary>
internal sealed class OpenTransactions
{
    // Both ascend in first offset, for transactions begin in the order of the log.
    private readonly List<(long FirstOffset, long ProducerId)> _open = [];
    private readonly List<CompletedTransaction> _completed = [];

    internal void Begin(long firstOffset, long producerId)
    {
        var at = _open.Count;
        while (at > 0 && _open[at - 1].FirstOffset > firstOffset)
        {
            at--;
        }

        _open.Insert(at, (firstOffset, producerId));
    }

    internal void End(in CompletedTransaction transaction)
    {
        var (first, producer) = (transaction.FirstOffset, transaction.ProducerId);
        _open.Remove((first, producer));
        _completed.Add(transaction);
    }

    /// <summary>Forgets the transactions whose markers lie below the high watermark.</summary>
    internal void OnHighWatermark(long highWatermark)
    {
        if (_completed.Count > 0)
        {
            _completed.RemoveAll(t => t.LastOffset < highWatermark);
        }
    }

    /// <summary>The first offset that is not decided yet, or <paramref name="highWatermark"/> when all below it are.</summary>
    internal long LastStableOffset(long highWatermark)
    {
        var stable = highWatermark;
        if (_open.Count > 0)
        {
            stable = Math.Min(stable, _open[0].FirstOffset);
        }

        foreach (var transaction in _completed)
        {
            stable = Math.Min(stable, transaction.FirstOffset);
        }

        return stable;
    }

    /// <summary>What the last stable offset will be once all up to <paramref name="logEndOffset"/> is replicated.</summary>
    internal long FirstOpenOffset(long logEndOffset) => _open.Count > 0 ? _open[0].FirstOffset : logEndOffset;

    internal void Clear()
    {
        _open.Clear();
        _completed.Clear();
    }
}
