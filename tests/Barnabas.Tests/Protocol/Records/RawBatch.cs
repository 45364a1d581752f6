using System.Buffers.Binary;
using System.Text;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Tests.Protocol.Records;

/// <summary>A record as bytes, every part of which may be wrong.</summary>
internal sealed record RawRecord
{
    public string? Key { get; init; } = "k";

    public string? Value { get; init; } = "v";

    public sbyte Attributes { get; init; }

    public long TimestampDelta { get; init; }

    public int OffsetDelta { get; init; }

    /// <summary>Claims this length for an empty key.</summary>
    public int? KeyLength { get; init; }

    public int? HeaderCount { get; init; }

    /// <summary>Keys and values in turn.</summary>
    public byte[]?[] Headers { get; init; } = [];

    public byte[] Tail { get; init; } = [];

    public int LengthError { get; init; }

    public void Write(ByteWriter output)
    {
        using var body = new ByteWriter();
        body.WriteInt8(Attributes);
        body.WriteVarLong(TimestampDelta);
        body.WriteVarInt(OffsetDelta);
        WriteBytes(body, KeyLength is null ? Key is null ? null : Encoding.UTF8.GetBytes(Key) : [], KeyLength);
        WriteBytes(body, Value is null ? null : Encoding.UTF8.GetBytes(Value), null);
        body.WriteVarInt(HeaderCount ?? (Headers.Length / 2));
        foreach (var part in Headers)
        {
            WriteBytes(body, part, null);
        }

        body.WriteSpan(Tail);
        output.WriteVarInt(body.Length + LengthError);
        output.WriteSpan(body.Written);
    }

    private static void WriteBytes(ByteWriter output, byte[]? bytes, int? length)
    {
        output.WriteVarInt(length ?? bytes?.Length ?? -1);
        output.WriteSpan(bytes);
    }
}

/// <summary>
/// A batch as bytes, every part of which may be wrong. The checksum is right unless <see cref="CrcError"/> says otherwise.
/// </summary>
internal sealed record RawBatch
{
    public const long Now = 1_700_000_000_000;

    public RawRecord[] Records { get; init; } = [new(), new() { OffsetDelta = 1 }, new() { OffsetDelta = 2 }];

    /// <summary>Instead of the records, as they are or compressed already.</summary>
    public byte[]? Body { get; init; }

    public int Attributes { get; init; }

    public int? LastOffsetDelta { get; init; }

    public int? Count { get; init; }

    public long BaseTimestamp { get; init; } = Now;

    public long? MaxTimestamp { get; init; }

    public long BaseOffset { get; init; }

    public sbyte Magic { get; init; } = 2;

    public int LengthError { get; init; }

    public uint CrcError { get; init; }

    public long ProducerId { get; init; } = -1;

    public short ProducerEpoch { get; init; } = -1;

    public int BaseSequence { get; init; } = -1;

    /// <summary>Bytes behind the batch.</summary>
    public byte[] Tail { get; init; } = [];

    public byte[] PlainRecords()
    {
        using var plain = new ByteWriter();
        foreach (var record in Records)
        {
            record.Write(plain);
        }

        return plain.Written.ToArray();
    }

    public byte[] ToArray()
    {
        using var output = new ByteWriter();
        output.Take(RecordBatchHeader.HeaderBytes);
        var codec = (CompressionType)(Attributes & 7);
        if (Body is not null)
        {
            output.WriteSpan(Body);
        }
        else
        {
            RecordCompression.Compress(RecordCompression.IsAvailable(codec) ? codec : 0, CompressionLevels.Default, PlainRecords(), output);
        }

        var size = output.Length;
        var batch = output.At(0, size);
        BinaryPrimitives.WriteInt64BigEndian(batch, BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[8..], size - 12 + LengthError);
        BinaryPrimitives.WriteInt32BigEndian(batch[12..], -1);
        batch[16] = (byte)Magic;
        BinaryPrimitives.WriteInt16BigEndian(batch[21..], (short)Attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch[23..], LastOffsetDelta ?? (Records.Length - 1));
        BinaryPrimitives.WriteInt64BigEndian(batch[27..], BaseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[35..], MaxTimestamp ?? BaseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[43..], ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[51..], ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[53..], BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[57..], Count ?? Records.Length);
        BinaryPrimitives.WriteUInt32BigEndian(batch[17..], Crc32C.Compute(batch[21..]) ^ CrcError);
        output.WriteSpan(Tail);
        return output.Written.ToArray();
    }
}
