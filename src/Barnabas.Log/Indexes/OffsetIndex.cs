using System.Buffers.Binary;
using Barnabas.Base;

namespace Barnabas.Log.Indexes;

/// <summary>
/// The sparse map of one segment from offset to file position, in memory. Entry: last offset of a batch relative to the segment's base, and
/// the position of that batch's first byte. The log's owner appends; any thread reads what was published by the count.
/// </summary>
internal sealed class OffsetIndex
{
    internal const int EntryBytes = 8;

    // One long an entry: relative offset above, position below, so that it sorts and is written as it lies.
    private long[] _entries;
    private int _count;

    internal OffsetIndex() => _entries = [];

    private OffsetIndex(long[] entries, int count)
    {
        _entries = entries;
        _count = count;
    }

    internal int Count => Volatile.Read(ref _count);

    /// <summary>Owner only. Entries ascend in offset and position.</summary>
    internal void Add(int relativeOffset, int position)
    {
        var count = _count;
        Check.That(count == 0 || RelativeOffset(_entries[count - 1]) < relativeOffset);
        if (count == _entries.Length)
        {
            var grown = new long[Math.Max(16, count * 2)];
            _entries.AsSpan(0, count).CopyTo(grown);
            Volatile.Write(ref _entries, grown);
        }

        _entries[count] = ((long)relativeOffset << 32) | (uint)position;
        Volatile.Write(ref _count, count + 1);
    }

    /// <summary>A copy with the entries whose batch begins before <paramref name="position"/>.</summary>
    internal OffsetIndex CutAt(int position)
    {
        var entries = Entries();
        var count = entries.Length;
        while (count > 0 && Position(entries[count - 1]) >= position)
        {
            count--;
        }

        return new OffsetIndex(entries[..count].ToArray(), count);
    }

    /// <summary>
    /// The batches around an offset: position of the first entry whose batch ends at or after it (-1 for none), and of the entry before
    /// that (0 for none), from where a walk must meet the offset.
    /// </summary>
    internal (int AtOrAfter, int Before) Find(int relativeOffset)
    {
        var entries = Entries();
        var low = 0;
        var high = entries.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (RelativeOffset(entries[middle]) < relativeOffset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return (low < entries.Length ? Position(entries[low]) : -1, low > 0 ? Position(entries[low - 1]) : 0);
    }

    /// <summary>The last known start of a batch in (<paramref name="after"/>, <paramref name="upTo"/>], or -1.</summary>
    internal int LastPosition(int after, int upTo)
    {
        var entries = Entries();
        var low = 0;
        var high = entries.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Position(entries[middle]) <= upTo)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 && Position(entries[low - 1]) > after ? Position(entries[low - 1]) : -1;
    }

    /// <summary>
    /// Last offset of the first batch known to begin at or behind a position; -1 when none is. At the very position of the first entry it
    /// is the second's: that is what Kafka takes, and with it what it lists for a fetch.
    /// </summary>
    internal int FirstAt(int position)
    {
        var entries = Entries();
        var low = 0;
        var high = entries.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Position(entries[middle]) < position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        low += low == 0 && !entries.IsEmpty && Position(entries[0]) == position ? 1 : 0;
        return low < entries.Length ? RelativeOffset(entries[low]) : -1;
    }

    /// <summary>The last entry as (relative offset, position), or (-1, 0) for an empty index.</summary>
    internal (int RelativeOffset, int Position) Last()
    {
        var entries = Entries();
        return entries.IsEmpty ? (-1, 0) : (RelativeOffset(entries[^1]), Position(entries[^1]));
    }

    /// <summary>The bytes of the <c>.index</c> file.</summary>
    internal byte[] ToBytes()
    {
        var entries = Entries();
        var bytes = new byte[entries.Length * EntryBytes];
        for (var i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(i * EntryBytes), entries[i]);
        }

        return bytes;
    }

    /// <summary>
    /// Reads a file's bytes; null when they are no index: a size that is no multiple of the entry, or entries that do not ascend, which
    /// includes the zeros of a file that was never cut to its size.
    /// </summary>
    internal static OffsetIndex? FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % EntryBytes != 0)
        {
            return null;
        }

        var entries = new long[bytes.Length / EntryBytes];
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i] = BinaryPrimitives.ReadInt64BigEndian(bytes[(i * EntryBytes)..]);
            if (entry < 0 || Position(entry) < 0
                || (i > 0 && (RelativeOffset(entry) <= RelativeOffset(entries[i - 1]) || Position(entry) <= Position(entries[i - 1]))))
            {
                return null;
            }
        }

        return new OffsetIndex(entries, entries.Length);
    }

    /// <summary>One entry of a file, as it lies.</summary>
    internal static (int RelativeOffset, int Position) ReadEntry(ReadOnlySpan<byte> bytes)
    {
        var entry = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return (RelativeOffset(entry), Position(entry));
    }

    private ReadOnlySpan<long> Entries()
    {
        var count = Volatile.Read(ref _count);
        return Volatile.Read(ref _entries).AsSpan(0, count);
    }

    private static int RelativeOffset(long entry) => (int)(entry >> 32);

    private static int Position(long entry) => (int)entry;
}
