using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Barnabas.Conformance.Groups;
using Barnabas.Conformance.Support;
using Barnabas.Conformance.Transactions;
using Barnabas.Shared;

namespace Barnabas.Conformance.WireDiff;

/// <summary>A new broker in the state that the files under wire/ speak about. Owned by the test.</summary>
internal sealed class WireBroker : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly Regex Repeated = new(@"<<(.*?)\*(\d+)>>");

    private readonly TemporaryFolder folder = new();
    private readonly Member live;

    public WireBroker(BrokerKind kind)
    {
        Broker = BrokerProcess.Start(kind, new Dictionary<string, string> { ["group.min.session.timeout.ms"] = "1000" });
        Answers("setup.jsonl");
        Until(() => Kcat.List(Broker).Text.Contains("topic \"wire-configs\" with 1 partitions"), "the topics of wire/setup.jsonl");
        using (var connection = new MessageConnection(Broker.Port))
        {
            new TransactionProducer(connection).Begin("wire-tx");
        }

        live = new Member(Broker.Bootstrap, "wire-two", "wire-live", "range", "live");
        Until(() => live.Owned?.Length == 2, "the member of wire-live");
    }

    public BrokerProcess Broker { get; }

    /// <summary>Sends the requests of a file under wire/ and gives what clients/python/wire_answers.py says of each.</summary>
    public List<JsonElement> Answers(string file)
    {
        var script = Checkout.At("tests/Barnabas.Conformance/clients/python/wire_answers.py");
        var arguments = new[] { script, WireLab, Broker.Bootstrap, WireFile(file, folder) };
        var lines = Command.Run("/usr/bin/python3", arguments, limitS: 300).Succeeded().Text;
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>The folder of wire-diff.</summary>
    public static string WireLab => Path.Combine(Checkout.Shared, "tools", "wirelab");

    /// <summary>The path of a file under wire/.</summary>
    public static string WireFile(string name) => Checkout.At($"tests/Barnabas.Conformance/wire/{name}");

    /// <summary>A copy of a file under wire/ in which each <c>&lt;&lt;TEXT*N&gt;&gt;</c> is written out as N times the text.</summary>
    public static string WireFile(string name, TemporaryFolder folder)
    {
        var path = folder.At(name);
        File.WriteAllText(path, Repeated.Replace(File.ReadAllText(WireFile(name)),
            found => string.Concat(Enumerable.Repeat(found.Groups[1].Value, int.Parse(found.Groups[2].Value)))));
        return path;
    }

    public void Dispose()
    {
        live.Dispose();
        Broker.Dispose();
        folder.Dispose();
    }

    private static void Until(Func<bool> seen, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!seen())
        {
            Assert.True(watch.Elapsed < Limit, $"{what} did not come up");
            Thread.Sleep(50);
        }
    }
}
