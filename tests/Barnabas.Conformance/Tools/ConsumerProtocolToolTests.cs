using System.Diagnostics;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Tools;

/// <summary>Kafka's own clients and tools with groups of the consumer protocol.</summary>
[Collection(ToolsCollection.Name)]
public sealed class ConsumerProtocolToolTests(BrokerFixture fixture)
{
    private const string Consumer = "group.protocol=consumer";

    [BrokerFact(Need.Peer, Apis = [Api.ConsumerGroupHeartbeat, Api.ConsumerGroupDescribe])]
    public void The_console_consumer_goes_on_where_its_group_stopped()
    {
        var topic = fixture.NewName("consumer-topic");
        var group = fixture.NewName("consumer-group");
        string[] consume = ["--topic", topic, "--group", group, "--from-beginning", "--command-property", Consumer, "--max-messages"];
        fixture.Tool("topics", "--create", "--topic", topic);
        fixture.ToolWithInput("one\ntwo\nthree\n", "console-producer", "--topic", topic);
        Assert.Equal("one\ntwo\n", fixture.Tool("console-consumer", [.. consume, "2", "--command-property", "max.poll.records=1"]));
        Assert.Equal("three\n", fixture.Tool("console-consumer", [.. consume, "1"]));

        Assert.Matches($@"{group}\s+Consumer\s+Empty", fixture.Tool("consumer-groups", "--list", "--state", "--type"));
        Assert.Contains(group, fixture.Tool("consumer-groups", "--list", "--type", "consumer"));
        Assert.DoesNotContain(group, fixture.Tool("consumer-groups", "--list", "--type", "classic"));
        Assert.Matches($@"{group}\s+{topic}\s+0\s+3\s+3\s+0\s", Describe(group));
        Assert.Contains("was successful", fixture.Tool("consumer-groups", "--delete", "--group", group));
    }

    [BrokerFact(Need.Peer, Apis = [Api.ConsumerGroupHeartbeat, Api.ConsumerGroupDescribe])]
    public void A_live_group_is_described_with_members_state_and_epochs()
    {
        var topic = fixture.NewName("live-topic");
        var group = fixture.NewName("live-group");
        fixture.Tool("topics", "--create", "--topic", topic, "--partitions", "3");
        using var member = Start(topic, group);
        Until(() => Describe(group, "--state").Contains("Stable"));
        Assert.Matches($@"{group}\s+127.0.0.1:\d+ +\(1\)\s+uniform\s+Stable\s+2\s+2\s+1\b", Describe(group, "--state", "--verbose"));
        Assert.Matches(
            $@"{group}\s+\S+\s+/127.0.0.1\s+console-consumer\s+3\s+2\s+{topic}:0,1,2", Describe(group, "--members", "--verbose"));
        Assert.Matches($@"{group}\s+{topic}\s+2\s+-\s+-?\d+\s+-\s+\S+\s+/127.0.0.1\s+console-consumer", Describe(group));
        var refused = fixture.Tools.RunWithInput(
            "", "consumer-groups", "--bootstrap-server", fixture.Broker.Bootstrap, "--delete", "--group", group);
        Assert.Contains("GroupNotEmptyException", refused.Text + refused.Errors);
    }

    [BrokerFact(Need.Peer, Apis = [Api.ConsumerGroupHeartbeat, Api.ConsumerGroupDescribe])]
    public void The_verifiable_consumer_counts_every_record_with_both_assignors()
    {
        var topic = fixture.NewName("verifiable-consumer");
        fixture.Tool("topics", "--create", "--topic", topic, "--partitions", "3");
        fixture.Tool("producer-perf-test", "--topic", topic, "--num-records", "2000", "--record-size", "10", "--throughput", "-1");
        foreach (var assignor in new[] { "uniform", "range" })
        {
            var consumed = Command.Run(
                KafkaTools.Launcher,
                [
                    "verifiable-consumer", "--bootstrap-server", fixture.Broker.Bootstrap, "--topic", topic,
                    "--group-id", fixture.NewName("verifiable-group"), "--group-protocol", "consumer", "--group-remote-assignor", assignor,
                    "--max-messages", "2000", "--reset-policy", "earliest",
                ]).Succeeded().Text;
            Assert.Contains("\"name\":\"shutdown_complete\"", consumed);
            Assert.Contains("\"success\":true", consumed);
        }
    }

    private string Describe(string group, params string[] more) =>
        fixture.Tool("consumer-groups", ["--describe", "--group", group, .. more]);

    private ConsoleConsumer Start(string topic, string group) => new(fixture.Broker.Bootstrap, topic, group);

    private static void Until(Func<bool> seen)
    {
        var watch = Stopwatch.StartNew();
        while (!seen())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "the member did not come up");
        }
    }

    /// <summary>A console consumer in a process of its own, until it is disposed. Owned by the test.</summary>
    private sealed class ConsoleConsumer : IDisposable
    {
        private readonly Process _process;

        public ConsoleConsumer(string bootstrap, string topic, string group) => _process = Process.Start(new ProcessStartInfo(
            KafkaTools.Launcher,
            [
                "console-consumer", "--bootstrap-server", bootstrap, "--topic", topic, "--group", group, "--command-property", Consumer,
            ])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }
    }
}
