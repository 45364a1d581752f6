using System.Buffers;
using System.Buffers.Binary;
using Barnabas.Base;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Protocol.Records;

/// <summary>
/// The checks that a partition leader makes on a produced batch, with Kafka's error codes; <c>docs/internals/records.md</c> has the table
/// of what Kafka was seen to answer. Pure functions over bytes: no state, any thread. What depends on the partition's past (sequences,
/// epochs, offsets) is not here.
/// </summary>
public static class BatchCheck
{
    private const int WindowBytes = 64 * 1024;

    /// <summary>Most bytes of one compressed record: no frame of a default broker could hold it plain.</summary>
    private const int WindowBytesMax = 256 * 1024 * 1024;

    /// <summary>
    /// Checks the batch that <see cref="BatchFrame.Read"/> found, and nothing behind it: its header, its checksum, and its records where
    /// they are not compressed. Fit for an I/O loop; what is not comes back as <see cref="BatchVerdict.Work"/>.
    /// </summary>
    public static BatchVerdict Check(ReadOnlySpan<byte> batch, in BatchRules rules)
    {
        var error = CheckHeader(batch, rules, out var header);
        if (error != ErrorCode.None)
        {
            return new BatchVerdict(error, header);
        }

        if (rules.StoredCompression is { } stored && stored != header.Compression)
        {
            return new BatchVerdict(header, BatchWork.Rewrite, -1);
        }

        if (header.Compression == CompressionType.None)
        {
            return CheckRecords(batch[RecordBatchHeader.HeaderBytes..], header, rules);
        }

        return rules.OpensCompressed || !HeaderSettlesAll(header, rules)
            ? new BatchVerdict(header, BatchWork.Open, -1)
            : new BatchVerdict(header, BatchWork.None, Math.Max(header.MaxTimestamp, -1));
    }

    /// <summary>
    /// Checks the records of a compressed batch that came back with <see cref="BatchWork.Open"/>. Slow: for a background thread. Holds a
    /// window of the opened bytes that is as large as the largest record, and 64 KiB at least.
    /// </summary>
    public static unsafe BatchVerdict Open(ReadOnlySpan<byte> batch, in RecordBatchHeader header, in BatchRules rules)
    {
        if (!RecordCompression.IsAvailable(header.Compression))
        {
            return new BatchVerdict(ErrorCode.UnsupportedCompressionType, header);
        }

        var walk = new RecordWalk(header, rules);
        try
        {
            fixed (byte* input = batch)
            {
                using var inflater = Inflater.Open(
                    header.Compression, input + RecordBatchHeader.HeaderBytes, batch.Length - RecordBatchHeader.HeaderBytes);
                var error = WalkOpened(inflater, ref walk, rules.OpenedBytesMax);
                if (error != ErrorCode.None)
                {
                    return new BatchVerdict(error, header);
                }
            }
        }
        catch (MalformedException)
        {
            // Kafka has no code for a body that its codec cannot open.
            return new BatchVerdict(ErrorCode.UnknownServerError, header);
        }

        if (walk.Errors is { } errors)
        {
            return new BatchVerdict(errors.Code, header, errors);
        }

        // Nor has it one for compressed records whose offsets are not dense; uncompressed ones it does not look at.
        return walk.OffsetsSparse
            ? new BatchVerdict(ErrorCode.UnknownServerError, header)
            : new BatchVerdict(header, BatchWork.None, walk.MaxTimestamp);
    }

    /// <summary>Checks records that are not compressed, or no longer.</summary>
    internal static BatchVerdict CheckRecords(ReadOnlySpan<byte> records, in RecordBatchHeader header, in BatchRules rules)
    {
        var walk = new RecordWalk(header, rules);
        var fault = walk.Advance(records, out var taken);
        if (fault != RecordFault.None || taken != records.Length)
        {
            return new BatchVerdict(CodeOf(fault, header.Compression), header);
        }

        return walk.Errors is { } errors
            ? new BatchVerdict(errors.Code, header, errors)
            : new BatchVerdict(header, BatchWork.None, walk.MaxTimestamp);
    }

    /// <summary>In Kafka's order, which decides the code when several things are wrong.</summary>
    private static ErrorCode CheckHeader(ReadOnlySpan<byte> batch, in BatchRules rules, out RecordBatchHeader header)
    {
        var isHeader = RecordBatchHeader.TryRead(batch, out header);
        if (batch.Length >= 8 && BinaryPrimitives.ReadInt64BigEndian(batch) != 0)
        {
            return ErrorCode.InvalidRecord;
        }

        if (batch.Length > rules.BatchBytesMax)
        {
            return ErrorCode.MessageTooLarge;
        }

        if (!isHeader || header.SizeBytes != batch.Length || BatchStamp.ComputeCrc(batch) != header.Crc)
        {
            return ErrorCode.CorruptMessage;
        }

        if (header.Compression > CompressionType.Zstd)
        {
            return ErrorCode.UnknownServerError;
        }

        return header.IsControl
            || (header.HasProducerId && header.BaseSequence < 0)
            || header.RecordCount <= 0
            || header.LastOffsetDelta != header.RecordCount - 1
                ? ErrorCode.InvalidRecord
                : ErrorCode.None;
    }

    /// <summary>False when only the records can say whether the topic takes the batch, or what its largest timestamp is.</summary>
    private static bool HeaderSettlesAll(in RecordBatchHeader header, in BatchRules rules)
    {
        if (rules.KeysRequired)
        {
            return false;
        }

        if (rules.TimestampType == TimestampType.LogAppendTime)
        {
            return header.TimestampType == TimestampType.CreateTime;
        }

        return rules.Allows(header.MaxTimestamp)
            && (header.TimestampType == TimestampType.LogAppendTime
                || (rules.Allows(header.BaseTimestamp) && header.MaxTimestamp >= header.BaseTimestamp));
    }

    private static ErrorCode WalkOpened(Inflater inflater, ref RecordWalk walk, int openedBytesMax)
    {
        var window = ArrayPool<byte>.Shared.Rent(WindowBytes);
        try
        {
            long opened = 0;
            var filled = 0;
            while (inflater.Read(window.AsSpan(filled)) is var got and > 0)
            {
                opened += got;
                filled += got;
                var fault = walk.Advance(window.AsSpan(0, filled), out var taken);
                if (fault is RecordFault.Malformed or RecordFault.LengthOverlong || (walk.Done && taken != filled))
                {
                    return ErrorCode.InvalidRecord;
                }

                if (opened > openedBytesMax)
                {
                    return ErrorCode.MessageTooLarge;
                }

                filled -= taken;
                window.AsSpan(taken, filled).CopyTo(window);
                if (filled == window.Length)
                {
                    if (filled >= WindowBytesMax)
                    {
                        return ErrorCode.MessageTooLarge;
                    }

                    window = Enlarge(window);
                }
            }

            return walk.Done && filled == 0 ? ErrorCode.None : ErrorCode.InvalidRecord;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    private static byte[] Enlarge(byte[] window)
    {
        var larger = ArrayPool<byte>.Shared.Rent(window.Length * 2);
        window.CopyTo(larger.AsSpan());
        ArrayPool<byte>.Shared.Return(window);
        return larger;
    }

    private static ErrorCode CodeOf(RecordFault fault, CompressionType cameAs) =>
        fault == RecordFault.LengthOverlong && cameAs == CompressionType.None ? ErrorCode.UnknownServerError : ErrorCode.InvalidRecord;
}
