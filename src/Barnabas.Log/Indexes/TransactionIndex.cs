using System.Buffers.Binary;

namespace Barnabas.Log.Indexes;

/// <summary>An aborted transaction: readers that want committed records only skip its producer's records between these offsets.</summary>
/// <param name="ProducerId">Whose.</param>
/// <param name="FirstOffset">Its first record.</param>
/// <param name="LastOffset">Its marker.</param>
/// <param name="LastStableOffset">The last stable offset once the marker was written: later transactions begin at or after it.</param>
public readonly record struct AbortedTransaction(long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);

/// <summary>
/// The aborted transactions whose markers lie in one segment, in order of their markers. The log's owner appends; any thread reads what
/// was published by the count.
/// </summary>
internal sealed class TransactionIndex
{
    private const int EntryBytes = 34;
    private AbortedTransaction[] _entries;
    private int _count;

    internal TransactionIndex()
        : this([])
    {
    }

    private TransactionIndex(AbortedTransaction[] entries)
    {
        _entries = entries;
        _count = entries.Length;
    }

    internal ReadOnlySpan<AbortedTransaction> Entries
    {
        get
        {
            var count = Volatile.Read(ref _count);
            return Volatile.Read(ref _entries).AsSpan(0, count);
        }
    }

    /// <summary>Owner only. Markers come in the order of the log.</summary>
    internal void Add(in AbortedTransaction aborted)
    {
        var count = _count;
        if (count == _entries.Length)
        {
            var grown = new AbortedTransaction[Math.Max(4, count * 2)];
            _entries.AsSpan(0, count).CopyTo(grown);
            Volatile.Write(ref _entries, grown);
        }

        _entries[count] = aborted;
        Volatile.Write(ref _count, count + 1);
    }

    /// <summary>A copy without the transactions whose markers lie at or after an offset.</summary>
    internal TransactionIndex TruncatedTo(long offset)
    {
        var entries = Entries;
        var count = entries.Length;
        while (count > 0 && entries[count - 1].LastOffset >= offset)
        {
            count--;
        }

        return new TransactionIndex(entries[..count].ToArray());
    }

    internal byte[] ToBytes()
    {
        var entries = Entries;
        var bytes = new byte[entries.Length * EntryBytes];
        for (var i = 0; i < entries.Length; i++)
        {
            var at = bytes.AsSpan(i * EntryBytes);
            BinaryPrimitives.WriteInt64BigEndian(at[2..], entries[i].ProducerId);
            BinaryPrimitives.WriteInt64BigEndian(at[10..], entries[i].FirstOffset);
            BinaryPrimitives.WriteInt64BigEndian(at[18..], entries[i].LastOffset);
            BinaryPrimitives.WriteInt64BigEndian(at[26..], entries[i].LastStableOffset);
        }

        return bytes;
    }

    /// <summary>
    /// Reads a file's bytes; null when they are no transaction index, or not that of a segment which holds the offsets from
    /// <paramref name="baseOffset"/> on and below <paramref name="endOffset"/>.
    /// </summary>
    internal static TransactionIndex? FromBytes(ReadOnlySpan<byte> bytes, long baseOffset, long endOffset)
    {
        if (bytes.Length % EntryBytes != 0)
        {
            return null;
        }

        var entries = new AbortedTransaction[bytes.Length / EntryBytes];
        for (var i = 0; i < entries.Length; i++)
        {
            var at = bytes[(i * EntryBytes)..];
            entries[i] = new AbortedTransaction(
                BinaryPrimitives.ReadInt64BigEndian(at[2..]),
                BinaryPrimitives.ReadInt64BigEndian(at[10..]),
                BinaryPrimitives.ReadInt64BigEndian(at[18..]),
                BinaryPrimitives.ReadInt64BigEndian(at[26..]));
            var above = i == 0 ? baseOffset - 1 : entries[i - 1].LastOffset;
            if (BinaryPrimitives.ReadInt16BigEndian(at) != 0 || !IsPlausible(entries[i], above, endOffset))
            {
                return null;
            }
        }

        return new TransactionIndex(entries);
    }

    private static bool IsPlausible(in AbortedTransaction entry, long above, long endOffset) =>
        entry.ProducerId >= 0 && entry.FirstOffset >= 0 && entry.FirstOffset <= entry.LastOffset
        && entry.LastOffset > above && entry.LastOffset < endOffset
        && entry.LastStableOffset >= 0 && entry.LastStableOffset <= entry.LastOffset + 1;
}
