using System.Globalization;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Faults;

/// <summary>
/// Kafka's transactional copier while the broker is killed with SIGKILL every two seconds, for BARNABAS_COPY_SECONDS (12 by default): the
/// committed copy is the source, each record once.
/// </summary>
[Trait("Category", "Slow")]
public sealed class CopierKillTests
{
    private const int Records = 40_000;
    private static readonly int Seconds =
        int.Parse(Environment.GetEnvironmentVariable("BARNABAS_COPY_SECONDS") ?? "12", CultureInfo.InvariantCulture);

    [BrokerFact(Need.Peer, Need.Kcat, Apis = [Api.EndTxn, Api.TxnOffsetCommit])]
    public void The_copy_is_the_source_once()
    {
        using var broker = BrokerProcess.Start();
        Kcat.Produce(broker, "source", Lines()).Succeeded();
        using var copier = Child.Start(KafkaTools.Launcher, ["transactional-message-copier", "--transactional-id", "copier",
            "--broker-list", broker.Bootstrap, "--input-topic", "source", "--input-partition", "0", "--output-topic", "target",
            "--consumer-group", "copiers", "--max-messages", $"{Records}", "--transaction-size", "50", "--enable-random-aborts"]);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var kills = 0;
        while (watch.Elapsed < TimeSpan.FromSeconds(Seconds) && !copier.HasExited)
        {
            Thread.Sleep(2000);
            broker.Kill();
            broker.Start();
            kills++;
        }

        Assert.Equal(0, copier.WaitForExit(TimeSpan.FromSeconds(180)));
        Assert.True(kills > 2, $"only {kills} kills");
        var read = Kcat.Consume(broker, "target", "-X", "isolation.level=read_committed").Succeeded();
        Assert.Equal(System.Text.Encoding.ASCII.GetString(Lines()), read.Text);
    }

    private static byte[] Lines() =>
        System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, Records).Select(i => $"{i}\n")));
}
