using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Log.Compaction;

/// <summary>The records of one batch at a time, opened if they are compressed. Owned by its cleaning.</summary>
internal sealed class BatchBody : IDisposable
{
    /// <summary>What a batch may open to; a larger one is taken for unreadable.</summary>
    private const int OpenedBytesMax = 256 << 20;

    private readonly ByteWriter _opened = new(64 << 10);

    /// <summary>Why a batch could not be opened though it may be sound, or null.</summary>
    internal string? Problem { get; private set; }

    /// <summary>
    /// Opens a whole batch. False when only this process cannot read it, for lack of its codec's library. Not
    /// <paramref name="isReadable"/> when nobody can, though its checksum is right.
    /// </summary>
    internal bool TryOpen(ReadOnlySpan<byte> batch, in RecordBatchHeader header, out bool isReadable)
    {
        isReadable = false;
        _opened.Reset();
        if (!RecordCompression.IsAvailable(header.Compression) && header.Compression <= CompressionType.Zstd)
        {
            Problem = $"the codec {header.Compression} is not available on this machine";
            return false;
        }

        var body = batch[RecordBatchHeader.HeaderBytes..];
        try
        {
            isReadable = header.Compression == CompressionType.None
                ? CopyOf(body)
                : RecordCompression.Decompress(header.Compression, body, _opened, OpenedBytesMax) == ErrorCode.None;
            var reader = Records(header);
            while (isReadable && reader.TryRead(out var record))
            {
                isReadable = record.OffsetDelta >= 0 && record.OffsetDelta <= header.LastOffsetDelta;
            }
        }
        catch (MalformedException)
        {
            isReadable = false;
        }

        return true;
    }

    /// <summary>The records of the batch that was opened, from the first on.</summary>
    internal RecordReader Records(in RecordBatchHeader header) => new(_opened.Written, header.RecordCount);

    public void Dispose() => _opened.Dispose();

    private bool CopyOf(ReadOnlySpan<byte> body)
    {
        _opened.WriteSpan(body);
        return true;
    }
}
