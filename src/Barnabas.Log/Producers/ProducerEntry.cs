using System.Runtime.CompilerServices;

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
    private const int BatchesMax = 5;
    private Batches _batches;
    private byte _first;

    internal long ProducerId { get; } = producerId;

    /// <summary>-1 until the first batch.</summary>
    internal short Epoch { get; private set; } = -1;

    internal int CoordinatorEpoch { get; set; } = -1;

    internal long LastTimestampMs { get; set; } = -1;

    /// <summary>First offset of the open transaction, or -1.</summary>
    internal long TransactionFirstOffset { get; set; } = -1;

    /// <summary>Batches remembered: 0 to 5.</summary>
    internal int Count { get; private set; }

    /// <summary>The newest batch; only when <see cref="Count"/> is not 0.</summary>
    internal ProducerBatch Last => _batches[(_first + Count - 1) % BatchesMax];

    /// <summary>Last sequence number, or -1.</summary>
    internal int LastSequence => Count == 0 ? -1 : Last.LastSequence;

    /// <summary>Takes a new epoch over, which forgets the batches of the old one.</summary>
    internal void MoveTo(short epoch)
    {
        if (epoch != Epoch)
        {
            Epoch = epoch;
            Count = 0;
        }
    }

    internal void Add(in ProducerBatch batch)
    {
        if (Count == BatchesMax)
        {
            _batches[_first] = batch;
            _first = (byte)((_first + 1) % BatchesMax);
            return;
        }

        _batches[(_first + Count) % BatchesMax] = batch;
        Count++;
    }

    /// <summary>Looks for a batch with exactly these sequence numbers.</summary>
    internal bool TryFind(int baseSequence, int lastSequence, out ProducerBatch found)
    {
        for (var i = 0; i < Count; i++)
        {
            found = _batches[(_first + i) % BatchesMax];
            if (found.LastSequence == lastSequence && found.BaseSequence == baseSequence)
            {
                return true;
            }
        }

        found = default;
        return false;
    }

    [InlineArray(BatchesMax)]
    private struct Batches
    {
        private ProducerBatch _batch;
    }
}
