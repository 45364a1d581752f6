using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Protocol.Records;
using Barnabas.Shared;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Log.Compaction;

/// <summary>
/// Apache Kafka and this project clean the same log, round by round: every batch and every record has to come out alike, at the same
/// offsets, in segments of the same names. In between Kafka's directory is opened here and gets more to clean.
/// </summary>
[Trait("Category", "Slow")]
public sealed class KafkaCompactionTests : IDisposable
{
    private static readonly TopicPartition Partition = new("c", 0);

    private static readonly LogConfig Appending = LogConfig.Default with
    {
        Cleanup = CleanupPolicy.Compact, SegmentBytes = 3000, IndexIntervalBytes = 500, DeleteRetentionMs = 1, RetentionMs = -1,
    };

    private readonly TempFolder _folder = new();
    private readonly FileDisk _disk = new();
    private readonly Kafka _kafka;
    private readonly CompactedLog _ours = new(config: Appending);
    private readonly Random _random = new(int.Parse(Environment.GetEnvironmentVariable("BARNABAS_SEED") ?? "7"));
    private readonly Dictionary<long, (short Epoch, int Sequence)> _producers = [];
    private readonly HashSet<long> _open = [];

    public KafkaCompactionTests() =>
        _kafka = new Kafka(_folder.Path, "log.cleaner.backoff.ms=50", "log.cleaner.dedupe.buffer.size=8000000");

    public void Dispose()
    {
        _kafka.Dispose();
        _ours.Dispose();
        _folder.Dispose();
    }

    [PeerFact(Need.Peer)]
    public void Both_leave_the_same_records_at_every_offset()
    {
        _kafka.Start();
        Kafka.Tool(0, null, "topics", "--bootstrap-server", _kafka.Address, "--create", "--topic", "c", "--partitions", "1",
            "--config", "cleanup.policy=compact", "--config", "min.cleanable.dirty.ratio=0", "--config", "delete.retention.ms=1",
            "--config", "segment.bytes=1048576", "--config", "index.interval.bytes=500");
        _kafka.Stop(kill: false);
        var removed = 0;
        for (var round = 0; round < 4; round++)
        {
            var batches = round < 3 ? History(count: 150 - (round * 40)) : [[CompactedLog.Batch(new BatchOptions(), NowMs, "end=1")]];
            AppendToKafka(batches);
            AppendToOurs(batches);
            var end = _ours.Log.LogEndOffset;
            CleanByKafka(end);
            CleanOurs();
            var (kafka, ours) = (Describe(Path.Combine(_folder.Path, "logs", "c-0")), Describe(_ours.Fixture.Directory));
            Assert.Equal(kafka, ours);
            removed = (int)end - ours.Count(line => line.StartsWith("  "));
        }

        Assert.True(removed > 300, $"{removed} records were cleaned away");
        AssertNothingWrong();
    }

    /// <summary>Appends, rolls, and closes the directory as a clean stop does.</summary>
    private void AppendToKafka(List<byte[][]> history)
    {
        using var directory = LogDirectory.Open(_disk, _folder.At("logs"), new Uuid(1, 1));
        Assert.True(directory.WasClean);
        var logs = directory.Partitions.Select(p => directory.OpenLog(p, Appending, NowMs)).ToList();
        Assert.All(logs, l => Assert.Empty(l.Report.Damages));
        var log = logs.Single(l => l.Log.Partition == Partition).Log;
        log.Publish(log.LogEndOffset);
        AppendAll(log, history);
        logs.ForEach(l => l.Log.Close());
        directory.WriteRecoveryPoints([.. logs.Select(l => new PartitionOffset(l.Log.Partition, l.Log.RecoveryPoint))]);
        directory.WriteHighWatermarks([new PartitionOffset(Partition, log.LogEndOffset)]);
        directory.WriteLogStarts([]);
        directory.CloseClean(100);
    }

    private void AppendToOurs(List<byte[][]> history)
    {
        _ours.Fixture.NowMs = NowMs;
        var (dirty, high) = (_ours.View.FirstDirtyOffset, _ours.View.HighWatermark);
        _ours.Log.Close();
        _ours.Fixture.Config = Appending;
        _ours.Fixture.Open(clean: true, _ours.Log.RecoveryPoint, 0, high, dirty);
        AppendAll(_ours.Log, history);
    }

    private void AppendAll(PartitionLog log, List<byte[][]> history)
    {
        foreach (var batch in history.SelectMany(b => b))
        {
            var lease = LogFixture.Lease(batch);
            Assert.Equal(ErrorCode.None, log.AppendAsLeader(lease.Piece(0, batch.Length), 0, NowMs).ErrorCode);
            log.WriteStaged();
            lease.Release();
        }

        log.Publish(log.LogEndOffset);
        log.Roll(NowMs);
    }

    private void CleanByKafka(long end)
    {
        _kafka.Start();
        var checkpoint = Path.Combine(_folder.Path, "logs", "cleaner-offset-checkpoint");
        using var changed = new FileSystemWatcher(Path.GetDirectoryName(checkpoint)!, "cleaner-offset-checkpoint*");
        for (var tries = 0; !File.Exists(checkpoint) || !File.ReadAllText(checkpoint).Contains($"c 0 {end}\n"); tries++)
        {
            Assert.True(tries < 600, $"Kafka does not clean up to {end}");
            changed.WaitForChanged(WatcherChangeTypes.All, 100);
        }

        _kafka.Stop(kill: false);
    }

    private void CleanOurs()
    {
        _ours.Fixture.NowMs = NowMs;
        _ours.Fixture.Config = Appending with { SegmentBytes = 1 << 20 };
        Assert.True(_ours.Clean(new Barnabas.Log.Compaction.CleaningMemory(8_000_000, 0.9, 512 << 10)));
        Assert.Equal(_ours.Log.LogEndOffset, _ours.View.FirstDirtyOffset);
    }

    /// <summary>All that a directory's data files hold, but for what depends on the time of a cleaning, on codecs and the leader.</summary>
    private static List<string> Describe(string directory)
    {
        var lines = new List<string>();
        foreach (var file in Directory.GetFiles(directory, "*.log").Order())
        {
            lines.Add(Path.GetFileName(file));
            var bytes = File.ReadAllBytes(file);
            foreach (var header in LogFixture.HeadersOf(bytes))
            {
                var horizon = header.HasDeleteHorizon ? "horizon" : $"{header.BaseTimestamp}";
                lines.Add($" {header.BaseOffset}-{header.LastOffset} {header.Attributes} {horizon} {header.MaxTimestamp} "
                    + $"{header.ProducerId}/{header.ProducerEpoch}/{header.BaseSequence} {header.RecordCount}");
                lines.AddRange(CompactedLog.Records(bytes.AsSpan(0, (int)header.SizeBytes), header)
                    .Select(r => $"  {r.Offset} {r.TimestampMs} {r.Key} {r.Value ?? "null"}"));
                bytes = bytes[(int)header.SizeBytes..];
            }
        }

        return lines;
    }

    private void AssertNothingWrong()
    {
        _ours.Log.Close();
        var files = Directory.GetFiles(_ours.Fixture.Directory).Where(f => !f.EndsWith("-checkpoint")).Order().ToList();
        var dump = Kafka.Tool(0, null, "dump-log", "--files", string.Join(',', files), "--deep-iteration");
        string[] complaints = ["mismatch", "corrupt", "isvalid: false", "exception", "error", "no message", "out of order"];
        Assert.All(dump.Split('\n'), line => Assert.DoesNotContain(complaints, c => line.Contains(c, StringComparison.OrdinalIgnoreCase)));
        var indexes = string.Join(',', files.Where(f => f.EndsWith("index")));
        var sanity = Kafka.Tool(0, null, "dump-log", "--files", indexes, "--index-sanity-check");
        Assert.DoesNotContain("mismatch", sanity, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Batches of all kinds of producers, codecs and keys; each transaction that is begun in it is ended in it.</summary>
    private List<byte[][]> History(int count)
    {
        var history = new List<byte[][]>();
        for (var i = 0; i < count; i++)
        {
            var producer = new long[] { -1, -1, 1001, 1002, 2001, 2002, 2003 }[_random.Next(7)];
            history.Add(producer > 2000 && _random.Next(3) == 0 && _open.Contains(producer) ? [End(producer)] : [Data(producer)]);
        }

        history.AddRange(_open.Order().ToList().Select(producer => new[] { End(producer) }));
        return history;
    }

    private byte[] Data(long producer)
    {
        var count = 1 + _random.Next(5);
        var (epoch, sequence) = _producers.GetValueOrDefault(producer);
        var options = new BatchOptions { Compression = (CompressionType)_random.Next(5) };
        if (producer >= 0)
        {
            _producers[producer] = (epoch, sequence + count);
            options = options with { ProducerId = producer, ProducerEpoch = epoch, BaseSequence = sequence };
            options = options with { IsTransactional = producer > 2000 };
            _ = producer > 2000 && _open.Add(producer);
        }

        return CompactedLog.Batch(options, NowMs, [.. Enumerable.Range(0, count).Select(_ => Record())]);
    }

    private string Record() => _random.Next(5) == 0
        ? $"key{_random.Next(40)}"
        : $"key{_random.Next(40)}={new string((char)('a' + _random.Next(26)), _random.Next(60))}";

    private byte[] End(long producer)
    {
        _open.Remove(producer);
        var epoch = (short)(_producers[producer].Epoch + (producer == 2003 ? 1 : 0)); // version 2 of transactions raises it
        _producers[producer] = (epoch, producer == 2003 ? 0 : _producers[producer].Sequence);
        return LogFixture.Marker(producer, epoch, isAbort: _random.Next(2) == 0, timestampMs: NowMs);
    }

    private static long NowMs => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
