using Barnabas.Base;
using Barnabas.Log.Indexes;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Producers;

/// <summary>
/// What a log knows of the producers that number their batches, so that a retry is not appended twice and a gap is refused. The log's owner
/// alone uses it. Bounded: beyond <see cref="ProducersMax"/> those that were silent longest are forgotten.
/// </summary>
internal sealed class ProducerStates
{
    /// <summary>Producer ids that one log remembers, about 20 MB.</summary>
    internal const int ProducersMax = 100_000;

    private readonly Dictionary<long, ProducerEntry> _entries = [];

    internal OpenTransactions Transactions { get; } = new();

    internal int Count => _entries.Count;

    internal IEnumerable<ProducerEntry> Entries => _entries.Values;

    /// <summary>
    /// Judges a batch with a producer id. None with a found <paramref name="duplicate"/> means that it is in the log already. Of
    /// <paramref name="batch"/> only a marker's record is read. Changes nothing.
    /// </summary>
    internal ErrorCode Judge(
        in RecordBatchHeader header, ReadOnlySpan<byte> batch, AppendOrigin origin, out ProducerBatch? duplicate)
    {
        duplicate = null;
        if (!_entries.TryGetValue(header.ProducerId, out var entry))
        {
            return ErrorCode.None;
        }

        if (header.IsControl)
        {
            return JudgeMarker(entry, header, batch, origin == AppendOrigin.TransactionEndV2);
        }

        return origin == AppendOrigin.Client ? JudgeData(entry, header, out duplicate)
            : header.ProducerEpoch < entry.Epoch ? ErrorCode.InvalidProducerEpoch
            : ErrorCode.None;
    }

    /// <summary>
    /// Takes note of a batch with a producer id at the offset that it has now, whether it was appended, copied or replayed. Of
    /// <paramref name="batch"/> only a control batch's record is read. Returns the transaction that a marker in it aborted.
    /// </summary>
    internal AbortedTransaction? Note(in RecordBatchHeader header, ReadOnlySpan<byte> batch, long baseOffset, long timestampMs)
    {
        if (!header.IsControl)
        {
            NoteData(header, baseOffset, timestampMs);
            return null;
        }

        if (header.RecordCount == 0)
        {
            // Compaction emptied a marker, and kept it because it is all that says which epoch the producer has.
            EntryOf(header.ProducerId).MoveTo(header.ProducerEpoch);
            return null;
        }

        if (!TransactionMarker.TryRead(batch, out var marker)
            || NoteMarker(header, marker, baseOffset, timestampMs) is not { IsAborted: true } ended)
        {
            return null;
        }

        var stable = Transactions.FirstOpenOffset(baseOffset + 1);
        return new AbortedTransaction(ended.ProducerId, ended.FirstOffset, ended.LastOffset, stable);
    }

    /// <summary>Whether a transaction of the producer's epoch is open, and the offset of the producer's newest marker, or -1.</summary>
    internal (bool IsOpen, long MarkerOffset) TransactionOf(long producerId, short epoch) =>
        _entries.TryGetValue(producerId, out var entry)
            ? (entry.TransactionFirstOffset >= 0 && entry.Epoch == epoch, entry.MarkerOffset)
            : (false, -1);

    /// <summary>Puts an entry back that a snapshot held.</summary>
    internal void Restore(ProducerEntry entry)
    {
        _entries[entry.ProducerId] = entry;
        if (entry.TransactionFirstOffset >= 0)
        {
            Transactions.Begin(entry.TransactionFirstOffset, entry.ProducerId);
        }
    }

    internal void Clear()
    {
        _entries.Clear();
        Transactions.Clear();
    }

    /// <summary>Forgets producers that were silent too long, never one with an open transaction.</summary>
    internal void Expire(long nowMs, long expirationMs)
    {
        List<long>? expired = null;
        foreach (var entry in _entries.Values)
        {
            if (IsExpired(entry, nowMs, expirationMs))
            {
                (expired ??= []).Add(entry.ProducerId);
            }
        }

        foreach (var id in expired ?? [])
        {
            _entries.Remove(id);
        }
    }

    private static bool IsExpired(ProducerEntry entry, long nowMs, long expirationMs) =>
        entry.TransactionFirstOffset < 0 && nowMs - entry.LastTimestampMs >= expirationMs;

    private static ErrorCode JudgeData(ProducerEntry entry, in RecordBatchHeader header, out ProducerBatch? duplicate)
    {
        duplicate = null;
        if (header.ProducerEpoch == entry.Epoch && entry.TryFind(header.BaseSequence, header.LastSequence, out var known))
        {
            duplicate = known;
            return ErrorCode.None;
        }

        if (header.ProducerEpoch < entry.Epoch)
        {
            return ErrorCode.InvalidProducerEpoch;
        }

        var expected = header.ProducerEpoch != entry.Epoch ? 0
            : entry.LastSequence == int.MaxValue ? 0
            : entry.LastSequence + 1;
        if (entry.Epoch >= 0 && header.BaseSequence != expected)
        {
            return ErrorCode.OutOfOrderSequenceNumber;
        }

        return entry.TransactionFirstOffset >= 0 && !header.IsTransactional ? ErrorCode.InvalidTxnState : ErrorCode.None;
    }

    /// <summary>With version 2 a marker's epoch is above that of what it ends; with nothing open it may be a marker once more.</summary>
    private static ErrorCode JudgeMarker(
        ProducerEntry entry, in RecordBatchHeader header, ReadOnlySpan<byte> batch, bool isVersion2)
    {
        var epochMin = isVersion2 && entry.TransactionFirstOffset >= 0 ? entry.Epoch + 1 : entry.Epoch;
        if (header.ProducerEpoch < epochMin)
        {
            return ErrorCode.InvalidProducerEpoch;
        }

        return TransactionMarker.TryRead(batch, out var marker) && marker.CoordinatorEpoch < entry.CoordinatorEpoch
            ? ErrorCode.TransactionCoordinatorFenced
            : ErrorCode.None;
    }

    private void NoteData(in RecordBatchHeader header, long baseOffset, long timestampMs)
    {
        var entry = EntryOf(header.ProducerId);
        entry.MoveTo(header.ProducerEpoch);
        entry.Add(new ProducerBatch(header.LastSequence, header.LastOffsetDelta, baseOffset + header.LastOffsetDelta, timestampMs));
        entry.LastTimestampMs = timestampMs;
        if (header.IsTransactional && entry.TransactionFirstOffset < 0)
        {
            entry.TransactionFirstOffset = baseOffset;
            Transactions.Begin(baseOffset, header.ProducerId);
        }
    }

    private CompletedTransaction? NoteMarker(
        in RecordBatchHeader header, in TransactionMarker marker, long offset, long timestampMs)
    {
        var entry = EntryOf(header.ProducerId);
        entry.MoveTo(header.ProducerEpoch);
        entry.CoordinatorEpoch = marker.CoordinatorEpoch;
        entry.LastTimestampMs = timestampMs;
        entry.MarkerOffset = offset;
        if (entry.TransactionFirstOffset < 0)
        {
            return null;
        }

        var ended = new CompletedTransaction(header.ProducerId, entry.TransactionFirstOffset, offset, marker.IsAbort);
        entry.TransactionFirstOffset = -1;
        Transactions.End(ended);
        return ended;
    }

    private ProducerEntry EntryOf(long producerId)
    {
        if (_entries.TryGetValue(producerId, out var entry))
        {
            return entry;
        }

        if (_entries.Count >= ProducersMax)
        {
            ForgetTheSilent();
        }

        return _entries[producerId] = new ProducerEntry(producerId);
    }

    /// <summary>Forgets the tenth that was silent longest, so that the cost of a sort is paid once in ten thousand producers.</summary>
    private void ForgetTheSilent()
    {
        var silent = _entries.Values.Where(e => e.TransactionFirstOffset < 0)
            .OrderBy(e => e.LastTimestampMs).ThenBy(e => e.ProducerId)
            .Take(ProducersMax / 10).ToList();
        foreach (var entry in silent)
        {
            _entries.Remove(entry.ProducerId);
        }
    }
}
