using System.Globalization;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Faults;

/// <summary>
/// Kafka's transactional copier while the broker is killed with SIGKILL every two seconds, for BARNABAS_COPY_SECONDS (60 by default): the
/// committed copy is what the source begins with, each record once and in order.
/// </summary>
[Trait("Category", "Slow")]
public sealed class CopierKillTests
{
    private const int RecordsPerSecond = 50_000; // more than a copier gets done
    private static readonly int Seconds =
        int.Parse(Environment.GetEnvironmentVariable("BARNABAS_COPY_SECONDS") ?? "60", CultureInfo.InvariantCulture);

    [BrokerFact(Need.Peer, Need.Kcat, Apis = [Api.EndTxn, Api.TxnOffsetCommit])]
    public void The_copy_is_the_source_once()
    {
        using var broker = BrokerProcess.Start();
        var source = string.Concat(Enumerable.Range(0, Seconds * RecordsPerSecond).Select(i => $"{i}\n"));
        Kcat.Produce(broker, "source", System.Text.Encoding.ASCII.GetBytes(source)).Succeeded();
        using var copier = Child.Start(KafkaTools.Launcher, ["transactional-message-copier", "--transactional-id", "copier",
            "--broker-list", broker.Bootstrap, "--input-topic", "source", "--input-partition", "0", "--output-topic", "target",
            "--consumer-group", "copiers", "--transaction-size", "50", "--enable-random-aborts"]);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var kills = 0;
        while (watch.Elapsed < TimeSpan.FromSeconds(Seconds))
        {
            Assert.False(copier.HasExited, copier.Output + copier.Errors);
            Thread.Sleep(2000);
            broker.Kill();
            broker.Start();
            kills++;
        }

        // The transaction that it is in at its end stays open, and readers of committed records stop before it.
        copier.Signal(Child.SigKill);
        copier.WaitForExit(TimeSpan.FromSeconds(30));
        Assert.True(kills > Seconds / 6, $"only {kills} kills");
        var copy = Kcat.Consume(broker, "target", "-X", "isolation.level=read_committed").Succeeded().Text;
        Assert.True(copy.Length > 0 && copy[^1] == '\n', "nothing was copied");
        Assert.Equal(source[..copy.Length], copy);
        Assert.True(copy.Length < source.Length, "the copier was done before the time was over");
    }
}
