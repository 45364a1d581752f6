using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Transactions;

/// <summary>
/// Offsets that were committed in transactions before Kafka was killed, some of them still open: Barnabas shows of them what Kafka shows,
/// and the markers that come later have the same effect, also after a restart.
/// </summary>
[Trait("Category", "Slow")]
public sealed class OffsetTests
{
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["transaction.partition.verification.enable"] = "false",
        ["offsets.topic.num.partitions"] = "1",
    };

    [BrokerFact(Need.Program, Need.Tools, Need.Peer, Apis = [Api.OffsetFetch, Api.WriteTxnMarkers])]
    public void Offsets_of_transactions_are_seen_when_they_are_committed()
    {
        using var writer = BrokerProcess.Start(BrokerKind.Kafka, Settings);
        var written = Run(writer, "write");
        writer.Kill();
        using var copy = new TemporaryFolder();
        Command.Run("cp", ["-r", writer.DataFolder, copy.At("data")]).Succeeded();

        using var ours = BrokerProcess.Start(BrokerKind.Barnabas, Settings, copy.At("data"), writer.ControllerPort);
        var read = Run(ours, "read");
        ours.Kill();
        ours.Start();
        var again = Run(ours, "read");
        ours.Terminate();

        writer.Start();
        Assert.Equal(Run(writer, "read"), read);
        Assert.Equal(written.Replace("written", "begun"), read.Split('\n')[0] + '\n');
        Assert.Equal(read.Split('\n')[^2].Replace("all ended", "begun"), again.Split('\n')[0]);
    }

    private static string Run(BrokerProcess broker, string what)
    {
        var script = Checkout.At("tests/Barnabas.Conformance/clients/python/txn_offsets.py");
        string[] arguments = [script, Path.Combine(Checkout.Shared, "tools", "wirelab"), broker.Bootstrap, what];
        return Command.Run("/usr/bin/python3", arguments).Succeeded().Text;
    }
}
