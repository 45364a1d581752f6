using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Transactions;

/// <summary>
/// Barnabas and Apache Kafka are given the same seeded history of produce (plain, idempotent, in transactions that end either way or stay
/// open), markers, retries, wrong requests and deletes, in three phases with a clean stop and a kill between them. After each, every offset
/// is fetched at both isolation levels, and offsets and producers are listed: all of it is the same.
/// </summary>
[Trait("Category", "Slow")]
public sealed class HistoryTests
{
    private const int Phases = 3;
    private const int LinesMin = 3000;

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["transaction.partition.verification.enable"] = "false",

        // Nothing that comes by the clock: neither deletes of old segments, nor a log start that survives the kill or does not.
        ["log.initial.task.delay.ms"] = "3600000",
        ["log.flush.offset.checkpoint.interval.ms"] = "3600000",
        ["log.flush.start.offset.checkpoint.interval.ms"] = "3600000",
    };

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("BARNABAS_SEED"), out var seed) ? seed : 2;

    [BrokerFact(Need.Tools, Need.Peer, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.DeleteRecords, Api.WriteTxnMarkers])]
    public void Both_brokers_answer_and_serve_the_same_at_every_offset()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var kafka = Task.Run(() => Play(BrokerKind.Kafka, now));
        var ours = Play(Target.Kind, now);
        Assert.True(ours.Count >= LinesMin, $"BARNABAS_SEED={Seed}: only {ours.Count} lines");
        Assert.Equal(kafka.Result.Count, ours.Count);
        var different = Enumerable.Range(0, ours.Count).Where(i => kafka.Result[i] != ours[i]).ToList();
        Assert.True(different.Count == 0, $"BARNABAS_SEED={Seed}: {different.Count} of {ours.Count} lines differ\n" + string.Join('\n',
            different.Take(5).Select(i => $"{i}\n  Kafka    {Short(kafka.Result[i])}\n  Barnabas {Short(ours[i])}")));
    }

    private static List<string> Play(BrokerKind kind, long nowMs)
    {
        using var broker = BrokerProcess.Start(kind, Settings);
        var script = Checkout.At("tests/Barnabas.Conformance/clients/python/txn_history.py");
        var lines = new List<string>();
        for (var phase = 0; phase < Phases; phase++)
        {
            var wirelab = Path.Combine(Checkout.Shared, "tools", "wirelab");
            string[] arguments = [script, wirelab, broker.Bootstrap, $"{Seed}", $"{phase}", $"{nowMs}"];
            var output = Command.Run("/usr/bin/python3", arguments, limitS: 300).Succeeded().Text;
            lines.AddRange(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            if (phase == Phases - 1)
            {
                break;
            }

            if (phase == 0)
            {
                broker.Terminate();
            }
            else
            {
                broker.Kill();
            }

            broker.Start();
        }

        return lines;
    }

    private static string Short(string line) => line.Length <= 600 ? line : line[..600];
}
