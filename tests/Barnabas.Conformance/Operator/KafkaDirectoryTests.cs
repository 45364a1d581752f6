using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Operator;

/// <summary>
/// A directory of every kind that Kafka wrote, stopped or killed, is served by Barnabas exactly as by Kafka: compacted, compressed with
/// each codec, transactional with aborts and an open transaction, groups of both protocols, feature levels above ours.
/// BARNABAS_MAKE_CORPUS=NAME adds the directories to tests/Corpus.
/// </summary>
[Trait("Category", "Slow")]
public sealed class KafkaDirectoryTests
{
    private const int Steps = 150;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [BrokerTheory(Need.Program, Need.Peer, Apis = [Api.Fetch, Api.ListOffsets, Api.DescribeProducers])]
    [InlineData(false)]
    [InlineData(true)]
    public void What_Kafka_wrote_is_served_as_Kafka_serves_it(bool isKilled)
    {
        using var folder = new TemporaryFolder();
        using var directory = new ExchangedDirectory(folder.At("data"), Ports.Take());
        var compacting = new Dictionary<string, string>(HistorySettings.OfBroker)
        {
            ["log.cleaner.enable"] = "true",
            ["log.cleaner.backoff.ms"] = "200",
            ["log.cleaner.min.cleanable.ratio"] = "0.01",
            ["log.cleaner.dedupe.buffer.size"] = "4194304",
        };
        directory.Start(BrokerKind.Kafka, compacting);
        var start = DateTimeOffset.UtcNow.AddMinutes(-50).ToUnixTimeMilliseconds();
        var history = new BrokerHistory(new HistoryOptions(7, start, HasTransactions: true));
        history.Run(Steps, directory.Port);
        using (var more = new KafkaOnlyHistory(directory.Port))
        {
            more.Run();
        }

        history.AwaitLogStarts(directory.Path);
        var picture = Settled(directory);
        AssertIsOfEveryKind(picture);
        var nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        directory.Stop(isKilled);
        if (Environment.GetEnvironmentVariable("BARNABAS_MAKE_CORPUS") is { } name)
        {
            Corpus.Pack($"{name}-{(isKilled ? "killed" : "clean")}", directory.Path, nowMs, picture);
        }

        directory.Start(BrokerKind.Barnabas, HistorySettings.OfBroker);
        var difference = PictureDifference.AfterRestart(picture, directory.Picture());
        Assert.True(difference.Length == 0, $"{difference}\n{directory.Complaints}");
        Assert.True(history.Retry(directory.Port) > 3, "too few producers to retry");
    }

    /// <summary>The cleaner and retention run in the background: what is served must have come to rest.</summary>
    private static List<string> Settled(ExchangedDirectory directory)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var before = directory.Picture();
        while (true)
        {
            Thread.Sleep(1000); // five turns of the cleaner
            var after = directory.Picture();
            if (after.SequenceEqual(before))
            {
                return after;
            }

            Assert.True(watch.Elapsed < Patience, "the directory does not come to rest");
            before = after;
        }
    }

    private static void AssertIsOfEveryKind(List<string> picture)
    {
        Assert.Contains(picture, line => line.StartsWith("aborted ", StringComparison.Ordinal) && line.Contains('@'));
        var producers = picture.Where(line => line.StartsWith("producer ", StringComparison.Ordinal));
        Assert.Contains(producers, line => !line.EndsWith("open=-1", StringComparison.Ordinal));
        Assert.Contains(picture, line => line.StartsWith("offset newer-group ", StringComparison.Ordinal));
        for (var codec = 0; codec <= 4; codec++)
        {
            Assert.Contains(picture, line => line.StartsWith("batch ", StringComparison.Ordinal) && line.Contains($" attributes={codec} "));
        }

        // Compacted: batches keep their offsets and lose records.
        var offsets = picture.Where(line => line.StartsWith("batch compacted", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2].Split('-')).Sum(ends => long.Parse(ends[1]) - long.Parse(ends[0]) + 1);
        var records = picture.Count(line => line.StartsWith("record compacted", StringComparison.Ordinal));
        Assert.True(records < offsets, $"{records} records at {offsets} offsets: nothing was compacted");
    }
}
