using Barnabas.Base;

namespace Barnabas.Protocol.Records;

/// <summary>
/// A cursor over uncompressed record bytes: those of an uncompressed batch, or what <see cref="Compression.RecordCompression"/> made of a
/// compressed one. Trusts nothing, copies nothing, allocates nothing.
/// </summary>
public ref struct RecordReader
{
    private readonly ReadOnlySpan<byte> _records;
    private readonly int _count;
    private int _at;

    /// <summary>Reads <paramref name="count"/> records from <paramref name="records"/>.</summary>
    public RecordReader(ReadOnlySpan<byte> records, int count)
    {
        _records = records;
        _count = count;
    }

    /// <summary>
    /// Reads the records of one uncompressed batch, header included; bytes behind it are left alone. <see cref="MalformedException"/> when
    /// the batch is compressed or not all there.
    /// </summary>
    public RecordReader(ReadOnlySpan<byte> batch, in RecordBatchHeader header)
    {
        if (header.Compression != CompressionType.None || header.SizeBytes > batch.Length)
        {
            throw new MalformedException(
                $"a batch of {header.SizeBytes} bytes in codec {header.Compression} where {batch.Length} plain ones are there");
        }

        _records = batch[RecordBatchHeader.HeaderBytes..(int)header.SizeBytes];
        _count = header.RecordCount;
    }

    /// <summary>Records read so far.</summary>
    public int Index { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _at;

    /// <summary>
    /// Moves to the next record. False after the last one that was promised; <see cref="MalformedException"/> when it is not one, or when
    /// bytes are left behind the last.
    /// </summary>
    public bool TryRead(out Record record)
    {
        if (Index >= _count)
        {
            record = default;
            return _at == _records.Length || Index != _count
                ? false
                : throw new MalformedException($"{_records.Length - _at} bytes are left behind {_count} records");
        }

        var fields = default(RecordFields);
        if (RecordFields.Read(_records, _at, ref fields) is not RecordFault.None and var fault)
        {
            throw new MalformedException($"record {Index} of {_count} at byte {_at} of {_records.Length}: {fault}");
        }

        record = new Record(_records, fields);
        _at = fields.End;
        Index++;
        return true;
    }
}

/// <summary>One record, as spans into the buffer it was read from.</summary>
public readonly ref struct Record
{
    private readonly ReadOnlySpan<byte> _records;
    private readonly RecordFields _fields;

    internal Record(ReadOnlySpan<byte> records, scoped in RecordFields fields)
    {
        _records = records;
        _fields = fields;
    }

    /// <summary>Unused by Kafka; kept as it came.</summary>
    public sbyte Attributes => _fields.Attributes;

    /// <summary>Offset minus the base offset of the batch.</summary>
    public int OffsetDelta => _fields.OffsetDelta;

    /// <summary>Milliseconds after the base timestamp of the batch.</summary>
    public long TimestampDelta => _fields.TimestampDelta;

    public OptionalBytes Key => RecordFields.Slice(_records, _fields.KeyAt, _fields.KeyLength);

    public OptionalBytes Value => RecordFields.Slice(_records, _fields.ValueAt, _fields.ValueLength);

    /// <summary>Key-value pairs beside the value.</summary>
    public int HeaderCount => _fields.HeaderCount;

    /// <summary>The headers as they lie in the record, without their count.</summary>
    public ReadOnlySpan<byte> HeaderBytes => _records[_fields.HeadersAt.._fields.End];

    /// <summary>A cursor over the headers.</summary>
    public RecordHeaderReader Headers => new(HeaderBytes, _fields.HeaderCount);
}

/// <summary>A cursor over the headers of one record, which were checked with it.</summary>
public ref struct RecordHeaderReader
{
    private readonly ReadOnlySpan<byte> _headers;
    private int _left;
    private int _at;

    internal RecordHeaderReader(ReadOnlySpan<byte> headers, int count)
    {
        _headers = headers;
        _left = count;
    }

    /// <summary>Moves to the next header. The key is meant to be UTF-8, which nobody checks; the value may be null.</summary>
    public bool TryRead(out ReadOnlySpan<byte> key, out OptionalBytes value)
    {
        if (_left == 0)
        {
            key = default;
            value = default;
            return false;
        }

        RecordFields.ReadHeader(_headers, ref _at, out var name, out value);
        key = name.Span;
        _left--;
        return true;
    }
}
