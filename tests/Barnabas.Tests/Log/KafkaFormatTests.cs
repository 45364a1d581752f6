using System.Diagnostics;
using System.Globalization;
using Barnabas.Log;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;
using Barnabas.Shared;

namespace Barnabas.Tests.Log;

/// <summary>Apache Kafka's own dump-log, and the decoder of ../shared/tools, read every file that a log writes.</summary>
[Trait("Category", "Slow")]
public sealed class KafkaFormatTests : IDisposable
{
    private static readonly string[] Complaints =
        ["mismatch", "corrupt", "isvalid: false", "exception", "error", "does not have", "no message", "out of order", " is followed by "];

    private readonly LogFixture _fixture = new()
    {
        Config = LogConfig.Default with { SegmentBytes = 15_000, IndexIntervalBytes = 500 },
    };

    public void Dispose() => _fixture.Dispose();

    [PeerTheory(Need.Peer), InlineData(false), InlineData(true)]
    public void Kafka_finds_nothing_wrong_in_any_file(bool recovered)
    {
        var records = Fill();
        if (recovered)
        {
            _fixture.ReopenAfterCrash();
            _fixture.Append(1);
            records++;
        }

        _fixture.Log.Close();
        var files = Directory.GetFiles(_fixture.Directory).Where(f => !f.EndsWith("-checkpoint")).Order().ToList();
        Assert.True(files.Count(f => f.EndsWith(".log", StringComparison.Ordinal)) > 3);
        Assert.Contains(files, f => f.EndsWith(".txnindex", StringComparison.Ordinal));
        var list = string.Join(',', files);
        var dump = Kafka.Tool(0, null, "dump-log", "--files", list, "--print-data-log", "--deep-iteration");
        AssertNoComplaint(dump);
        var offsets = dump.Split('\n').Where(l => l.StartsWith("| offset: ", StringComparison.Ordinal))
            .Select(l => long.Parse(l.Split(' ')[2], CultureInfo.InvariantCulture));
        Assert.Equal(Enumerable.Range(0, records).Select(i => (long)i), offsets);
        var indexes = string.Join(',', files.Where(f => f.EndsWith("index", StringComparison.Ordinal)));
        AssertNoComplaint(Kafka.Tool(0, null, "dump-log", "--files", indexes, "--index-sanity-check"));
        AssertNoComplaint(Kafka.Tool(0, null, "dump-log", "--files", indexes, "--verify-index-only"));
    }

    [PeerFact(Need.Tools)]
    public void The_directory_dump_decodes_every_file()
    {
        Fill();
        _fixture.Log.Close();
        var tool = Path.Combine(Checkout.Shared, "tools", "wirelab", "data-dir-dump");
        using var process = Process.Start(
            new ProcessStartInfo(tool, [Path.GetDirectoryName(_fixture.Directory)!]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.DoesNotContain("\"error\"", output);
        Assert.Contains("timeindex", output);
    }

    private static void AssertNoComplaint(string dump)
    {
        // dump-log calls the first offset of every later segment non-consecutive: "-1 is followed by 506".
        var complaint = dump.Split('\n').Where(l => !l.StartsWith('|') && !l.Trim().StartsWith("-1 is followed by "))
            .FirstOrDefault(l => Complaints.Any(c => l.Contains(c, StringComparison.OrdinalIgnoreCase)));
        Assert.True(complaint is null, complaint);
    }

    /// <summary>Several segments of every codec, with epochs, numbered producers, commits and aborts; returns their records.</summary>
    private int Fill()
    {
        for (var i = 0; i < 120; i++)
        {
            var codec = (CompressionType)(i % 5);
            var options = new BatchOptions
            {
                Compression = RecordCompression.IsAvailable(codec) ? codec : CompressionType.None,
                ProducerId = i % 3 == 0 ? -1 : 1000 + (i % 3),
                ProducerEpoch = (short)(i % 3 == 0 ? -1 : 0),
                BaseSequence = i % 3 == 0 ? -1 : i / 3 * 10,
            };
            _fixture.Append(10, options, valueBytes: 200, epoch: i / 40, timestampMs: 1_700_000_000_000 + (i * 977 % 5000));
            if (i % 30 == 10)
            {
                var transaction = new BatchOptions { ProducerId = 2000 + i, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true };
                _fixture.Append(2, transaction, epoch: i / 40);
                _fixture.Append(LogFixture.Marker(2000 + i, 0, isAbort: i % 60 == 10), i / 40);
            }
        }

        return (int)_fixture.Log.LogEndOffset;
    }
}
