using System.Buffers;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Cluster.Machines;

/// <summary>A piece of a partition's log, decoded. Immutable once made.</summary>
/// <param name="Records">In order, with their offsets.</param>
/// <param name="NextOffset">Where the next piece begins.</param>
/// <param name="IsLast">True when the log ends here.</param>
public sealed record ReplayedPiece<TRecord>(IReadOnlyList<(TRecord Record, long Offset)> Records, long NextOffset, bool IsLast);

/// <summary>
/// Reads a partition's log back for its machine, piece by piece. Pure but for the disk: on a background thread.
/// </summary>
public sealed class PartitionReplay<TRecord>(Replica replica, RecordCodec<TRecord> codec, int pieceBytes)
    where TRecord : class
{
    // A batch of ours is at most a message, but a directory that another broker wrote may hold a compressed one.
    private const int OpenedBytesMax = 256 << 20;

    /// <summary>Reads from an offset on, to the end of the log as it is now.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="MalformedException">The log holds what cannot be replayed.</exception>
    public ReplayedPiece<TRecord> Read(long offset)
    {
        var slice = replica.View.Slice(offset, pieceBytes, ReadLimit.LogEnd, minOneBatch: true);
        while (slice.IsStale)
        {
            slice = replica.View.Slice(offset, pieceBytes, ReadLimit.LogEnd, minOneBatch: true);
        }

        if (slice.ErrorCode != ErrorCode.None)
        {
            throw new MalformedException($"{replica.Partition} cannot be read at {offset}: {slice.ErrorCode}");
        }

        return slice.Bytes.IsEmpty ? new ReplayedPiece<TRecord>([], offset, IsLast: true) : Read(slice, offset);
    }

    private ReplayedPiece<TRecord> Read(in LogSlice slice, long offset)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(slice.Bytes.Length);
        try
        {
            var bytes = buffer.AsSpan(0, slice.Bytes.Length);
            if (slice.Bytes.Data.Read(bytes, slice.Bytes.Position) != bytes.Length)
            {
                throw new MalformedException($"{replica.Partition} ends early at {offset}");
            }

            return Decode(bytes, offset);
        }
        finally
        {
            slice.Bytes.Release();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ReplayedPiece<TRecord> Decode(ReadOnlySpan<byte> bytes, long offset)
    {
        var records = new List<(TRecord, long)>();
        var next = offset;
        while (!bytes.IsEmpty)
        {
            if (!RecordBatchHeader.TryRead(bytes, out var header) || header.SizeBytes > bytes.Length)
            {
                throw new MalformedException($"{replica.Partition} has something else than a batch behind {next}");
            }

            DecodeBatch(bytes[..(int)header.SizeBytes], header, offset, records);
            next = header.NextOffset;
            bytes = bytes[(int)header.SizeBytes..];
        }

        return new ReplayedPiece<TRecord>(records, next, IsLast: false);
    }

    private void DecodeBatch(ReadOnlySpan<byte> batch, in RecordBatchHeader header, long from, List<(TRecord, long)> records)
    {
        if (header.Compression == CompressionType.None)
        {
            DecodeRecords(new RecordReader(batch, header), header, from, records);
            return;
        }

        using var opened = new ByteWriter(batch.Length * 4);
        var error = RecordCompression.Decompress(header.Compression, batch[RecordBatchHeader.HeaderBytes..], opened, OpenedBytesMax);
        if (error != ErrorCode.None)
        {
            throw new MalformedException($"{replica.Partition}: the batch at {header.BaseOffset} cannot be opened: {error}");
        }

        DecodeRecords(new RecordReader(opened.Written, header.RecordCount), header, from, records);
    }

    private void DecodeRecords(RecordReader reader, in RecordBatchHeader header, long from, List<(TRecord, long)> records)
    {
        while (reader.TryRead(out var record))
        {
            var offset = header.BaseOffset + record.OffsetDelta;
            if (offset >= from && Decode(record, header) is { } decoded)
            {
                records.Add((decoded, offset));
            }
        }
    }

    private TRecord? Decode(in Record record, in RecordBatchHeader header)
    {
        if (!header.IsControl)
        {
            return codec.Read(record, header);
        }

        return ControlRecords.TryReadType(record.Key, out var type) && type is ControlRecordType.Commit or ControlRecordType.Abort
            ? codec.ReadTransactionEnd(header.ProducerId, type == ControlRecordType.Commit)
            : null;
    }
}
