using System.Buffers.Binary;
using Barnabas.Base.Bytes;

namespace Barnabas.Log.Producers;

/// <summary>
/// The bytes of a <c>.snapshot</c> file: version 1, CRC-32C of the rest, a count, and 46 bytes for each producer with its last batch.
/// Stateless.
/// </summary>
internal static class ProducerSnapshot
{
    private const short Version = 1;
    private const int HeaderBytes = 10, EntryBytes = 46, CrcAt = 2, ChecksummedAt = 6;

    internal static byte[] ToBytes(ProducerStates states)
    {
        var bytes = new byte[HeaderBytes + (states.Count * EntryBytes)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, Version);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(ChecksummedAt), states.Count);
        var at = HeaderBytes;
        foreach (var entry in states.Entries)
        {
            Write(entry, bytes.AsSpan(at, EntryBytes));
            at += EntryBytes;
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcAt), Crc32C.Compute(bytes.AsSpan(ChecksummedAt)));
        return bytes;
    }

    /// <summary>
    /// Fills empty states from a file's bytes; false, and nothing filled, when the bytes are wrong.
    /// </summary>
    internal static bool TryLoad(ReadOnlySpan<byte> bytes, ProducerStates states)
    {
        if (bytes.Length < HeaderBytes
            || BinaryPrimitives.ReadInt16BigEndian(bytes) != Version
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]) != Crc32C.Compute(bytes[ChecksummedAt..])
            || BinaryPrimitives.ReadInt32BigEndian(bytes[ChecksummedAt..]) * (long)EntryBytes != bytes.Length - HeaderBytes)
        {
            return false;
        }

        for (var at = HeaderBytes; at < bytes.Length; at += EntryBytes)
        {
            states.Restore(Read(bytes.Slice(at, EntryBytes)));
        }

        return true;
    }

    private static void Write(ProducerEntry entry, Span<byte> bytes)
    {
        var last = entry.Count > 0 ? entry.Last : new ProducerBatch(-1, 0, -1, -1);
        BinaryPrimitives.WriteInt64BigEndian(bytes, entry.ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(bytes[8..], entry.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(bytes[10..], last.LastSequence);
        BinaryPrimitives.WriteInt64BigEndian(bytes[14..], last.LastOffset);
        BinaryPrimitives.WriteInt32BigEndian(bytes[22..], last.OffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(bytes[26..], entry.LastTimestampMs);
        BinaryPrimitives.WriteInt32BigEndian(bytes[34..], entry.CoordinatorEpoch);
        BinaryPrimitives.WriteInt64BigEndian(bytes[38..], entry.TransactionFirstOffset);
    }

    private static ProducerEntry Read(ReadOnlySpan<byte> bytes)
    {
        var entry = new ProducerEntry(BinaryPrimitives.ReadInt64BigEndian(bytes))
        {
            LastTimestampMs = BinaryPrimitives.ReadInt64BigEndian(bytes[26..]),
            CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(bytes[34..]),
            TransactionFirstOffset = BinaryPrimitives.ReadInt64BigEndian(bytes[38..]),
        };
        entry.MoveTo(BinaryPrimitives.ReadInt16BigEndian(bytes[8..]));
        var lastOffset = BinaryPrimitives.ReadInt64BigEndian(bytes[14..]);
        var offsetDelta = BinaryPrimitives.ReadInt32BigEndian(bytes[22..]);
        if (lastOffset >= 0 && offsetDelta >= 0)
        {
            var lastSequence = BinaryPrimitives.ReadInt32BigEndian(bytes[10..]);
            entry.Add(new ProducerBatch(lastSequence, offsetDelta, lastOffset, entry.LastTimestampMs));
        }

        return entry;
    }
}
