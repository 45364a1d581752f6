using System.Buffers.Binary;

namespace Barnabas.Log.Indexes;

/// <summary>
/// An entry of the time index: no batch up to the offset, which is relative to the segment's base, has a later timestamp.
/// </summary>
internal readonly record struct TimeEntry(long TimestampMs, int RelativeOffset);

/// <summary>
/// The sparse map of one segment from timestamp to offset, in memory. The log's owner appends; any thread reads what was published by the
/// count.
/// </summary>
internal sealed class TimeIndex
{
    internal const int EntryBytes = 12;
    private TimeEntry[] _entries;
    private int _count;

    internal TimeIndex() => _entries = [];

    private TimeIndex(TimeEntry[] entries, int count)
    {
        _entries = entries;
        _count = count;
    }

    internal int Count => Volatile.Read(ref _count);

    /// <summary>Owner only. Adds the entry unless it says nothing new: timestamps and offsets have to ascend.</summary>
    internal void AddIfLater(long timestampMs, int relativeOffset)
    {
        var count = _count;
        if (count > 0 && (_entries[count - 1].TimestampMs >= timestampMs || _entries[count - 1].RelativeOffset >= relativeOffset))
        {
            return;
        }

        if (count == _entries.Length)
        {
            var grown = new TimeEntry[Math.Max(16, count * 2)];
            _entries.AsSpan(0, count).CopyTo(grown);
            Volatile.Write(ref _entries, grown);
        }

        _entries[count] = new TimeEntry(timestampMs, relativeOffset);
        Volatile.Write(ref _count, count + 1);
    }

    /// <summary>A copy with the entries up to an offset.</summary>
    internal TimeIndex CutAfter(int relativeOffset)
    {
        var entries = Entries();
        var count = entries.Length;
        while (count > 0 && entries[count - 1].RelativeOffset > relativeOffset)
        {
            count--;
        }

        return new TimeIndex(entries[..count].ToArray(), count);
    }

    /// <summary>The last entry with a timestamp below the given one, from where a search by time may start; (-1, 0) for none.</summary>
    internal TimeEntry Floor(long timestampMs)
    {
        var entries = Entries();
        var low = 0;
        var high = entries.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (entries[middle].TimestampMs < timestampMs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 ? entries[low - 1] : new TimeEntry(-1, 0);
    }

    /// <summary>The last entry; (-1, 0) for an empty index.</summary>
    internal TimeEntry Last()
    {
        var entries = Entries();
        return entries.IsEmpty ? new TimeEntry(-1, 0) : entries[^1];
    }

    /// <summary>The bytes of the <c>.timeindex</c> file.</summary>
    internal byte[] ToBytes()
    {
        var entries = Entries();
        var bytes = new byte[entries.Length * EntryBytes];
        for (var i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(i * EntryBytes), entries[i].TimestampMs);
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan((i * EntryBytes) + 8), entries[i].RelativeOffset);
        }

        return bytes;
    }

    /// <summary>Reads a file's bytes; null when they are no time index: a wrong size, or entries that do not ascend.</summary>
    internal static TimeIndex? FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % EntryBytes != 0)
        {
            return null;
        }

        var entries = new TimeEntry[bytes.Length / EntryBytes];
        for (var i = 0; i < entries.Length; i++)
        {
            var at = bytes[(i * EntryBytes)..];
            entries[i] = new TimeEntry(BinaryPrimitives.ReadInt64BigEndian(at), BinaryPrimitives.ReadInt32BigEndian(at[8..]));
            if (entries[i].RelativeOffset < 0 || (i > 0 && (entries[i].TimestampMs < entries[i - 1].TimestampMs
                || entries[i].RelativeOffset < entries[i - 1].RelativeOffset)))
            {
                return null;
            }
        }

        return new TimeIndex(entries, entries.Length);
    }

    private ReadOnlySpan<TimeEntry> Entries()
    {
        var count = Volatile.Read(ref _count);
        return Volatile.Read(ref _entries).AsSpan(0, count);
    }
}
