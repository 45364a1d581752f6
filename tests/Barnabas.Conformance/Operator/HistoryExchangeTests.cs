using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Operator;

/// <summary>
/// Kafka and Barnabas are driven by the same seeded history, stop, change their data directories and go on, three times. After each change
/// the other program serves what the first one served, to the last look-up; both directories stay alike; and Kafka's dump-log finds nothing
/// wrong with what Barnabas wrote. BARNABAS_EXCHANGE_SEED=N takes another history.
/// </summary>
[Trait("Category", "Slow")]
[Collection(ToolsCollection.Name)]
public sealed class HistoryExchangeTests(BrokerFixture fixture)
{
    private const int Changes = 3, Steps = 90;
    private static readonly string[] Problems =
        ["isvalid: false", "Mismatches in", "Found", "non-consecutive", "Could not", "Exception", "Error", "is corrupted", "out of range"];

    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("BARNABAS_EXCHANGE_SEED") ?? "1");

    [BrokerTheory(Need.Program, Need.Peer, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.JoinGroup, Api.DescribeProducers])]
    [InlineData("stop, kill, stop")]
    [InlineData("kill, stop, kill")]
    public void Directories_go_back_and_forth(string ends)
    {
        var kills = ends.Split(", ").Select(end => end == "kill").ToArray();
        var beginMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var start = beginMs - (50 * 60_000);
        var history = new BrokerHistory(new HistoryOptions(Seed + (kills[0] ? 1000 : 0), start, HasTransactions: true));
        using var folder = new TemporaryFolder();
        using var one = new ExchangedDirectory(folder.At("one"), Ports.Take());
        using var other = new ExchangedDirectory(folder.At("other"), Ports.Take());
        Start(one, BrokerKind.Barnabas, other, BrokerKind.Kafka);
        for (var change = 0; change < Changes; change++)
        {
            history.Run(Steps, one.Port, other.Port);
            Settle(history, one, other);
            var (oneBefore, otherBefore) = (one.Picture(), other.Picture());
            var difference = PictureDifference.BetweenTwins(oneBefore, otherBefore, beginMs, BrokerHistory.IsOfOneDirectory);
            Assert.True(difference.Length == 0, $"{ends}, before change {change}, one has {one.Kind}:\n{difference}");
            Stop(kills[change], one, other);
            Start(one, other.Kind, other, one.Kind);
            Same(oneBefore, one, ends, change);
            Same(otherBefore, other, ends, change);
            Assert.True(history.Retry(one.Port, other.Port) > 5, "too few producers to retry");
        }

        Stop(isKilled: false, one, other);
        Assert.True(history.Counts.Count >= 8, string.Join(", ", history.Counts));
    }

    private static void Start(ExchangedDirectory one, BrokerKind oneKind, ExchangedDirectory other, BrokerKind otherKind)
    {
        // Kafka takes seconds to start, and the machine may have two cores.
        var second = Task.Run(() => other.Start(otherKind, HistorySettings.OfBroker));
        one.Start(oneKind, HistorySettings.OfBroker);
        second.GetAwaiter().GetResult();
    }

    /// <summary>What happens in the background has happened: retention, and checkpoints of what DeleteRecords did.</summary>
    private static void Settle(BrokerHistory history, ExchangedDirectory one, ExchangedDirectory other)
    {
        history.AwaitLogStarts(one.Path);
        history.AwaitLogStarts(other.Path);
        history.AwaitRetention(one.Port, other.Port);
    }

    private void Stop(bool isKilled, ExchangedDirectory one, ExchangedDirectory other)
    {
        one.Stop(isKilled);
        other.Stop(isKilled);
        foreach (var directory in new[] { one, other }.Where(directory => directory.Kind == BrokerKind.Barnabas))
        {
            // Files that Kafka wrote and killed brokers left open have their own ends; all that Barnabas closed must be flawless.
            foreach (var alike in directory.DumpedFiles())
            {
                string[] decoder = alike.Key.Length > 0 ? [alike.Key] : [];
                var text = fixture.Tools.Run("dump-log", ["--files", string.Join(',', alike), "--deep-iteration", .. decoder]);
                var wrong = text.Split('\n').Where(line => Problems.Any(line.Contains)).ToList();
                Assert.True(wrong.Count == 0, $"dump-log finds in {directory.Path}:\n{string.Join('\n', wrong.Take(20))}");
            }
        }
    }

    private static void Same(List<string> before, ExchangedDirectory directory, string ends, int change)
    {
        var difference = PictureDifference.AfterRestart(before, directory.Picture());
        Assert.True(difference.Length == 0, $"{ends}, after change {change}, now {directory.Kind}:\n{difference}\n{directory.Complaints}");
    }
}
