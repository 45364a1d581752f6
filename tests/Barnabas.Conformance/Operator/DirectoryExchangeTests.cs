using System.Text;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Operator;

/// <summary>Kafka opens the directory that Barnabas wrote, and Barnabas the one that Kafka wrote.</summary>
public sealed class DirectoryExchangeTests
{
    [BrokerTheory(Need.Program, Need.Peer, Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.JoinGroup])]
    [InlineData("Barnabas", "Kafka")]
    [InlineData("Kafka", "Barnabas")]
    [Trait("Category", "Slow")]
    public void Records_topics_configs_and_offsets_move_to_the_other_program(string first, string second)
    {
        using var writer = BrokerProcess.Start(Enum.Parse<BrokerKind>(first), new Dictionary<string, string> { ["num.partitions"] = "2" });
        using var tools = new KafkaTools();
        tools.Run("topics", "--bootstrap-server", writer.Bootstrap, "--create", "--topic", "moved", "--partitions", "1",
            "--config", "retention.ms=123456789");
        foreach (var codec in Kcat.Codecs)
        {
            Kcat.Produce(writer, "moved", Lines(codec), "-z", codec, "-X", "enable.idempotence=true").Succeeded();
        }

        string[] group = ["-X", "auto.offset.reset=earliest", "-e", "-q", "moved"];
        Command.Run("kcat", ["-b", writer.Bootstrap, "-G", "movers", .. group]).Succeeded();
        writer.Terminate();

        using var reader = BrokerProcess.Start(Enum.Parse<BrokerKind>(second), null, writer.DataFolder, writer.ControllerPort);
        var expected = Kcat.Codecs.SelectMany(Lines).ToArray();
        Assert.Equal(expected, Kcat.Consume(reader, "moved").Succeeded().Output);
        Kcat.Produce(reader, "moved", "one more\n"u8.ToArray()).Succeeded();
        Assert.Equal("one more\n", Command.Run("kcat", ["-b", reader.Bootstrap, "-G", "movers", .. group]).Succeeded().Text);
        var configs = tools.Run("configs", "--bootstrap-server", reader.Bootstrap, "--describe", "--entity-type", "topics",
            "--entity-name", "moved");
        Assert.Contains("retention.ms=123456789", configs);
        reader.Terminate();
    }

    private static byte[] Lines(string codec) =>
        Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(number => $"{codec} {number}\n")));
}
