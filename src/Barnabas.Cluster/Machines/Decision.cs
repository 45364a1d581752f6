using Barnabas.Base;

namespace Barnabas.Cluster.Machines;

/// <summary>
/// What an operation decided, filled in by it: records to append, and what its reply has to wait for. One object per host, used again for
/// every operation; owned by the host's loop.
/// </summary>
public sealed class Decision<TRecord>
{
    private TRecord[] _records = new TRecord[16];

    /// <summary>The offset that the first record added will get.</summary>
    public long NextOffset { get; private set; }

    /// <summary>Records added so far.</summary>
    public int Count { get; private set; }

    /// <summary>The records, in order. Valid until the decision is over.</summary>
    public ReadOnlySpan<TRecord> Records => _records.AsSpan(0, Count);

    /// <summary>True when the machine keeps the operation and finishes it later.</summary>
    public bool IsDeferred { get; private set; }

    /// <summary>The last offset that the decision read from; its reply waits until that is committed.</summary>
    internal long SeenOffset { get; private set; }

    /// <summary>Adds a record. All records of a decision are written atomically.</summary>
    public void Add(TRecord record)
    {
        if (Count == _records.Length)
        {
            Array.Resize(ref _records, Count * 2);
        }

        _records[Count++] = record;
    }

    /// <summary>
    /// Takes back the records added since <paramref name="count"/>, for an operation of several parts of which one is refused.
    /// </summary>
    public void TakeBack(int count)
    {
        Check.That(count >= 0 && count <= Count);
        Array.Clear(_records, count, Count - count);
        Count = count;
    }

    /// <summary>
    /// The decision read nothing later than <paramref name="offset"/> (-1: no replicated state at all), so that a reply without records
    /// need not wait for more. Without this call it waits for all that was replayed.
    /// </summary>
    public void Saw(long offset) => SeenOffset = Math.Min(offset, NextOffset - 1);

    /// <summary>
    /// The machine has put the operation aside (a member that waits for the others) and calls
    /// <see cref="Operation{TMachine,TRecord}.Finish"/> itself. Records may be added all the same.
    /// </summary>
    public void Defer() => IsDeferred = true;

    internal void Begin(long nextOffset)
    {
        NextOffset = nextOffset;
        SeenOffset = nextOffset - 1;
        IsDeferred = false;
    }

    internal void End()
    {
        Array.Clear(_records, 0, Count);
        Count = 0;
    }
}
