using Barnabas.Base;

namespace Barnabas.Protocol.Records;

/// <summary>What is left to do before a batch may be appended.</summary>
public enum BatchWork : byte
{
    /// <summary>Nothing but <see cref="BatchVerdict.Stamp"/>.</summary>
    None,

    /// <summary><see cref="BatchCheck.Open"/>, away from the I/O loops: the records have to be seen, and they are compressed.</summary>
    Open,

    /// <summary><see cref="BatchRewriter.Rewrite"/>, away from the I/O loops: the topic stores another codec.</summary>
    Rewrite,
}

/// <summary>
/// What <see cref="BatchCheck"/> found in one batch: an outcome for the response, or the header and what to do with it. Immutable.
/// </summary>
public readonly struct BatchVerdict
{
    internal BatchVerdict(ErrorCode error, in RecordBatchHeader header, RecordErrors? records = null)
    {
        Error = error;
        Header = header;
        RecordErrors = records;
    }

    internal BatchVerdict(in RecordBatchHeader header, BatchWork work, long maxTimestamp)
    {
        Header = header;
        Work = work;
        MaxTimestamp = maxTimestamp;
    }

    /// <summary>The partition's error code in the response.</summary>
    public ErrorCode Error { get; }

    /// <summary>Only of meaning without an error.</summary>
    public BatchWork Work { get; }

    /// <summary>The header as the producer sent it; zero when there were not enough bytes for one.</summary>
    public RecordBatchHeader Header { get; }

    /// <summary>The largest create time in the records, milliseconds, which may not be what the header says; -1 for none.</summary>
    public long MaxTimestamp { get; }

    /// <summary>The records that were refused, if it was for their content.</summary>
    public RecordErrors? RecordErrors { get; }

    /// <summary>The partition's error message in the response, or null.</summary>
    public string? Message => RecordErrors?.Summary;

    /// <summary>
    /// Gives the batch, where it lies, the timestamp type of its topic and a true largest timestamp: with append time the leader's clock,
    /// with create time what the records have. Costs a checksum only when something changes.
    /// </summary>
    public void Stamp(Span<byte> batch, in BatchRules rules)
    {
        Check.That(Error == ErrorCode.None && Work == BatchWork.None && batch.Length == Header.SizeBytes);
        BatchStamp.SetMaxTimestamp(
            batch, rules.TimestampType, rules.TimestampType == TimestampType.LogAppendTime ? rules.NowMs : MaxTimestamp);
    }
}
