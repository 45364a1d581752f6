using System.Buffers.Binary;
using Barnabas.Base.Bytes;

namespace Barnabas.Protocol.Records;

/// <summary>
/// What a leader changes in a batch where it lies. Every span is one whole batch, no more, of which <see cref="RecordBatchHeader"/> was
/// read. Base offset and leader epoch are outside the checksum; whoever changes the rest pays for a new one.
/// </summary>
public static class BatchStamp
{
    /// <summary>Moves the batch to <paramref name="baseOffset"/>.</summary>
    public static void SetBaseOffset(Span<byte> batch, long baseOffset) =>
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.BaseOffsetAt..], baseOffset);

    public static void SetPartitionLeaderEpoch(Span<byte> batch, int leaderEpoch) =>
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.PartitionLeaderEpochAt..], leaderEpoch);

    /// <summary>
    /// Sets largest timestamp and timestamp type. When either changes, unused attribute bits are cleared, as Kafka does, and the checksum
    /// is new. For append time that is all: base timestamp and records stay the producer's.
    /// </summary>
    public static void SetMaxTimestamp(Span<byte> batch, TimestampType type, long maxTimestampMs)
    {
        var attributes = BinaryPrimitives.ReadInt16BigEndian(batch[RecordBatchHeader.AttributesAt..]);
        var stamped = (short)((attributes & ~RecordBatchHeader.TimestampTypeBit) | ((int)type << 3));
        var before = BinaryPrimitives.ReadInt64BigEndian(batch[RecordBatchHeader.MaxTimestampAt..]);
        if (stamped == attributes && before == maxTimestampMs)
        {
            return;
        }

        BinaryPrimitives.WriteInt16BigEndian(
            batch[RecordBatchHeader.AttributesAt..], (short)(stamped & RecordBatchHeader.AttributesMask));
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.MaxTimestampAt..], maxTimestampMs);
        SetCrc(batch);
    }

    /// <summary>Writes the checksum that the bytes have now.</summary>
    public static void SetCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatchHeader.CrcAt..], ComputeCrc(batch));

    /// <summary>CRC-32C of a whole batch from its attributes to its end.</summary>
    public static uint ComputeCrc(ReadOnlySpan<byte> batch) => Crc32C.Compute(batch[RecordBatchHeader.AttributesAt..]);
}
