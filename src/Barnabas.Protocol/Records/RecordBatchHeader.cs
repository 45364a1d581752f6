using System.Buffers.Binary;

namespace Barnabas.Protocol.Records;

/// <summary>How the records of a batch are compressed; the low three bits of its attributes. Other numbers are unknown codecs.</summary>
public enum CompressionType : byte
{
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

/// <summary>Whose clock stamped the records of a batch.</summary>
public enum TimestampType : byte
{
    CreateTime = 0,
    LogAppendTime = 1,
}

/// <summary>
/// The fixed part of a record batch, magic 2: 61 big-endian bytes before the records. Values as they lie in the bytes, which are not
/// trusted: reading says only that this is a header, not that it is true. Immutable, so any thread may hold one.
/// </summary>
public readonly struct RecordBatchHeader
{
    /// <summary>Bytes before the first record.</summary>
    public const int HeaderBytes = 61;

    /// <summary>Bytes that <see cref="BatchLength"/> does not count: the base offset and the length itself.</summary>
    public const int LengthPrefixBytes = 12;

    /// <summary>The smallest <see cref="BatchLength"/>: a batch without records.</summary>
    public const int BatchLengthMin = HeaderBytes - LengthPrefixBytes;

    /// <summary>The only magic that is written since Kafka 4.</summary>
    public const sbyte MagicV2 = 2;

    /// <summary>Where each field begins.</summary>
    public const int BaseOffsetAt = 0, BatchLengthAt = 8, PartitionLeaderEpochAt = 12, MagicAt = 16, CrcAt = 17, AttributesAt = 21,
        LastOffsetDeltaAt = 23, BaseTimestampAt = 27, MaxTimestampAt = 35, ProducerIdAt = 43, ProducerEpochAt = 51, BaseSequenceAt = 53,
        RecordCountAt = 57;

    /// <summary>Bits of <see cref="Attributes"/>.</summary>
    public const short CompressionMask = 0x07, TimestampTypeBit = 0x08, TransactionalBit = 0x10, ControlBit = 0x20, DeleteHorizonBit = 0x40;

    /// <summary>All bits of <see cref="Attributes"/> that mean something.</summary>
    public const short AttributesMask = 0x7F;

    private RecordBatchHeader(ReadOnlySpan<byte> bytes)
    {
        BaseOffset = BinaryPrimitives.ReadInt64BigEndian(bytes);
        BatchLength = BinaryPrimitives.ReadInt32BigEndian(bytes[BatchLengthAt..]);
        PartitionLeaderEpoch = BinaryPrimitives.ReadInt32BigEndian(bytes[PartitionLeaderEpochAt..]);
        Crc = BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]);
        Attributes = BinaryPrimitives.ReadInt16BigEndian(bytes[AttributesAt..]);
        LastOffsetDelta = BinaryPrimitives.ReadInt32BigEndian(bytes[LastOffsetDeltaAt..]);
        BaseTimestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[BaseTimestampAt..]);
        MaxTimestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[MaxTimestampAt..]);
        ProducerId = BinaryPrimitives.ReadInt64BigEndian(bytes[ProducerIdAt..]);
        ProducerEpoch = BinaryPrimitives.ReadInt16BigEndian(bytes[ProducerEpochAt..]);
        BaseSequence = BinaryPrimitives.ReadInt32BigEndian(bytes[BaseSequenceAt..]);
        RecordCount = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordCountAt..]);
    }

    /// <summary>Offset of the first record the batch was made with, which compaction may have removed.</summary>
    public long BaseOffset { get; }

    /// <summary>Bytes after the length field, at least <see cref="BatchLengthMin"/>.</summary>
    public int BatchLength { get; }

    /// <summary>Epoch of the leader that appended the batch; -1 from producers. Not covered by the checksum.</summary>
    public int PartitionLeaderEpoch { get; }

    /// <summary>CRC-32C of everything from the attributes to the end, as stored.</summary>
    public uint Crc { get; }

    /// <summary>Codec, timestamp type and flags; bits from 7 on are unused and kept as they came.</summary>
    public short Attributes { get; }

    /// <summary>Last offset of the batch minus <see cref="BaseOffset"/>; kept by compaction.</summary>
    public int LastOffsetDelta { get; }

    /// <summary>Milliseconds that record timestamps are relative to, or the delete horizon where <see cref="HasDeleteHorizon"/>.</summary>
    public long BaseTimestamp { get; }

    /// <summary>The largest record timestamp, or the append time; -1 for none.</summary>
    public long MaxTimestamp { get; }

    /// <summary>-1 for a producer without idempotence.</summary>
    public long ProducerId { get; }

    public short ProducerEpoch { get; }

    /// <summary>Sequence number of the first record; -1 for none.</summary>
    public int BaseSequence { get; }

    /// <summary>Records in the batch, as it says itself.</summary>
    public int RecordCount { get; }

    /// <summary>Offset of the last record the batch was made with.</summary>
    public long LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset after <see cref="LastOffset"/>.</summary>
    public long NextOffset => LastOffset + 1;

    /// <summary>Bytes of the whole batch. A long, since the length came from outside.</summary>
    public long SizeBytes => LengthPrefixBytes + (long)BatchLength;

    public CompressionType Compression => (CompressionType)(Attributes & CompressionMask);

    public TimestampType TimestampType => (TimestampType)((Attributes & TimestampTypeBit) >> 3);

    public bool IsTransactional => (Attributes & TransactionalBit) != 0;

    public bool IsControl => (Attributes & ControlBit) != 0;

    public bool HasDeleteHorizon => (Attributes & DeleteHorizonBit) != 0;

    public bool HasProducerId => ProducerId >= 0;

    /// <summary>Sequence number of the last record; wraps from the largest integer to 0.</summary>
    public int LastSequence => BaseSequence < 0 ? -1 : (int)(((long)BaseSequence + LastOffsetDelta) & int.MaxValue);

    /// <summary>
    /// Reads a header. False when fewer than <see cref="HeaderBytes"/> are there, the magic is not 2, or the length is below
    /// <see cref="BatchLengthMin"/>. Whether all <see cref="SizeBytes"/> are there is for the caller to see.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RecordBatchHeader header)
    {
        if (bytes.Length < HeaderBytes || (sbyte)bytes[MagicAt] != MagicV2)
        {
            header = default;
            return false;
        }

        header = new RecordBatchHeader(bytes[..HeaderBytes]);
        return header.BatchLength >= BatchLengthMin;
    }

    /// <summary>
    /// Reads size and magic of a batch of any magic (old directories hold 0 and 1). False when fewer than 17 bytes are there or the
    /// length is negative.
    /// </summary>
    public static bool TryReadSize(ReadOnlySpan<byte> bytes, out long sizeBytes, out sbyte magic)
    {
        if (bytes.Length <= MagicAt)
        {
            sizeBytes = 0;
            magic = 0;
            return false;
        }

        sizeBytes = LengthPrefixBytes + (long)BinaryPrimitives.ReadInt32BigEndian(bytes[BatchLengthAt..]);
        magic = (sbyte)bytes[MagicAt];
        return sizeBytes >= LengthPrefixBytes;
    }
}
