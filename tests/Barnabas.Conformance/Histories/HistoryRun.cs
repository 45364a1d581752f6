using System.Diagnostics;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Histories;

/// <summary>One history: a broker, clients that write down what they do, and SIGKILL every few seconds. Stateless.</summary>
internal static class HistoryRun
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(300);

    /// <summary>Writes a history into <paramref name="folder"/>, and gives its file and how often the broker was killed.</summary>
    public static (string File, int Kills) Write(HistoryClients clients, string folder, ulong seed, int seconds, BrokerKind kind)
    {
        var file = Path.Combine(folder, "history.jsonl");
        var random = new Randomness(seed);
        using var broker = BrokerProcess.Start(kind, Settings(seed, kind), Path.Combine(folder, "data"));
        using var writing = clients.Start(broker, file, seed);
        Assert.True(SpinWait.SpinUntil(() => writing.HasExited || writing.Output.Contains("ready"), ReadyLimit), "no client is at work");
        var kills = 0;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromSeconds(seconds) && !writing.HasExited;)
        {
            // The time between two kills is what is tried, not something that is waited for. Kafka takes longer to be there again.
            Thread.Sleep((kind == BrokerKind.Kafka ? 7_000 : 2_000) + random.Next(4_000));
            if (random.Chance(0.15))
            {
                broker.Process.Signal(Child.SigTerm);
                Thread.Sleep(random.Next(100));
            }

            broker.Kill();
            kills++;
            while (random.Chance(0.2))
            {
                broker.StartAndKill(TimeSpan.FromMilliseconds(random.Next(600)));
                kills++;
            }

            broker.Start();
        }

        writing.WriteLine("stop");
        var code = writing.WaitForExit(EndLimit);
        File.WriteAllText(Path.Combine(folder, "clients.txt"), $"{writing.Output}\n{writing.Errors}");
        Assert.True(code == 0, $"the clients ended with {code}\n{writing.Errors}");
        return (file, kills);
    }

    /// <summary>Short times, so that much happens; every second history begins a new segment every three seconds.</summary>
    private static Dictionary<string, string> Settings(ulong seed, BrokerKind kind)
    {
        var settings = new Dictionary<string, string>
        {
            ["auto.create.topics.enable"] = "false",
            ["group.consumer.heartbeat.interval.ms"] = "500",
            ["group.consumer.min.heartbeat.interval.ms"] = "500",
            ["group.consumer.session.timeout.ms"] = "3000",
            ["group.consumer.min.session.timeout.ms"] = "3000",
            ["group.min.session.timeout.ms"] = "3000",
            ["transaction.abort.timed.out.transaction.cleanup.interval.ms"] = "1000",
        };
        if (kind == BrokerKind.Kafka)
        {
            // A Kafka that was killed waits with its start until its controller believes that it is gone.
            settings["broker.session.timeout.ms"] = "2000";
            settings["broker.heartbeat.interval.ms"] = "500";
        }

        if (seed % 2 == 1)
        {
            settings["log.roll.ms"] = "3000";
        }

        if (seed % 6 == 4 && kind == BrokerKind.Barnabas)
        {
            settings["barnabas.wire"] = "sockets";
        }

        return settings;
    }
}
