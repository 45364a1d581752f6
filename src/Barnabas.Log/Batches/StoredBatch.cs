using System.Buffers.Binary;
using Barnabas.Protocol.Records;

namespace Barnabas.Log.Batches;

/// <summary>
/// What the log needs to know of one batch of any magic as it lies in a file. Magic 0 and 1 come from old directories: one entry has one
/// offset there, the last of a compressed set. The bytes are not trusted.
/// </summary>
internal readonly struct StoredBatch
{
    /// <summary>Bytes that have to be there to read a frame of any magic.</summary>
    internal const int HeaderBytes = RecordBatchHeader.HeaderBytes;

    /// <summary>The smallest entry of magic 0: offset, size, checksum, magic, attributes and two empty fields.</summary>
    private const int OldBytesMin = 26;

    private StoredBatch(in RecordBatchHeader header)
    {
        Header = header;
        Magic = RecordBatchHeader.MagicV2;
        BaseOffset = header.BaseOffset;
        LastOffset = header.LastOffset;
        SizeBytes = header.SizeBytes;
        MaxTimestamp = header.MaxTimestamp;
        LeaderEpoch = header.PartitionLeaderEpoch;
    }

    private StoredBatch(ReadOnlySpan<byte> bytes, sbyte magic, long sizeBytes)
    {
        Magic = magic;
        BaseOffset = LastOffset = BinaryPrimitives.ReadInt64BigEndian(bytes);
        SizeBytes = sizeBytes;
        MaxTimestamp = magic == 1 ? BinaryPrimitives.ReadInt64BigEndian(bytes[18..]) : -1;
        LeaderEpoch = -1;
    }

    /// <summary>The whole header; empty for magic 0 and 1.</summary>
    internal RecordBatchHeader Header { get; }

    internal sbyte Magic { get; }

    internal long BaseOffset { get; }

    internal long LastOffset { get; }

    internal long SizeBytes { get; }

    internal long MaxTimestamp { get; }

    internal int LeaderEpoch { get; }

    /// <summary>True for markers of transactions and the quorum's own records.</summary>
    internal bool IsControl => Magic == RecordBatchHeader.MagicV2 && Header.IsControl;

    internal bool HasProducerId => Magic == RecordBatchHeader.MagicV2 && Header.HasProducerId;

    /// <summary>
    /// Reads what the bytes begin with; false when that cannot be a batch. Whether all its bytes are there is for the caller.
    /// </summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out StoredBatch frame)
    {
        frame = default;
        if (!RecordBatchHeader.TryReadSize(bytes, out var sizeBytes, out var magic))
        {
            return false;
        }

        if (magic == RecordBatchHeader.MagicV2)
        {
            if (!RecordBatchHeader.TryRead(bytes, out var header) || header.LastOffsetDelta < 0 || header.BaseOffset < 0)
            {
                return false;
            }

            frame = new StoredBatch(header);
            return true;
        }

        if (magic is not (0 or 1) || sizeBytes < OldBytesMin || bytes.Length < OldBytesMin || bytes[0] >= 0x80)
        {
            return false;
        }

        frame = new StoredBatch(bytes, magic, sizeBytes);
        return true;
    }

    /// <summary>True when the checksum of the whole batch is right.</summary>
    internal bool HasValidCrc(ReadOnlySpan<byte> batch) => Magic == RecordBatchHeader.MagicV2
        ? BatchStamp.ComputeCrc(batch) == Header.Crc
        : Crc32.Compute(batch[16..]) == BinaryPrimitives.ReadUInt32BigEndian(batch[12..]);

    /// <summary>True when the bytes are whole, good batches with ascending offsets, none below <paramref name="logEnd"/>.</summary>
    internal static bool AreGood(ReadOnlySpan<byte> bytes, long logEnd)
    {
        while (!bytes.IsEmpty)
        {
            if (!TryRead(bytes, out var batch) || batch.SizeBytes > bytes.Length || batch.BaseOffset < logEnd
                || !batch.HasValidCrc(bytes[..(int)batch.SizeBytes]))
            {
                return false;
            }

            logEnd = batch.LastOffset + 1;
            bytes = bytes[(int)batch.SizeBytes..];
        }

        return true;
    }
}
