using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Protocol.Records;

/// <summary>
/// Writes a produced batch again with the codec that its topic stores: offsets dense from 0, timestamps and headers kept, attributes of
/// records and unused bits of the batch dropped, base timestamp that of the first record. Slow: for a background thread.
/// </summary>
public static class BatchRewriter
{
    /// <summary>Most bytes that a batch may open to, whatever the rules say: they are all held at once.</summary>
    private const int OpenedBytesMax = 128 * 1024 * 1024;

    /// <summary>
    /// Checks and rewrites a batch that came back from <see cref="BatchCheck.Check"/> with <see cref="BatchWork.Rewrite"/>.
    /// </summary>
    /// <param name="batch">The whole batch, and nothing behind it.</param>
    /// <param name="header">Its header.</param>
    /// <param name="rules">Name the codec, its level, and the timestamp type.</param>
    /// <param name="output">Gets the new batch behind what it has; left as it was when the answer is an error.</param>
    /// <returns>An error, or the header of the new batch, which needs no further stamp.</returns>
    public static BatchVerdict Rewrite(ReadOnlySpan<byte> batch, in RecordBatchHeader header, in BatchRules rules, ByteWriter output)
    {
        var stored = rules.StoredCompression ?? header.Compression;
        if (!RecordCompression.IsAvailable(stored))
        {
            return new BatchVerdict(ErrorCode.UnsupportedCompressionType, header);
        }

        var body = batch[RecordBatchHeader.HeaderBytes..];
        if (header.Compression == CompressionType.None)
        {
            return Rewrite(body, header, stored, rules, output);
        }

        using var opened = new ByteWriter(Math.Max(body.Length, 4096));
        try
        {
            var error = RecordCompression.Decompress(header.Compression, body, opened, Math.Min(rules.OpenedBytesMax, OpenedBytesMax));
            return error == ErrorCode.None
                ? Rewrite(opened.Written, header, stored, rules, output)
                : new BatchVerdict(error, header);
        }
        catch (MalformedException)
        {
            return new BatchVerdict(ErrorCode.UnknownServerError, header);
        }
    }

    private static BatchVerdict Rewrite(
        ReadOnlySpan<byte> records, in RecordBatchHeader header, CompressionType stored, in BatchRules rules, ByteWriter output)
    {
        var verdict = BatchCheck.CheckRecords(records, header, rules);
        if (verdict.Error != ErrorCode.None)
        {
            return verdict;
        }

        var start = output.Length;
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions
        {
            Compression = stored,
            CompressionLevel = rules.StoredCompressionLevel,
            LogAppendTimeMs = rules.TimestampType == TimestampType.LogAppendTime ? rules.NowMs : -1,
            ProducerId = header.ProducerId,
            ProducerEpoch = header.ProducerEpoch,
            BaseSequence = header.BaseSequence,
            IsTransactional = header.IsTransactional,
        });
        var reader = new RecordReader(records, header.RecordCount);
        while (reader.TryRead(out var record))
        {
            var timestamp = header.TimestampType == TimestampType.LogAppendTime
                ? header.MaxTimestamp
                : header.BaseTimestamp + record.TimestampDelta;
            builder.Append(builder.Count, timestamp, record.Key, record.Value, record.HeaderCount, record.HeaderBytes);
        }

        if (builder.End() > rules.BatchBytesMax)
        {
            output.Truncate(start);
            return new BatchVerdict(ErrorCode.MessageTooLarge, header);
        }

        Check.That(RecordBatchHeader.TryRead(output.Written[start..], out var written));
        return new BatchVerdict(written, BatchWork.None, written.MaxTimestamp);
    }
}
