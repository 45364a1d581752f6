using System.Globalization;
using Barnabas.Conformance.Support;
using Barnabas.Histories.Checks;
using Barnabas.Histories.Model;
using Barnabas.Shared;
using Xunit.Abstractions;

namespace Barnabas.Conformance.Histories;

/// <summary>
/// Kafka's clients write down what they do and are told while the broker is killed every few seconds: BARNABAS_HISTORIES histories (6) of
/// BARNABAS_HISTORY_SECONDS (60), BARNABAS_HISTORIES_AT_ONCE (3) at a time. Nothing in them is what the semantics do not allow.
/// </summary>
public sealed class HistoryTests(HistoryClients clients, ITestOutputHelper output) : IClassFixture<HistoryClients>
{
    private const int Kinds = 6;

    /// <summary>
    /// What Apache Kafka 4.3.1 does when it is killed: a transaction whose time is up when its coordinator is there again is called aborted
    /// though its partitions got no marker, and holds readers of committed records back for ever.
    /// </summary>
    private static readonly string[] Known = Target.Kind == BrokerKind.Kafka ? ["HangingTransactions"] : [];

    private static readonly int Count = Option("BARNABAS_HISTORIES", 6);
    private static readonly int Seconds = Option("BARNABAS_HISTORY_SECONDS", 60);
    private static readonly int AtOnce = Option("BARNABAS_HISTORIES_AT_ONCE", 3);

    private readonly List<(int Kills, Coverage Of)> totals = [];

    [BrokerFact(Need.Peer, Apis = [Api.EndTxn, Api.TxnOffsetCommit, Api.ConsumerGroupHeartbeat])]
    [Trait("Category", "Slow")]
    public void Nothing_happens_that_the_semantics_do_not_allow()
    {
        var failures = new System.Collections.Concurrent.ConcurrentBag<string>();
        Parallel.For(0, Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, number =>
        {
            try
            {
                KeptFolder.Run("history", (folder, seed) =>
                    WriteAndJudge(folder, (seed % uint.MaxValue * Kinds) + (ulong)(number % Kinds), number));
            }
            catch (Exception error)
            {
                failures.Add($"history {number}: {error.Message}");
            }
        });
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures));
        AssertEnough();
    }

    private static int Option(string name, int otherwise) =>
        int.Parse(Environment.GetEnvironmentVariable(name) ?? $"{otherwise}", CultureInfo.InvariantCulture);

    private void WriteAndJudge(string folder, ulong seed, int number)
    {
        var (file, kills) = HistoryRun.Write(clients, folder, seed, Seconds, Target.Kind);
        var history = HistoryReader.Read(File.ReadLines(file));
        var coverage = new Coverage(history);
        lock (output)
        {
            output.WriteLine($"history {number}: {kills} kills; {coverage}");
        }

        var anomalies = Checker.Find(history).Where(anomaly => !Known.Contains(anomaly.Kind)).ToList();
        Assert.True(anomalies.Count == 0, $"{anomalies.Count} anomalies\n{string.Join('\n', anomalies.Take(40))}\n{coverage}");
        lock (totals)
        {
            totals.Add((kills, coverage));
        }
    }

    /// <summary>What proves nothing does not pass; a machine that is busy with other things reaches far more.</summary>
    private void AssertEnough()
    {
        double seconds = Seconds * Count;
        void AtLeast(double perSecond, string what, Func<(int Kills, Coverage Of), int> count) =>
            Assert.True(totals.Sum(count) >= perSecond * seconds, $"too little happened in {seconds} s: {totals.Sum(count)} {what}");

        AtLeast(0.01, "kills", total => total.Kills);
        AtLeast(1, "records acknowledged", total => total.Of.Acknowledged);
        AtLeast(0.1, "commits", total => total.Of.Commits);
        AtLeast(0.02, "aborts", total => total.Of.Aborts);
        AtLeast(0.05, "copies", total => total.Of.Copies);
        AtLeast(2, "records read", total => total.Of.Read);
        AtLeast(0.03, "commits of offsets", total => total.Of.OffsetCommits);
        AtLeast(0.03, "holdings", total => total.Of.Holdings);
    }
}
