namespace Barnabas.Protocol.Records;

/// <summary>
/// Walks the records of a produced batch once and remembers what their content is worth: the largest timestamp, whether offsets are dense,
/// which records their topic refuses. Takes the bytes in one piece or in several. Lives on the stack of one check.
/// </summary>
internal ref struct RecordWalk
{
    private readonly ref readonly BatchRules _rules;
    private readonly ref readonly RecordBatchHeader _header;
    private readonly bool _createTime, _stampedByProducer;
    private readonly long _timestampMin, _timestampMax;

    public RecordWalk(in RecordBatchHeader header, in BatchRules rules)
    {
        _header = ref header;
        _rules = ref rules;
        _createTime = rules.TimestampType == TimestampType.CreateTime;
        _stampedByProducer = header.TimestampType == TimestampType.LogAppendTime;
        _timestampMin = rules.TimestampMinMs;
        _timestampMax = rules.TimestampMaxMs;
        MaxTimestamp = -1;
    }

    /// <summary>Records walked so far.</summary>
    public int Index { get; private set; }

    /// <summary>The largest timestamp so far, milliseconds; -1 for none.</summary>
    public long MaxTimestamp { get; private set; }

    /// <summary>True once an offset delta was not the index of its record.</summary>
    public bool OffsetsSparse { get; private set; }

    /// <summary>The records that were refused, or null.</summary>
    public RecordErrors? Errors { get; private set; }

    /// <summary>True when every record that the header promises was walked.</summary>
    public readonly bool Done => Index == _header.RecordCount;

    /// <summary>
    /// Walks the records that are whole, from the front, until the promised count; <paramref name="taken"/> is how many bytes they have.
    /// <see cref="RecordFault.Incomplete"/> when the next one is not whole.
    /// </summary>
    public RecordFault Advance(ReadOnlySpan<byte> bytes, out int taken)
    {
        taken = 0;
        var record = default(RecordFields);
        for (; Index < _header.RecordCount; Index++)
        {
            var fault = RecordFields.Read(bytes, taken, ref record);
            if (fault != RecordFault.None)
            {
                return fault;
            }

            taken = record.End;
            OffsetsSparse |= record.OffsetDelta != Index;
            var timestamp = _stampedByProducer ? _header.MaxTimestamp : _header.BaseTimestamp + record.TimestampDelta;
            if (timestamp > MaxTimestamp)
            {
                MaxTimestamp = timestamp;
            }

            if (_rules.KeysRequired && record.KeyLength < 0)
            {
                (Errors ??= new RecordErrors()).AddKeyMissing(Index, _rules);
            }
            else if (_createTime ? timestamp != -1 && (timestamp < _timestampMin || timestamp > _timestampMax) : _stampedByProducer)
            {
                RefuseTimestamp(record, timestamp);
            }
        }

        return RecordFault.None;
    }

    private void RefuseTimestamp(in RecordFields record, long timestamp)
    {
        Errors ??= new RecordErrors();
        if (_createTime)
        {
            Errors.AddTimestampOutside(Index, record.OffsetDelta, timestamp, _rules);
        }
        else
        {
            Errors.AddTimestampType(Index, record, _header);
        }
    }
}
