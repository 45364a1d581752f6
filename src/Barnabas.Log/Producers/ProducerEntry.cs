namespace Barnabas.Log.Producers;

/// <summary>One batch that a producer appended, to know a retry of it again.</summary>
internal readonly record struct ProducerBatch(int LastSequence, int OffsetDelta, long LastOffset, long TimestampMs)
{
    internal long BaseOffset => LastOffset - OffsetDelta;

    internal int BaseSequence => OffsetDelta > LastSequence ? LastSequence - OffsetDelta + int.MaxValue + 1 : LastSequence - OffsetDelta;
}

/// <summary>
/// What a log remembers of one producer id: its epoch, its last five batches, its open transaction. The log's owner alone uses it.
/// </summary>
internal sealed class ProducerEntry(long producerId)
{
    private const int EarlierMax = 4;

    // Most producers of a short life write one batch: the earlier ones are kept apart, in a ring.
    private ProducerBatch _last;
    private ProducerBatch[]? _earlier;
    private byte _count, _next;

    internal long ProducerId { get; } = producerId;

    /// <summary>-1 until the first batch.</summary>
    internal short Epoch { get; private set; } = -1;

    internal int CoordinatorEpoch { get; set; } = -1;

    internal long LastTimestampMs { get; set; } = -1;

    /// <summary>First offset of the open transaction, or -1.</summary>
    internal long TransactionFirstOffset { get; set; } = -1;

    /// <summary>
    /// Offset of the newest marker that was appended or replayed since the log was opened, or -1. Not in snapshots: it is asked for only by
    /// who has begun to wait since.
    /// </summary>
    internal long MarkerOffset { get; set; } = -1;

    /// <summary>Batches remembered: 0 to 5.</summary>
    internal int Count => _count;

    /// <summary>The newest batch; only when <see cref="Count"/> is not 0.</summary>
    internal ProducerBatch Last => _last;

    /// <summary>Last sequence number, or -1.</summary>
    internal int LastSequence => Count == 0 ? -1 : Last.LastSequence;

    /// <summary>Takes a new epoch over, which forgets the batches of the old one.</summary>
    internal void MoveTo(short epoch)
    {
        if (epoch != Epoch)
        {
            Epoch = epoch;
            _count = 0;
            _next = 0;
        }
    }

    internal void Add(in ProducerBatch batch)
    {
        if (_count > 0)
        {
            _earlier ??= new ProducerBatch[EarlierMax];
            _earlier[_next] = _last;
            _next = (byte)((_next + 1) % EarlierMax);
        }

        _last = batch;
        _count = (byte)Math.Min(_count + 1, EarlierMax + 1);
    }

    /// <summary>Looks for a batch with exactly these sequence numbers.</summary>
    internal bool TryFind(int baseSequence, int lastSequence, out ProducerBatch found)
    {
        found = _last;
        if (_count > 0 && Is(found, baseSequence, lastSequence))
        {
            return true;
        }

        for (var i = 0; i < _count - 1; i++)
        {
            found = _earlier![i];
            if (Is(found, baseSequence, lastSequence))
            {
                return true;
            }
        }

        found = default;
        return false;
    }

    private static bool Is(in ProducerBatch batch, int baseSequence, int lastSequence) =>
        batch.LastSequence == lastSequence && batch.BaseSequence == baseSequence;
}
