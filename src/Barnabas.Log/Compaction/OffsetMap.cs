using System.Runtime.InteropServices;
using Barnabas.Base;

namespace Barnabas.Log.Compaction;

/// <summary>
/// The last offset of each key that a cleaning has met, in a fixed piece of memory outside of the garbage collector's heap, whose pages
/// cost nothing until they are used. Owned by its cleaning.
/// </summary>
internal sealed unsafe class OffsetMap : IDisposable
{
    /// <summary>16 bytes of hash, 8 of offset.</summary>
    internal const int EntryBytes = 24;

    private readonly KeyHash _hash;
    private readonly ulong _slots;
    private Entry* _entries;

    /// <summary>
    /// A map in at most <paramref name="memory"/>, and no larger than <paramref name="keysWanted"/> keys need. It always takes one key.
    /// </summary>
    internal OffsetMap(CleaningMemory memory, KeyHash hash, long keysWanted)
    {
        var slotsMax = Math.Max(2, memory.MapBytes / EntryBytes);
        CountMax = Math.Clamp((long)(slotsMax * Math.Clamp(memory.MapLoadFactor, 0, 1)), 1, slotsMax - 1);
        _slots = (ulong)(keysWanted < CountMax ? Math.Min(slotsMax, Math.Max(16, keysWanted * 2)) : slotsMax);
        _hash = hash;
        _entries = (Entry*)NativeMemory.AllocZeroed((nuint)_slots, EntryBytes);
    }

    /// <summary>Keys that it takes.</summary>
    internal long CountMax { get; }

    /// <summary>Keys in it.</summary>
    internal long Count { get; private set; }

    /// <summary>Remembers the offset of a key, which is above all before it; false, and nothing remembered, when the map is full.</summary>
    internal bool TryPut(ReadOnlySpan<byte> key, long offset)
    {
        var hash = _hash.Of(key);
        var entry = Find(hash);
        if (entry->OffsetAndOne == 0)
        {
            if (Count >= CountMax)
            {
                return false;
            }

            Count++;
            entry->Hash = hash;
        }

        entry->OffsetAndOne = offset + 1;
        return true;
    }

    /// <summary>The last offset of a key, or -1.</summary>
    internal long OffsetOf(ReadOnlySpan<byte> key) => Find(_hash.Of(key))->OffsetAndOne - 1;

    public void Dispose()
    {
        NativeMemory.Free(_entries);
        _entries = null;
    }

    private Entry* Find(UInt128 hash)
    {
        Check.That(_entries is not null);
        var slot = (ulong)(hash >> 64) % _slots;
        while (_entries[slot].OffsetAndOne != 0 && _entries[slot].Hash != hash)
        {
            slot = slot + 1 == _slots ? 0 : slot + 1;
        }

        return _entries + slot;
    }

    [StructLayout(LayoutKind.Explicit, Size = EntryBytes)]
    private struct Entry
    {
        [FieldOffset(0)]
        private ulong _low;

        [FieldOffset(8)]
        private ulong _high;

        // 0 is a free slot, as fresh memory is.
        [FieldOffset(16)]
        public long OffsetAndOne;

        public UInt128 Hash
        {
            readonly get => new(_high, _low);
            set => (_high, _low) = ((ulong)(value >> 64), (ulong)value);
        }
    }
}
