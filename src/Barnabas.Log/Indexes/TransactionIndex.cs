using System.Buffers.Binary;

namespace Barnabas.Log.Indexes;

/// <summary>An aborted transaction: readers that want committed records only skip its producer's records between these offsets.</summary>
/// <param name="ProducerId">Whose.</param>
/// <param name="FirstOffset">Its first record.</param>
/// <param name="LastOffset">Its marker.</param>
/// <param name="LastStableOffset">The last stable offset once the marker was written: later transactions begin at or after it.</param>
public readonly record struct AbortedTransaction(long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);

/// <summary>The aborted transactions whose markers lie in one segment, in order. Immutable; an abort more makes a new one.</summary>
internal sealed class TransactionIndex
{
    internal static readonly TransactionIndex Empty = new([]);

    private const int EntryBytes = 34;
    private readonly AbortedTransaction[] _entries;

    private TransactionIndex(AbortedTransaction[] entries) => _entries = entries;

    internal ReadOnlySpan<AbortedTransaction> Entries => _entries;

    internal TransactionIndex With(in AbortedTransaction aborted) => new([.. _entries, aborted]);

    /// <summary>Without the transactions whose markers lie at or after an offset.</summary>
    internal TransactionIndex TruncatedTo(long offset) => new([.. _entries.Where(e => e.LastOffset < offset)]);

    internal byte[] ToBytes()
    {
        var bytes = new byte[_entries.Length * EntryBytes];
        for (var i = 0; i < _entries.Length; i++)
        {
            var at = bytes.AsSpan(i * EntryBytes);
            BinaryPrimitives.WriteInt64BigEndian(at[2..], _entries[i].ProducerId);
            BinaryPrimitives.WriteInt64BigEndian(at[10..], _entries[i].FirstOffset);
            BinaryPrimitives.WriteInt64BigEndian(at[18..], _entries[i].LastOffset);
            BinaryPrimitives.WriteInt64BigEndian(at[26..], _entries[i].LastStableOffset);
        }

        return bytes;
    }

    /// <summary>Reads a file's bytes; null when they are no transaction index.</summary>
    internal static TransactionIndex? FromBytes(ReadOnlySpan<byte> bytes)
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
            var ascends = i == 0 || entries[i].LastOffset > entries[i - 1].LastOffset;
            if (BinaryPrimitives.ReadInt16BigEndian(at) != 0 || entries[i].FirstOffset > entries[i].LastOffset || !ascends)
            {
                return null;
            }
        }

        return new TransactionIndex(entries);
    }
}
