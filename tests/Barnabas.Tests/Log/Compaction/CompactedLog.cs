using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Compaction;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Tests.Log.Compaction;

/// <summary>A record as a reader finds it.</summary>
internal sealed record FoundRecord(long Offset, string? Key, string? Value, long TimestampMs, RecordBatchHeader Batch);

/// <summary>A log whose policy is to compact, with short ways to fill, clean and read it.</summary>
internal sealed class CompactedLog : IDisposable
{
    public static readonly CleaningMemory Small = new(1 << 20, 0.9, 4096);

    public CompactedLog(IDisk? disk = null, LogConfig? config = null) => Fixture = new LogFixture
    {
        Disk = disk ?? new FileDisk(),
        Config = config ?? LogConfig.Default with
        {
            Cleanup = CleanupPolicy.Compact, SegmentBytes = 500, IndexIntervalBytes = 100, DeleteRetentionMs = 1000, RetentionMs = -1,
        },
    };

    public LogFixture Fixture { get; }

    public PartitionLog Log => Fixture.Log;

    public LogView View => Log.View;

    /// <summary>Appends one batch of "key=value" or, for a tombstone, "key" records.</summary>
    public long Append(params string[] records) => Append(new BatchOptions(), records);

    public long Append(BatchOptions options, params string[] records)
    {
        var result = Fixture.Append(Batch(options, Fixture.NowMs, records));
        Assert.Equal(ErrorCode.None, result.ErrorCode);
        return result.BaseOffset;
    }

    public static byte[] Batch(BatchOptions options, long timestampMs, params string[] records)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(options);
        foreach (var record in records)
        {
            var parts = record.Split('=', 2);
            builder.Append(timestampMs + builder.Count, Bytes(parts[0]), parts.Length > 1 ? Bytes(parts[1]) : null);
        }

        builder.End();
        return output.Written.ToArray();
    }

    public void Marker(long producerId, short epoch, bool isAbort) => Fixture.Append(LogFixture.Marker(producerId, epoch, isAbort));

    public void Roll() => Log.Roll(Fixture.NowMs);

    public CompactionPlan? Plan() => CompactionPlan.Make(View, Fixture.Config, Fixture.NowMs);

    public CompactionJob Begin(CleaningMemory? memory = null) => TryBegin(memory) ?? throw new InvalidOperationException("it is clean");

    public CompactionJob? TryBegin(CleaningMemory? memory = null)
    {
        Flush();
        return Plan() is { } plan ? Log.Compaction.Begin(plan, Order(memory)) : null;
    }

    public CompactionOrder Order(CleaningMemory? memory = null) =>
        new(Fixture.Config, Fixture.NowMs, memory ?? Small, new KeyHash(1, 2));

    public void Flush() => Flush(Log);

    /// <summary>Flushes what has rolled.</summary>
    public static void Flush(PartitionLog log)
    {
        while (log.HasFlushWork)
        {
            var job = log.BeginFlush(includeActive: false);
            job.Run();
            log.CompleteFlush(job);
        }
    }

    /// <summary>One whole cleaning of what can be cleaned; false when there is nothing.</summary>
    public bool Clean(CleaningMemory? memory = null, bool removesOld = true)
    {
        using var job = TryBegin(memory);
        if (job is null)
        {
            return false;
        }

        Run(Log, job, removesOld);
        return true;
    }

    /// <summary>Runs a cleaning of a log to its end.</summary>
    public static void Run(PartitionLog log, CompactionJob job, bool removesOld = true)
    {
        while (true)
        {
            switch (job.Step(700))
            {
                case CompactionStep.Cleaned:
                    var swap = log.Compaction.Exchange(job);
                    Assert.NotNull(swap);
                    swap.Run();
                    if (removesOld)
                    {
                        swap.Remove();
                    }

                    break;
                case CompactionStep.Done:
                    log.Compaction.Complete(job);
                    return;
                case CompactionStep.Impossible:
                    Assert.Fail(job.Problem);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Cleans until nothing is dirty any more.</summary>
    public void CleanAll(CleaningMemory? memory = null)
    {
        while (Clean(memory))
        {
        }
    }

    /// <summary>Opens the log again as if the cleaner had never run, so that all of it is dirty.</summary>
    public void ForgetCheckpoint()
    {
        var (start, high, point) = (View.LogStartOffset, View.HighWatermark, Log.RecoveryPoint);
        Log.Close();
        Fixture.Open(clean: true, Log.RecoveryPoint, start, high);
    }

    /// <summary>Every record from the log's start on; without those that a reader of committed records passes over.</summary>
    public List<FoundRecord> Read(bool committed = false) => Read(View, committed);

    public static List<FoundRecord> Read(LogView view, bool committed = false)
    {
        var limit = committed ? ReadLimit.LastStable : ReadLimit.LogEnd;
        var aborted = view.AbortedBetween(view.LogStartOffset, view.LastStableOffset);
        var found = new List<FoundRecord>();
        for (var offset = view.LogStartOffset; ;)
        {
            var slice = view.Slice(offset, 1000, limit, minOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.ErrorCode);
            if (slice.Bytes.IsEmpty)
            {
                return found;
            }

            var bytes = LogFixture.BytesOf(slice);
            foreach (var header in LogFixture.HeadersOf(bytes))
            {
                var isAborted = header.IsTransactional && aborted.Any(a =>
                    a.ProducerId == header.ProducerId && a.FirstOffset <= header.BaseOffset && header.BaseOffset < a.LastOffset);
                if (!committed || (!header.IsControl && !isAborted))
                {
                    found.AddRange(Records(bytes.AsSpan(0, (int)header.SizeBytes), header));
                }

                bytes = bytes[(int)header.SizeBytes..];
                offset = header.NextOffset;
            }
        }
    }

    public List<RecordBatchHeader> Batches() => LogFixture.ReadAll(View, View.LogStartOffset);

    public void Dispose() => Fixture.Dispose();

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static string? Text(OptionalBytes bytes) => bytes.HasValue ? System.Text.Encoding.UTF8.GetString(bytes.Span) : null;

    /// <summary>The records of one batch.</summary>
    public static List<FoundRecord> Records(ReadOnlySpan<byte> batch, RecordBatchHeader header)
    {
        using var opened = new ByteWriter();
        var body = batch[RecordBatchHeader.HeaderBytes..];
        if (!body.IsEmpty)
        {
            Assert.Equal(ErrorCode.None, RecordCompression.Decompress(header.Compression, body, opened, 1 << 20));
        }

        var found = new List<FoundRecord>();
        var reader = new RecordReader(opened.Written, header.RecordCount);
        while (reader.TryRead(out var record))
        {
            var timestamp = header.TimestampType == TimestampType.LogAppendTime
                ? header.MaxTimestamp : header.BaseTimestamp + record.TimestampDelta;
            var key = header.IsControl ? "" : Text(record.Key);
            found.Add(new FoundRecord(header.BaseOffset + record.OffsetDelta, key, Text(record.Value), timestamp, header));
        }

        return found;
    }
}
