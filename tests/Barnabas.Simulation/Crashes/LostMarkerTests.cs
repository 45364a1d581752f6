using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Compaction;
using Barnabas.Log.Recovery;
using Barnabas.Protocol.Records;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Crashes;

/// <summary>
/// A power cut behind a cleaning that went by the marker of a transaction, which lies in a segment that nobody has flushed: the record that
/// the transaction replaced was flushed long ago, and of its key something has to be left that readers of committed records see.
/// </summary>
public sealed class LostMarkerTests
{
    private const string Root = "/ledger";
    private const long NowMs = 1_000_000;
    private static readonly BatchOptions Transaction = new() { ProducerId = 9, ProducerEpoch = 0, IsTransactional = true };

    private static readonly LogConfig Config = LogConfig.Default with
    {
        Cleanup = CleanupPolicy.Compact, SegmentBytes = 1000, IndexIntervalBytes = 100, RetentionMs = -1,
    };

    [Fact]
    public void A_record_is_cleaned_away_only_when_the_marker_of_what_replaces_it_is_durable()
    {
        var lost = 0;
        for (var seed = 0UL; seed < 20; seed++)
        {
            var disk = new SimDisk(new SimClock(), new Randomness(seed));
            disk.CreateDirectory(Root);
            var log = Open(disk, 0);
            disk.SyncAll();
            Fill(log);
            var recoveryPoint = log.RecoveryPoint;
            Clean(log);
            disk.Restart(isPowerCut: true);
            log = Open(disk, recoveryPoint);
            Assert.Contains("key=new", Committed(log.View));
            lost += log.LogEndOffset < 6 ? 1 : 0;
        }

        Assert.True(lost > 0, "no cut took what lay behind the marker: nothing was left to luck");
    }

    private static PartitionLog Open(SimDisk disk, long recoveryPoint)
    {
        var log = PartitionLog.Open(new LogOpenRequest
        {
            Disk = disk, DirectoryPath = $"{Root}/t-0", Partition = new TopicPartition("t", 0), Config = Config, NowMs = NowMs,
            RecoveryPoint = recoveryPoint, ClosesHoles = true,
        }).Log;
        log.Publish(log.LogEndOffset);
        return log;
    }

    // The old value and its replacement in flushed segments, the marker in the active one, which is not.
    private static void Fill(PartitionLog log)
    {
        Append(log, Batch(new BatchOptions(), "key", "old"));
        log.Roll(NowMs);
        Append(log, Batch(Transaction with { BaseSequence = 0 }, "key", "new"));
        log.Roll(NowMs);
        var flush = log.BeginFlush(includeActive: false);
        flush.Run();
        log.CompleteFlush(flush);
        Append(log, Marker());
    }

    private static void Clean(PartitionLog log)
    {
        var order = new CompactionOrder(Config, NowMs, new CleaningMemory(10_000, 0.9, 1000), new KeyHash(1, 2));
        using var job = log.Compaction.Begin(CompactionPlan.Make(log.View, Config, NowMs)!, order)!;
        Assert.Equal(CompactionStep.Cleaned, job.Step(10_000));
        Append(log, Batch(new BatchOptions(), "other", "1"));
        var swap = log.Compaction.Exchange(job)!;
        Append(log, Batch(new BatchOptions(), "other", "2"));
        swap.Run();
        swap.Remove();
        Append(log, Batch(new BatchOptions(), "other", "3"));
    }

    private static void Append(PartitionLog log, byte[] batch)
    {
        var lease = BufferPool.RentUnpooled(batch.Length);
        batch.CopyTo(lease.Span);
        Assert.Equal(ErrorCode.None, log.AppendAsLeader(lease.Piece(0, batch.Length), 0, NowMs).ErrorCode);
        log.WriteStaged();
        log.Publish(log.LogEndOffset);
        lease.Release();
    }

    private static byte[] Batch(BatchOptions options, string key, string value) =>
        Batch(options, Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(value));

    private static byte[] Marker() =>
        Batch(Transaction with { IsControl = true }, [0, 0, 0, (byte)ControlRecordType.Commit], [0, 0, 0, 0, 0, 7]);

    private static byte[] Batch(BatchOptions options, byte[] key, byte[] value)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(options);
        builder.Append(NowMs, key, value);
        builder.End();
        return output.Written.ToArray();
    }

    private static List<string> Committed(LogView view)
    {
        var found = new List<string>();
        for (var offset = view.LogStartOffset; ;)
        {
            var slice = view.Slice(offset, 1 << 20, ReadLimit.LastStable, minOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.ErrorCode);
            if (slice.Bytes.IsEmpty)
            {
                return found;
            }

            var bytes = new byte[slice.Bytes.Length];
            slice.Bytes.Data.Read(bytes, slice.Bytes.Position);
            slice.Bytes.Release();
            for (ReadOnlySpan<byte> left = bytes; left.Length > 0; left = left[(int)StoredBytes(left, out offset)..])
            {
                var records = new RecordReader(left, RecordBatchHeader.TryRead(left, out var header) ? header : default);
                while (!header.IsControl && records.TryRead(out var record))
                {
                    found.Add($"{Encoding.ASCII.GetString(record.Key.Span)}={Encoding.ASCII.GetString(record.Value.Span)}");
                }
            }
        }
    }

    private static long StoredBytes(ReadOnlySpan<byte> batch, out long nextOffset)
    {
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        nextOffset = header.NextOffset;
        return header.SizeBytes;
    }
}
