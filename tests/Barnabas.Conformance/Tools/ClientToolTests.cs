using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Tools;

[Collection(ToolsCollection.Name)]
public sealed class ClientToolTests(BrokerFixture fixture)
{
    private const int Records = 20_000;

    private BrokerProcess Broker => fixture.Broker;

    [BrokerFact(Need.Peer, Apis = [Api.CreateTopics, Api.Produce, Api.Fetch, Api.ListOffsets])]
    public void The_console_tools_round_trip_a_partition()
    {
        var topic = fixture.NewName("console");
        fixture.Tool("topics", "--create", "--topic", topic, "--partitions", "2");
        fixture.ToolWithInput("k1:one\nk2:two\nk3:three\n", "console-producer", "--topic", topic,
            "--reader-property", "parse.key=true", "--reader-property", "key.separator=:", "--compression-codec", "zstd");
        var all = string.Concat(Enumerable.Range(0, 2).Select(partition => fixture.Tool("console-consumer", "--topic", topic,
            "--partition", $"{partition}", "--offset", "earliest", "--timeout-ms", "1500", "--formatter-property", "print.key=true")));
        Assert.Equal(["k1\tone", "k2\ttwo", "k3\tthree"], all.Trim().Split('\n').Order());
    }

    [BrokerFact(Need.Peer, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup])]
    public void The_console_consumer_goes_on_where_its_group_stopped()
    {
        var topic = fixture.NewName("console");
        string[] consume = ["--topic", topic, "--group", fixture.NewName("console-group"), "--from-beginning", "--max-messages"];
        fixture.Tool("topics", "--create", "--topic", topic);
        fixture.ToolWithInput("one\ntwo\nthree\n", "console-producer", "--topic", topic);
        Assert.Equal("one\ntwo\n", fixture.Tool("console-consumer", [.. consume, "2", "--command-property", "max.poll.records=1"]));
        Assert.Equal("three\n", fixture.Tool("console-consumer", [.. consume, "1"]));
        Assert.Equal("one\ntwo\nthree\n", fixture.Tool("console-consumer", "--topic", topic, "--from-beginning", "--max-messages", "3"));
    }

    [BrokerFact(Need.Peer, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup, Api.InitProducerId])]
    public void The_verifiable_tools_acknowledge_and_count_every_record()
    {
        var topic = fixture.NewName("verifiable");
        fixture.Tool("topics", "--create", "--topic", topic, "--partitions", "3");
        var produced = Launch("verifiable-producer", "--topic", topic, "--max-messages", $"{Records}");
        Assert.Contains($"\"sent\":{Records},\"acked\":{Records}", produced);
        var consumed = Launch("verifiable-consumer", "--topic", topic, "--group-id", fixture.NewName("verifiable-group"),
            "--max-messages", $"{Records}", "--reset-policy", "earliest");
        Assert.Contains("\"name\":\"shutdown_complete\"", consumed);
        Assert.Contains("\"success\":true", consumed);
    }

    [BrokerFact(Need.Peer, Apis = [Api.Fetch, Api.ListOffsets, Api.JoinGroup])]
    public void The_performance_tools_move_every_record()
    {
        var topic = fixture.NewName("perf");
        fixture.Tool("topics", "--create", "--topic", topic, "--partitions", "2");
        var produced = LastLine(fixture.Tool("producer-perf-test", "--topic", topic, "--num-records", $"{Records}", "--record-size", "200",
            "--throughput", "-1", "--command-property", "acks=all"));
        Assert.StartsWith($"{Records} records sent", produced);
        var consumed = LastLine(fixture.Tool("consumer-perf-test", "--topic", topic, "--num-records", $"{Records}")).Split(", ");
        Assert.Equal($"{Records}", consumed[4]);
        var latency = fixture.Tool("e2e-latency", "--topic", fixture.NewName("latency"), "--num-records", "200", "--producer-acks", "all",
            "--record-size", "100");
        Assert.Contains("Avg latency:", latency);
    }

    /// <summary>Runs a tool in a virtual machine of its own, for what it does when it ends.</summary>
    private string Launch(string tool, params string[] arguments) =>
        Command.Run(KafkaTools.Launcher, [tool, "--bootstrap-server", Broker.Bootstrap, .. arguments]).Succeeded().Text;

    private static string LastLine(string text) => text.TrimEnd().Split('\n')[^1];
}
