using System.Text;
using Barnabas.Base;

namespace Barnabas.Protocol.Records;

/// <summary>One refused record: its place in the batch, and why.</summary>
public readonly record struct RecordError(int BatchIndex, string Message);

/// <summary>
/// The records of one batch that were refused for what they hold, with Kafka's sentences. Made only when there are some, so their cost is
/// the sender's of wrong batches. Owned by the check that makes it, then read only.
/// </summary>
public sealed class RecordErrors
{
    /// <summary>Most errors that are kept and sent back; further ones are counted.</summary>
    public const int ErrorsMax = 1_000;

    private readonly List<RecordError> _errors = [];
    private bool _timestamps;

    /// <summary>The first <see cref="ErrorsMax"/> errors, in the order of the records.</summary>
    public IReadOnlyList<RecordError> Errors => _errors;

    /// <summary>All errors, kept or not.</summary>
    public int Count { get; private set; }

    /// <summary>INVALID_TIMESTAMP if any record was refused for its timestamp, else INVALID_RECORD.</summary>
    public ErrorCode Code => _timestamps ? ErrorCode.InvalidTimestamp : ErrorCode.InvalidRecord;

    /// <summary>What the response says of the whole partition.</summary>
    public string Summary
    {
        get
        {
            if (_timestamps)
            {
                return "One or more records have been rejected due to invalid timestamp";
            }

            var text = new StringBuilder($"One or more records have been rejected due to {Count} record errors in total, ")
                .Append("and only showing the first three errors at most: [");
            for (var i = 0; i < Math.Min(3, _errors.Count); i++)
            {
                text.Append(i == 0 ? "" : ", ")
                    .Append($"RecordError(batchIndex={_errors[i].BatchIndex}, message='{_errors[i].Message}')");
            }

            return text.Append(']').ToString();
        }
    }

    internal void AddKeyMissing(int index, in BatchRules rules)
    {
        if (Counts())
        {
            Add(index, $"Compacted topic cannot accept message without key in topic partition {rules.Topic}-{rules.Partition}");
        }
    }

    internal void AddTimestampOutside(int index, int offset, long timestampMs, in BatchRules rules)
    {
        _timestamps = true;
        if (Counts())
        {
            Add(index, $"Timestamp {timestampMs} of message with offset {offset} is out of range. "
                + $"The timestamp should be within [{rules.TimestampMinMs}, {rules.TimestampMaxMs}]");
        }
    }

    internal void AddTimestampType(int index, in RecordFields record, in RecordBatchHeader header)
    {
        _timestamps = true;
        if (Counts())
        {
            var kind = header.Compression == CompressionType.None ? "DefaultRecord" : "PartialDefaultRecord";
            Add(index, $"Invalid timestamp type in message {kind}(offset={record.OffsetDelta}, timestamp={header.MaxTimestamp}, "
                + $"key={Math.Max(0, record.KeyLength)} bytes, value={Math.Max(0, record.ValueLength)} bytes). "
                + "Producer should not set timestamp type to LogAppendTime.");
        }
    }

    private bool Counts() => ++Count <= ErrorsMax;

    private void Add(int index, string message) => _errors.Add(new RecordError(index, message));
}
