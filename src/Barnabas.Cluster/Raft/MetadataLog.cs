using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Controller;
using Barnabas.Log;
using Barnabas.Log.Flushing;
using Barnabas.Log.Recovery;
using Barnabas.Log.Retention;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Raft;

/// <summary>How the metadata log and its snapshots are kept: Kafka's keys of the same names.</summary>
/// <param name="SegmentBytes">metadata.log.segment.bytes.</param>
/// <param name="SegmentMs">metadata.log.segment.ms.</param>
/// <param name="SnapshotAfterBytes">metadata.log.max.record.bytes.between.snapshots.</param>
/// <param name="SnapshotAfterMs">metadata.log.max.snapshot.interval.ms; 0 for never by time.</param>
/// <param name="RetentionBytes">metadata.max.retention.bytes; -1 for no limit.</param>
/// <param name="RetentionMs">metadata.max.retention.ms; -1 for no limit.</param>
public sealed record MetadataLogConfig(
    int SegmentBytes = 1 << 30,
    long SegmentMs = 604_800_000,
    long SnapshotAfterBytes = 20 << 20,
    long SnapshotAfterMs = 3_600_000,
    long RetentionBytes = 100 << 20,
    long RetentionMs = 604_800_000);

/// <summary>
/// The log <c>__cluster_metadata-0</c>. Opened by whoever loads it, then owned by the metadata loop; the flush and delete jobs that it
/// hands out run on the thread beside that loop. A disk that fails throws <see cref="IOException"/>: the node stops then.
/// </summary>
public sealed class MetadataLog
{
    /// <summary>The name of the log's directory.</summary>
    public const string DirectoryName = "__cluster_metadata-0";

    private const int ReadBytes = 1 << 20;
    private readonly PartitionLog _log;
    private readonly Queue<(long EndOffset, int Bytes)> _uncommitted = new();

    private MetadataLog(PartitionLog log, long bytesCut)
    {
        _log = log;
        BytesCut = bytesCut;
        CommittedBytes = log.View.SizeBytes;
    }

    /// <summary>Bytes of a torn tail that were cut when the log was opened.</summary>
    public long BytesCut { get; }

    /// <summary>The offset of the next record.</summary>
    public long EndOffset => _log.LogEndOffset;

    /// <summary>The first offset that is still in the log.</summary>
    public long StartOffset => _log.View.LogStartOffset;

    /// <summary>Epoch of the last batch, or -1.</summary>
    public int LastEpoch => _log.LatestEpoch;

    /// <summary>Bytes of all segments.</summary>
    public long SizeBytes => _log.View.SizeBytes;

    /// <summary>Bytes that were there when it was opened, and of all batches committed since: it only grows.</summary>
    public long CommittedBytes { get; private set; }

    /// <summary>
    /// Opens or makes the log. Its end is checked batch by batch, as Kafka does after every stop, clean or not. A log that ends before
    /// <paramref name="snapshot"/> begins again behind it. Where newer snapshots are damaged it has to cover what they did, from that
    /// snapshot to <paramref name="coveredOffset"/>.
    /// </summary>
    /// <exception cref="IOException">The disk failed, or bytes that no snapshot covers are rotten or missing.</exception>
    public static MetadataLog Open(
        IDisk disk, string directory, MetadataLogConfig config, SnapshotId snapshot, long coveredOffset, long nowMs)
    {
        var opened = PartitionLog.Open(new LogOpenRequest
        {
            Disk = disk,
            DirectoryPath = directory,
            Partition = new TopicPartition(TopicNames.ClusterMetadata, 0),
            Config = new LogConfig
            {
                SegmentBytes = config.SegmentBytes,
                SegmentMs = config.SegmentMs,
                MaxMessageBytes = int.MaxValue,
                Cleanup = CleanupPolicy.None,
            },
            NowMs = nowMs,
            LogStartOffset = 0,
        });
        var log = opened.Log;
        if (Fault(opened, directory, snapshot, coveredOffset) is { } fault)
        {
            log.Abandon();
            throw new IOException(fault);
        }

        if (log.LogEndOffset < snapshot.EndOffset)
        {
            log.TruncateFully(snapshot.EndOffset, nowMs);
        }

        log.Publish(log.LogEndOffset);
        return new MetadataLog(log, opened.Report.BytesCut);
    }

    /// <summary>Reads all batches from <paramref name="fromOffset"/> on. Blocks: only while loading.</summary>
    /// <exception cref="MalformedException">The log says what this program does not understand.</exception>
    internal void Read(long fromOffset, IMetadataReader reader)
    {
        var view = _log.View;
        var buffer = new byte[ReadBytes];
        for (var offset = Math.Max(fromOffset, view.LogStartOffset); offset < view.LogEndOffset;)
        {
            var slice = view.Slice(offset, ReadBytes, ReadLimit.LogEnd, minOneBatch: true);
            if (slice.ErrorCode != ErrorCode.None || slice.Bytes.IsEmpty)
            {
                throw new IOException($"the metadata log cannot be read at offset {offset}: {slice.ErrorCode}");
            }

            if (slice.Bytes.Length > buffer.Length)
            {
                buffer = new byte[slice.Bytes.Length];
            }

            var there = slice.Bytes.Data.Read(buffer.AsSpan(0, slice.Bytes.Length), slice.Bytes.Position);
            slice.Bytes.Release();
            var used = MetadataBatches.Read(buffer.AsSpan(0, there), offset, reader);
            if (used == 0)
            {
                throw new IOException($"the metadata log cannot be read at offset {offset}");
            }

            offset = NextOffset(buffer.AsSpan(0, used));
        }
    }

    /// <summary>Appends one batch that was built for <see cref="EndOffset"/>.</summary>
    public unsafe void Append(ReadOnlyMemory<byte> batch, int epoch, long nowMs)
    {
        fixed (byte* bytes = batch.Span)
        {
            var appended = _log.AppendAsLeader(new BytePiece(bytes, batch.Length), epoch, nowMs, AppendOrigin.Coordinator);
            Check.That(appended.ErrorCode == ErrorCode.None);
            _log.WriteStaged();
        }

        _uncommitted.Enqueue((EndOffset, batch.Length));
    }

    /// <summary>What makes everything appended so far durable; run it beside the loop, then <see cref="CompleteFlush"/>.</summary>
    public FlushJob BeginFlush() => _log.BeginFlush(includeActive: true);

    /// <summary>The job ran without a fault.</summary>
    public void CompleteFlush(FlushJob job) => _log.CompleteFlush(job);

    /// <summary>Everything below is committed, and may be read by other nodes.</summary>
    public void Commit(long highWatermark)
    {
        _log.Publish(highWatermark);
        while (_uncommitted.TryPeek(out var batch) && batch.EndOffset <= highWatermark)
        {
            CommittedBytes += _uncommitted.Dequeue().Bytes;
        }
    }

    /// <summary>
    /// Takes out the segments that lie below a snapshot. The job removes their files and runs beside the loop; null when there is nothing
    /// to remove.
    /// </summary>
    public DeleteJob? DeleteBefore(long offset, long nowMs)
    {
        var advanced = _log.AdvanceLogStart(Math.Min(offset, _log.View.HighWatermark));
        Check.That(advanced == ErrorCode.None);
        var plan = RetentionPlan.Make(_log.View, _log.Config, nowMs);
        return plan is null ? null : _log.Delete(plan, nowMs);
    }

    /// <summary>Why the log cannot be used, in a sentence for the operator; null when it can.</summary>
    private static string? Fault(OpenedLog opened, string directory, SnapshotId snapshot, long coveredOffset)
    {
        foreach (var damage in opened.Report.Damages.Where(damage => damage.NextOffset > snapshot.EndOffset))
        {
            return $"{directory} is rotten in its middle: {damage}; restore the directory from a copy";
        }

        var view = opened.Log.View;
        return coveredOffset > snapshot.EndOffset && (view.LogStartOffset > snapshot.EndOffset || view.LogEndOffset < coveredOffset)
            ? $"{directory} has a damaged snapshot of the metadata up to offset {coveredOffset}, and older ones and the log do not cover "
                + "what was in it; restore the directory from a copy"
            : null;
    }

    /// <summary>Closes the log whole. Blocks.</summary>
    public void Close() => _log.Close();

    /// <summary>Lets go of the files as they are, after a fault.</summary>
    public void Abandon() => _log.Abandon();

    private static long NextOffset(ReadOnlySpan<byte> batches)
    {
        var next = 0L;
        for (var at = 0; at < batches.Length && RecordBatchHeader.TryRead(batches[at..], out var header); at += (int)header.SizeBytes)
        {
            next = header.NextOffset;
        }

        return next;
    }
}
