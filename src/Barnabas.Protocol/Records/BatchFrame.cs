using System.Buffers.Binary;
using Barnabas.Base;

namespace Barnabas.Protocol.Records;

/// <summary>
/// The first look at the bytes that a producer sent for one partition: where its batch ends, and what is wrong with that. Taken for every
/// partition of a request before anything is appended, since some faults fail all of it. Immutable.
/// </summary>
public readonly struct BatchFrame
{
    private const int LengthMin = 14, ZstdVersionMin = 7;

    private BatchFrame(ErrorCode error, string? message, bool failsRequest, int sizeBytes, bool isTransactional)
    {
        Error = error;
        Message = message;
        FailsRequest = failsRequest;
        SizeBytes = sizeBytes;
        IsTransactional = isTransactional;
    }

    /// <summary>An outcome for the partition, or for the request when <see cref="FailsRequest"/>.</summary>
    public ErrorCode Error { get; }

    /// <summary>Kafka's sentence for faults of the whole request, else null.</summary>
    public string? Message { get; }

    /// <summary>
    /// True when every partition of the request is to be answered with <see cref="Error"/> and nothing is to be appended.
    /// </summary>
    public bool FailsRequest { get; }

    /// <summary>
    /// Bytes of the batch, which is what <see cref="BatchCheck.Check"/> takes. A started batch behind it is dropped, as Kafka does.
    /// </summary>
    public int SizeBytes { get; }

    /// <summary>True when the batch belongs to a transaction, also when there is something else wrong with it.</summary>
    public bool IsTransactional { get; }

    /// <summary>Looks at the records of one partition of a Produce request; null records are given as empty ones.</summary>
    public static BatchFrame Read(ReadOnlySpan<byte> records, short produceVersion)
    {
        var found = Find(records, out var sizeBytes);
        if (found == Found.Length)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(records[RecordBatchHeader.BatchLengthAt..]);
            return Failed($"Record size {length} is less than the minimum record overhead ({LengthMin})");
        }

        if (found == Found.Magic)
        {
            return Failed($"Invalid magic found in record: {(sbyte)records[RecordBatchHeader.MagicAt]}");
        }

        if (found == Found.Nothing)
        {
            return Refused(ErrorCode.InvalidRecord, false);
        }

        if ((sbyte)records[RecordBatchHeader.MagicAt] != RecordBatchHeader.MagicV2)
        {
            return Refused(ErrorCode.InvalidRecord, false);
        }

        var attributes = BinaryPrimitives.ReadInt16BigEndian(records[RecordBatchHeader.AttributesAt..]);
        var transactional = (attributes & RecordBatchHeader.TransactionalBit) != 0;
        if ((attributes & RecordBatchHeader.CompressionMask) == (int)CompressionType.Zstd && produceVersion < ZstdVersionMin)
        {
            return Refused(ErrorCode.UnsupportedCompressionType, transactional);
        }

        return Find(records[sizeBytes..], out _) switch
        {
            Found.Nothing => new BatchFrame(ErrorCode.None, null, false, sizeBytes, transactional),
            Found.Whole => Refused(ErrorCode.InvalidRecord, transactional),
            _ => Refused(ErrorCode.CorruptMessage, transactional),
        };
    }

    private static BatchFrame Failed(string message) => new(ErrorCode.CorruptMessage, message, true, 0, false);

    private static BatchFrame Refused(ErrorCode error, bool transactional) => new(error, null, false, 0, transactional);

    /// <summary>Whether a whole batch begins here. A header that is cut off is none, as is a batch.</summary>
    private static Found Find(ReadOnlySpan<byte> bytes, out int sizeBytes)
    {
        sizeBytes = 0;
        if (bytes.Length < RecordBatchHeader.LengthPrefixBytes)
        {
            return Found.Nothing;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchHeader.BatchLengthAt..]);
        if (length < LengthMin)
        {
            return Found.Length;
        }

        if (bytes.Length <= RecordBatchHeader.MagicAt)
        {
            return Found.Nothing;
        }

        if (bytes[RecordBatchHeader.MagicAt] > RecordBatchHeader.MagicV2)
        {
            return Found.Magic;
        }

        if (length > bytes.Length - RecordBatchHeader.LengthPrefixBytes)
        {
            return Found.Nothing;
        }

        sizeBytes = RecordBatchHeader.LengthPrefixBytes + length;
        return Found.Whole;
    }

    private enum Found
    {
        Nothing,
        Whole,
        Length,
        Magic,
    }
}
