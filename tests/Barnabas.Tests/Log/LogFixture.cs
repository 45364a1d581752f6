using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Recovery;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Log;

/// <summary>A log in a temporary directory, and short ways to fill and read it.</summary>
internal sealed class LogFixture : IDisposable
{
    public static readonly TopicPartition Partition = new("t", 0);
    private readonly TempFolder _folder = new();
    private PartitionLog? _log;

    public IDisk Disk { get; init; } = new FileDisk();

    public LogConfig Config { get; set; } = LogConfig.Default;

    public long NowMs { get; set; } = 1_000_000;

    public bool ClosesHoles { get; set; }

    public string Directory => _folder.At("t-0");

    public PartitionLog Log => _log ??= Open().Log;

    public OpenedLog Open(
        bool clean = false, long recoveryPoint = 0, long logStart = 0, long highWatermark = 0, long firstDirty = -1)
    {
        var opened = PartitionLog.Open(new LogOpenRequest
        {
            Disk = Disk,
            DirectoryPath = Directory,
            Partition = Partition,
            Config = Config,
            NowMs = NowMs,
            IsClean = clean,
            ClosesHoles = ClosesHoles,
            RecoveryPoint = recoveryPoint,
            LogStartOffset = logStart,
            HighWatermark = highWatermark,
            FirstDirtyOffset = firstDirty,
        });
        _log = opened.Log;
        return opened;
    }

    public OpenedLog ReopenClean()
    {
        var (start, high) = (Log.View.LogStartOffset, Log.View.HighWatermark);
        Log.Close();
        return Open(clean: true, Log.RecoveryPoint, start, high);
    }

    public OpenedLog ReopenAfterCrash(long recoveryPoint = 0, long logStart = 0)
    {
        Log.Abandon();
        return Open(clean: false, recoveryPoint, logStart);
    }

    public string PathOf(long offset, string suffix) => Path.Join(Directory, offset.ToString("D20") + suffix);

    /// <summary>Stages, writes and publishes one batch of <paramref name="count"/> records as the leader does.</summary>
    public AppendResult Append(int count = 1, BatchOptions? options = null, int valueBytes = 10, int epoch = 0, long? timestampMs = null)
    {
        var bytes = Batch(count, options ?? new BatchOptions(), valueBytes, timestampMs ?? NowMs);
        return Append(bytes, epoch);
    }

    public AppendResult Append(byte[] batch, int epoch = 0)
    {
        var lease = Lease(batch);
        var result = Log.AppendAsLeader(lease.Piece(0, batch.Length), epoch, NowMs);
        Log.WriteStaged();
        Log.Publish(Log.LogEndOffset);
        lease.Release();
        return result;
    }

    public AppendResult AppendVerbatim(byte[] batches)
    {
        var lease = Lease(batches);
        var result = Log.AppendVerbatim(lease.Piece(0, batches.Length), NowMs);
        Log.WriteStaged();
        Log.Publish(Log.LogEndOffset);
        lease.Release();
        return result;
    }

    public static BufferLease Lease(byte[] bytes)
    {
        var lease = BufferPool.RentUnpooled(bytes.Length);
        bytes.CopyTo(lease.Span);
        return lease;
    }

    public static byte[] Batch(int count, BatchOptions options, int valueBytes = 10, long timestampMs = 1_000_000, byte fill = (byte)'v')
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(options);
        var value = new byte[valueBytes];
        value.AsSpan().Fill(fill);
        for (var i = 0; i < count; i++)
        {
            builder.Append(timestampMs + i, OptionalBytes.Null, value);
        }

        builder.End();
        return output.Written.ToArray();
    }

    /// <summary>A batch of one record with this value.</summary>
    public static byte[] BatchOf(string value, CompressionType codec, long timestampMs)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions { Compression = codec });
        builder.Append(timestampMs, OptionalBytes.Null, System.Text.Encoding.UTF8.GetBytes(value));
        builder.End();
        return output.Written.ToArray();
    }

    /// <summary>A transaction marker at offset 0.</summary>
    public static byte[] Marker(
        long producerId, short epoch, bool isAbort, long baseOffset = 0, int leaderEpoch = 0, long timestampMs = 1_000_000)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(new BatchOptions
        {
            BaseOffset = baseOffset, PartitionLeaderEpoch = leaderEpoch, ProducerId = producerId, ProducerEpoch = epoch,
            IsTransactional = true, IsControl = true,
        });
        builder.Append(timestampMs, new byte[] { 0, 0, 0, (byte)(isAbort ? 0 : 1) }, new byte[] { 0, 0, 0, 0, 0, 7 });
        builder.End();
        return output.Written.ToArray();
    }

    /// <summary>Reads all from an offset on, slice by slice, as a consumer does; gives the headers of the batches met.</summary>
    public static List<RecordBatchHeader> ReadAll(LogView view, long offset, int bytesMax = 1 << 20, ReadLimit limit = ReadLimit.LogEnd)
    {
        var headers = new List<RecordBatchHeader>();
        while (true)
        {
            var slice = view.Slice(offset, bytesMax, limit, minOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.ErrorCode);
            if (slice.Bytes.IsEmpty)
            {
                return headers;
            }

            var batches = HeadersOf(BytesOf(slice));
            Assert.True(batches[^1].NextOffset > offset);
            Assert.True(batches[0].LastOffset >= offset);
            offset = batches[^1].NextOffset;
            if (slice.EndOffset >= 0)
            {
                Assert.True(slice.EndOffset >= offset);
            }

            headers.AddRange(batches);
        }
    }

    public static byte[] BytesOf(LogSlice slice)
    {
        var bytes = new byte[slice.Bytes.Length];
        Assert.Equal(bytes.Length, slice.Bytes.Data.Read(bytes, slice.Bytes.Position));
        slice.Bytes.Release();
        return bytes;
    }

    /// <summary>The headers of whole, good batches that fill the bytes exactly.</summary>
    public static List<RecordBatchHeader> HeadersOf(byte[] bytes)
    {
        var headers = new List<RecordBatchHeader>();
        for (var at = 0; at < bytes.Length;)
        {
            Assert.True(RecordBatchHeader.TryRead(bytes.AsSpan(at), out var header));
            Assert.Equal(header.Crc, BatchStamp.ComputeCrc(bytes.AsSpan(at, (int)header.SizeBytes)));
            headers.Add(header);
            at += (int)header.SizeBytes;
        }

        return headers;
    }

    public void Dispose()
    {
        if (_log is { IsBroken: false })
        {
            _log.Abandon();
        }

        _folder.Dispose();
    }
}
