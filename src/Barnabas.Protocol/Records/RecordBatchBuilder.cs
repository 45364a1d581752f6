using System.Buffers.Binary;
using System.Numerics;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Protocol.Records;

/// <summary>
/// Writes record batches behind each other into one writer, and counts their offsets. Owned by the thread that owns the writer; one
/// builder serves any number of batches, and allocates nothing per record.
/// </summary>
public sealed class RecordBatchBuilder(ByteWriter output) : IDisposable
{
    private ByteWriter? _plain;
    private bool _compresses;
    private BatchOptions _options;
    private int _start = -1, _count, _nextOffsetDelta;
    private long _baseTimestamp, _maxTimestamp;

    /// <summary>Records in the batch that is open.</summary>
    public int Count => _count;

    /// <summary>Bytes of the open batch so far; records that will be compressed count as they are.</summary>
    public int SizeBytes => output.Length - _start + (_compresses ? _plain!.Length : 0);

    /// <summary>Offset that the next record gets.</summary>
    public long NextOffset => _options.BaseOffset + _nextOffsetDelta;

    /// <summary>Opens a batch. The one before it must be closed.</summary>
    public void Begin(in BatchOptions options)
    {
        Check.That(_start < 0);
        Check.That(options.Compression <= CompressionType.Zstd);
        _options = options;
        _start = output.Length;
        _count = _nextOffsetDelta = 0;
        _maxTimestamp = -1;
        _baseTimestamp = options.DeleteHorizonMs;
        output.Take(RecordBatchHeader.HeaderBytes);
        _compresses = options.Compression != CompressionType.None;
        if (_compresses)
        {
            (_plain ??= new ByteWriter(4096)).Reset();
        }
    }

    /// <summary>Writes a record at the next offset.</summary>
    public void Append(long timestampMs, OptionalBytes key, OptionalBytes value) =>
        Append(_nextOffsetDelta, timestampMs, key, value, 0, default);

    /// <summary>
    /// Writes a record at an offset that is not below <see cref="NextOffset"/>, with headers as <see cref="RecordHeaders"/> or
    /// <see cref="Record.HeaderBytes"/> have them.
    /// </summary>
    public void Append(
        int offsetDelta, long timestampMs, OptionalBytes key, OptionalBytes value, int headerCount, ReadOnlySpan<byte> headers)
    {
        Check.That(_start >= 0 && offsetDelta >= _nextOffsetDelta);
        if (_count == 0)
        {
            _baseTimestamp = _baseTimestamp >= 0 ? _baseTimestamp : timestampMs;
        }

        var delta = timestampMs - _baseTimestamp;
        var size = 1 + VarLongSize(delta) + VarIntSize(offsetDelta) + VarIntSize(key.Length) + key.Span.Length
            + VarIntSize(value.Length) + value.Span.Length + VarIntSize(headerCount) + headers.Length;
        var records = _compresses ? _plain! : output;
        records.WriteVarInt(size);
        records.WriteInt8(0);
        records.WriteVarLong(delta);
        records.WriteVarInt(offsetDelta);
        records.WriteVarInt(key.Length);
        records.WriteSpan(key.Span);
        records.WriteVarInt(value.Length);
        records.WriteSpan(value.Span);
        records.WriteVarInt(headerCount);
        records.WriteSpan(headers);
        _maxTimestamp = Math.Max(_maxTimestamp, timestampMs);
        _nextOffsetDelta = offsetDelta + 1;
        _count++;
    }

    /// <summary>
    /// Closes the batch and returns its size in bytes. <paramref name="lastOffsetDelta"/> is for batches that lost their last records to
    /// compaction; an empty batch needs it to have any offset at all.
    /// </summary>
    public int End(int lastOffsetDelta = -1)
    {
        Check.That(_start >= 0);
        if (_compresses)
        {
            RecordCompression.Compress(_options.Compression, _options.CompressionLevel, _plain!.Written, output);
        }

        var size = output.Length - _start;
        var batch = output.At(_start, size);
        BinaryPrimitives.WriteInt64BigEndian(batch, _options.BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.BatchLengthAt..], size - RecordBatchHeader.LengthPrefixBytes);
        BatchStamp.SetPartitionLeaderEpoch(batch, _options.PartitionLeaderEpoch);
        batch[RecordBatchHeader.MagicAt] = (byte)RecordBatchHeader.MagicV2;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchHeader.AttributesAt..], _options.Attributes);
        var last = Math.Max(lastOffsetDelta, _nextOffsetDelta - 1);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.LastOffsetDeltaAt..], last);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.BaseTimestampAt..], _count == 0 ? -1 : _baseTimestamp);
        var maxTimestamp = _options.LogAppendTimeMs >= 0 ? _options.LogAppendTimeMs : _maxTimestamp;
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.MaxTimestampAt..], maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.ProducerIdAt..], _options.ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchHeader.ProducerEpochAt..], _options.ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.BaseSequenceAt..], _options.BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.RecordCountAt..], _count);
        BatchStamp.SetCrc(batch);
        _start = -1;
        return size;
    }

    /// <summary>Forgets the open batch, as if it had never begun.</summary>
    public void Abandon()
    {
        Check.That(_start >= 0);
        output.Truncate(_start);
        _start = -1;
    }

    /// <summary>Gives the scratch buffer back; the output stays its owner's.</summary>
    public void Dispose() => _plain?.Dispose();

    internal static int VarIntSize(int value) => SizeOf((uint)((value << 1) ^ (value >> 31)));

    internal static int VarLongSize(long value) => SizeOf((ulong)((value << 1) ^ (value >> 63)));

    private static int SizeOf(ulong bits) => (BitOperations.Log2(bits | 1) / 7) + 1;
}

/// <summary>Writes the headers of a record in the form that <see cref="RecordBatchBuilder"/> takes.</summary>
public static class RecordHeaders
{
    /// <summary>Writes one header behind those that <paramref name="output"/> has.</summary>
    public static void Write(ByteWriter output, ReadOnlySpan<byte> key, OptionalBytes value)
    {
        output.WriteVarInt(key.Length);
        output.WriteSpan(key);
        output.WriteVarInt(value.Length);
        output.WriteSpan(value.Span);
    }
}
