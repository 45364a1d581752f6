using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Protocol.Records;
using Barnabas.Shared;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Log;

/// <summary>One data directory goes back and forth between Apache Kafka and the log of this project, stopped and killed.</summary>
[Trait("Category", "Slow")]
public sealed class KafkaRoundTripTests : IDisposable
{
    private static readonly TopicPartition Partition = new("r", 0);
    private readonly TempFolder _folder = new();
    private readonly FileDisk _disk = new();
    private readonly Kafka _kafka;
    private readonly List<string> _expected = [];

    public KafkaRoundTripTests() => _kafka = new Kafka(_folder.Path);

    public void Dispose()
    {
        _kafka.Dispose();
        _folder.Dispose();
    }

    [PeerFact(Need.Peer)]
    public void Every_record_is_there_after_each_change_of_hands()
    {
        _kafka.Start();
        Kafka.Tool(0, null, "topics", "--bootstrap-server", _kafka.Address, "--create", "--topic", "r", "--partitions", "1",
            "--config", "segment.bytes=1048576", "--config", "index.interval.bytes=100");
        Produce("gzip");
        Produce("zstd");
        _kafka.Stop(kill: false);
        Append(expectClean: true, closeClean: true);

        _kafka.Start();
        AssertConsumed();
        Produce("lz4");
        _kafka.Stop(kill: true);
        Append(expectClean: false, closeClean: false);

        _kafka.Start();
        AssertConsumed();
        Produce("snappy");
        _kafka.Stop(kill: false);
        Append(expectClean: true, closeClean: true);
    }

    private void Produce(string codec)
    {
        var lines = Enumerable.Range(0, 50).Select(i => $"{codec}-{_expected.Count + i}").ToList();
        Kafka.Tool(0, string.Join('\n', lines) + "\n", "console-producer", "--bootstrap-server", _kafka.Address, "--topic", "r",
            "--compression-codec", codec, "--batch-size", "200");
        _expected.AddRange(lines);
    }

    private void AssertConsumed()
    {
        var output = Kafka.Tool(0, null, "console-consumer", "--bootstrap-server", _kafka.Address, "--topic", "r", "--from-beginning",
            "--max-messages", _expected.Count.ToString(), "--timeout-ms", "60000");
        Assert.Equal(_expected, output.Split('\n').Where(l => l.Contains('-') && !l.Contains(' ')));
    }

    /// <summary>Opens the directory that Kafka left, checks what is in it, appends, and closes it or drops it like a crash.</summary>
    private void Append(bool expectClean, bool closeClean)
    {
        using var directory = LogDirectory.Open(_disk, _folder.At("logs"), new Uuid(1, 1));
        directory.Begin();
        Assert.Equal(expectClean, directory.WasClean);
        var found = directory.Partitions.Single(p => p.Partition == Partition);
        Assert.NotNull(found.TopicId);
        var config = LogConfig.Default with { IndexIntervalBytes = 100 };
        var logs = directory.Partitions.Select(p => directory.OpenLog(p, config, NowMs)).ToList();
        Assert.All(logs, l => Assert.Empty(l.Report.Damages));
        Assert.All(logs, l => Assert.Equal(0, l.Report.BytesCut));
        Assert.Equal(expectClean ? 0 : 1, logs.Single(l => l.Log.Partition == Partition).Report.SegmentsScanned);
        var log = logs.Single(l => l.Log.Partition == Partition).Log;
        Assert.Equal(_expected.Count, log.LogEndOffset);
        Assert.Equal(_expected.Count, LogFixture.ReadAll(log.View, 0).Sum(h => h.RecordCount));
        Assert.True(log.DescribeProducers().Count > 0);
        for (var i = 0; i < 20; i++)
        {
            var line = $"ours-{_expected.Count}";
            Append(log, LogFixture.BatchOf(line, (CompressionType)(i % 2), NowMs));
            _expected.Add(line);
        }

        if (!closeClean)
        {
            logs.ForEach(l => l.Log.Abandon());
            return;
        }

        logs.ForEach(l => l.Log.Close());
        directory.WriteRecoveryPoints([.. logs.Select(l => new PartitionOffset(l.Log.Partition, l.Log.RecoveryPoint))]);
        directory.WriteHighWatermarks([new PartitionOffset(Partition, log.LogEndOffset)]);
        directory.WriteLogStarts([]);
        directory.CloseClean(100);
    }

    private static long NowMs => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static void Append(PartitionLog log, byte[] batch)
    {
        var lease = LogFixture.Lease(batch);
        Assert.Equal(ErrorCode.None, log.AppendAsLeader(lease.Piece(0, batch.Length), log.LatestEpoch, NowMs).ErrorCode);
        log.WriteStaged();
        log.Publish(log.LogEndOffset);
        lease.Release();
    }
}
