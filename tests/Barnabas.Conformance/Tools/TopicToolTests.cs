using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Tools;

[Collection(ToolsCollection.Name)]
public sealed class TopicToolTests(BrokerFixture fixture)
{
    private BrokerProcess Broker => fixture.Broker;

    [BrokerFact(Need.Peer, Apis = [Api.CreateTopics, Api.DeleteTopics, Api.CreatePartitions, Api.DescribeConfigs])]
    public void Topics_are_created_described_widened_listed_and_deleted()
    {
        var topic = fixture.NewName("tool-topic");
        Assert.Contains($"Created topic {topic}.",
            fixture.Tool("topics", "--create", "--topic", topic, "--partitions", "3", "--config", "retention.ms=3600000"));
        var again = fixture.Tools.RunWithInput("", "topics", "--bootstrap-server", Broker.Bootstrap, "--create", "--topic", topic);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains($"Topic '{topic}' already exists.", again.Text);
        fixture.Tool("topics", "--create", "--topic", topic, "--if-not-exists");

        var described = fixture.ToolUntil(text => text.Contains("Partition: 2"), "topics", "--describe", "--topic", topic);
        Assert.Contains("PartitionCount: 3\tReplicationFactor: 1", described);
        Assert.Contains("retention.ms=3600000", described);
        Assert.Contains("Partition: 2\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: ", described);

        fixture.Tool("topics", "--alter", "--topic", topic, "--partitions", "5");
        Assert.Contains("PartitionCount: 5",
            fixture.ToolUntil(text => text.Contains("PartitionCount: 5"), "topics", "--describe", "--topic", topic));
        Assert.Empty(fixture.Tool("topics", "--describe", "--under-replicated-partitions").Trim());

        fixture.Tool("topics", "--delete", "--topic", topic);
        Assert.DoesNotContain(topic, fixture.ToolUntil(text => !text.Contains(topic), "topics", "--list"));
    }

    [BrokerFact(Need.Peer, Apis = [Api.CreateTopics, Api.DescribeConfigs, Api.IncrementalAlterConfigs])]
    public void Configs_of_topics_and_brokers_are_changed_shown_and_removed()
    {
        var topic = fixture.NewName("tool-configs");
        fixture.Tool("topics", "--create", "--topic", topic);
        string[] entity = ["--entity-type", "topics", "--entity-name", topic];
        Assert.Contains($"Completed updating config for topic {topic}.",
            fixture.Tool("configs", ["--alter", .. entity, "--add-config", "retention.ms=1000,cleanup.policy=[compact,delete]"]));
        var described = fixture.ToolUntil(text => text.Contains("retention.ms"), "configs", ["--describe", .. entity]);
        Assert.Contains("retention.ms=1000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=1000}", described);
        Assert.Contains("cleanup.policy=compact,delete", described);
        fixture.Tool("configs", ["--alter", .. entity, "--delete-config", "retention.ms"]);
        Assert.DoesNotContain("retention.ms=",
            fixture.ToolUntil(text => !text.Contains("retention.ms="), "configs", ["--describe", .. entity]));

        string[] broker = ["--entity-type", "brokers", "--entity-name", "1"];
        fixture.Tool("configs", ["--alter", .. broker, "--add-config", "log.cleaner.backoff.ms=16000"]);
        Assert.Contains(
            "log.cleaner.backoff.ms=16000 sensitive=false synonyms={DYNAMIC_BROKER_CONFIG:log.cleaner.backoff.ms=16000, DEFAULT_CONFIG:",
            fixture.ToolUntil(text => text.Contains("log.cleaner.backoff.ms="), "configs", ["--describe", .. broker]));
        fixture.Tool("configs", ["--alter", .. broker, "--delete-config", "log.cleaner.backoff.ms"]);
        Assert.Contains("All configs for broker 1 are:", fixture.Tool("configs", ["--describe", "--all", .. broker]));
    }

    [BrokerFact(Need.Peer, Apis = [Api.Produce, Api.ListOffsets, Api.DeleteRecords])]
    public void Offsets_are_shown_and_records_deleted()
    {
        var topic = fixture.NewName("tool-offsets");
        fixture.Tool("topics", "--create", "--topic", topic, "--partitions", "2");
        fixture.Tool("producer-perf-test", "--topic", topic, "--num-records", "1000", "--record-size", "100", "--throughput", "-1");
        var lines = fixture.Tool("get-offsets", "--topic", topic).Trim().Split('\n');
        var ends = lines.Select(line => long.Parse(line.Split(':')[2])).ToArray();
        Assert.Equal(1000, ends.Sum());
        Assert.Equal($"{topic}:0:0\n{topic}:1:0\n", fixture.Tool("get-offsets", "--topic", topic, "--time", "earliest"));
        fixture.Tool("get-offsets", "--topic", topic, "--time", "max-timestamp");
        fixture.Tool("get-offsets", "--topic", topic, "--time", "0");

        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("delete.json"),
            $$"""{"partitions": [{"topic": "{{topic}}", "partition": 0, "offset": -1}], "version": 1}""");
        Assert.Contains($"partition: {topic}-0\tlow_watermark: {ends[0]}",
            fixture.Tool("delete-records", "--offset-json-file", folder.At("delete.json")));
        Assert.Equal($"{topic}:0:{ends[0]}\n", fixture.Tool("get-offsets", "--topic-partitions", $"{topic}:0", "--time", "earliest"));
    }

    [BrokerFact(Need.Peer, Apis = [Api.Produce, Api.DescribeLogDirs])]
    public void Log_directories_are_described()
    {
        var topic = fixture.NewName("tool-dirs");
        fixture.Tool("topics", "--create", "--topic", topic);
        var text = fixture.Tool("log-dirs", "--describe", "--topic-list", topic);
        Assert.Contains($"\"partition\":\"{topic}-0\",\"size\":0,\"offsetLag\":0,\"isFuture\":false", text);
        Assert.Contains($"\"logDir\":\"{Broker.DataFolder}\"", text);
    }
}
