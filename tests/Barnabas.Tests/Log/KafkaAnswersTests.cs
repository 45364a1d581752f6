using System.Globalization;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Log.Lookups;
using Barnabas.Protocol.Records;
using Barnabas.Shared;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Log;

/// <summary>Over a log that this project wrote, Apache Kafka answers look-ups by time and committed reads as the log itself does.</summary>
[Trait("Category", "Slow")]
public sealed class KafkaAnswersTests : IDisposable
{
    private static readonly TopicPartition Partition = new("q", 0);
    private readonly TempFolder _folder = new();
    private readonly FileDisk _disk = new();
    private readonly Kafka _kafka;
    private readonly List<string> _committed = [];
    private long _baseMs;

    public KafkaAnswersTests() => _kafka = new Kafka(_folder.Path);

    public void Dispose()
    {
        _kafka.Dispose();
        _folder.Dispose();
    }

    [PeerFact(Need.Peer)]
    public void Kafka_gives_the_offsets_and_the_committed_records_that_the_log_gives()
    {
        _kafka.Start();
        Kafka.Tool(0, null, "topics", "--bootstrap-server", _kafka.Address, "--create", "--topic", "q", "--partitions", "1");
        _kafka.Stop(kill: false);
        _baseMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 3_600_000;
        var answers = WriteAndAsk();
        _kafka.Start();
        foreach (var (time, offset) in answers)
        {
            var output = Kafka.Tool(0, null, "get-offsets", "--bootstrap-server", _kafka.Address, "--topic", "q",
                "--time", time.ToString(CultureInfo.InvariantCulture));
            // The tool prints nothing where there is no such record.
            Assert.Equal((time, $"q:0:{offset}"), (time, output.Split('\n').FirstOrDefault(l => l.StartsWith("q:0:")) ?? "q:0:"));
        }

        var consumed = Kafka.Tool(0, null, "console-consumer", "--bootstrap-server", _kafka.Address, "--topic", "q", "--from-beginning",
            "--isolation-level", "read_committed", "--max-messages", _committed.Count.ToString(), "--timeout-ms", "60000");
        Assert.Equal(_committed, consumed.Split('\n').Where(l => l.StartsWith("v-")));
    }

    private List<(long Time, string Offset)> WriteAndAsk()
    {
        using var directory = LogDirectory.Open(_disk, _folder.At("logs"), new Uuid(1, 1));
        directory.Begin();
        var config = LogConfig.Default with { SegmentBytes = 3000, IndexIntervalBytes = 100 };
        var logs = directory.Partitions.Select(p => directory.OpenLog(p, config, _baseMs).Log).ToList();
        var log = logs.Single(l => l.Partition == Partition);
        Fill(log);
        var view = log.View;
        long[] times = [0, 7001, 17_002, 26_000, 29_900, 40_000];
        var answers = times.Select(t => _baseMs + t).Select(t => (t, LogLookup.ByTimestamp(view, t)?.Offset.ToString() ?? "")).ToList();
        answers.Add((-1, view.HighWatermark.ToString()));
        answers.Add((-2, view.LogStartOffset.ToString()));
        answers.Add((-3, LogLookup.MaxTimestamp(view)!.Value.Offset.ToString()));
        answers.Add((-4, view.LogStartOffset.ToString()));
        logs.ForEach(l => l.Close());
        directory.WriteRecoveryPoints([.. logs.Select(l => new PartitionOffset(l.Partition, l.RecoveryPoint))]);
        directory.WriteHighWatermarks([new PartitionOffset(Partition, view.LogEndOffset)]);
        directory.CloseClean(1);
        return answers;
    }

    /// <summary>Records with times that go back and forth, in several codecs, some in transactions that end either way.</summary>
    private void Fill(PartitionLog log)
    {
        for (var i = 0; i < 60; i++)
        {
            var isTransaction = i % 4 == 1;
            var isAbort = isTransaction && i % 8 == 1;
            var options = new BatchOptions
            {
                Compression = (CompressionType)(i % 2),
                ProducerId = isTransaction ? 9000 : -1,
                ProducerEpoch = (short)(isTransaction ? 0 : -1),
                BaseSequence = isTransaction ? i / 4 * 3 : -1,
                IsTransactional = isTransaction,
            };
            var lines = Enumerable.Range(0, 3).Select(n => $"v-{i}-{n}").ToList();
            Append(log, Batch(lines, options, _baseMs + (i * 7919 % 30_000)), AppendOrigin.Client);
            if (isTransaction)
            {
                Append(log, LogFixture.Marker(9000, 0, isAbort), AppendOrigin.Coordinator);
            }

            _committed.AddRange(isAbort ? [] : lines);
        }
    }

    private static byte[] Batch(List<string> values, BatchOptions options, long timestampMs)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(options);
        for (var i = 0; i < values.Count; i++)
        {
            builder.Append(timestampMs + (i == 1 ? 5 : 0), OptionalBytes.Null, Encoding.UTF8.GetBytes(values[i]));
        }

        builder.End();
        return output.Written.ToArray();
    }

    private void Append(PartitionLog log, byte[] batch, AppendOrigin origin)
    {
        var lease = LogFixture.Lease(batch);
        Assert.Equal(ErrorCode.None, log.AppendAsLeader(lease.Piece(0, batch.Length), 0, _baseMs, origin).ErrorCode);
        log.WriteStaged();
        log.Publish(log.LogEndOffset);
        lease.Release();
    }
}
