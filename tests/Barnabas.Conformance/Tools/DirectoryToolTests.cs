using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Tools;

/// <summary>Kafka's tools for log directories over a broker that has two.</summary>
public sealed class DirectoryToolTests
{
    [BrokerFact(Need.Peer, Apis = [Api.AlterReplicaLogDirs, Api.DescribeLogDirs])]
    public void Replicas_are_moved_between_directories_and_shown_there()
    {
        using var folder = new TemporaryFolder();
        using var tools = new KafkaTools();
        var (a, b) = (folder.At("a"), folder.At("b"));
        using var broker = BrokerProcess.Start(new Dictionary<string, string> { ["log.dirs"] = $"{a},{b}" });
        string Tool(string name, params string[] arguments) => tools.Run(name, ["--bootstrap-server", broker.Bootstrap, .. arguments]);

        Tool("topics", "--create", "--topic", "t", "--partitions", "2");
        var wish = folder.At("wish.json");
        File.WriteAllText(wish,
            $$$"""
            {"version": 1, "partitions": [
            {"topic": "t", "partition": 0, "replicas": [1], "log_dirs": ["{{{b}}}"]},
            {"topic": "t", "partition": 1, "replicas": [1], "log_dirs": ["{{{b}}}"]}]}
            """);
        var started = Tool(
            "reassign-partitions", "--reassignment-json-file", wish, "--execute", "--replica-alter-log-dirs-throttle", "1000000");
        Assert.Contains($"Successfully started moving log directory to {b} for replica t-0 with broker 1", started);
        Assert.Contains("The replica-alter-dir throttle limit was set to 1000000 B/s", started);
        string verified;
        do
        {
            verified = Tool("reassign-partitions", "--reassignment-json-file", wish, "--verify");
        }
        while (!verified.Contains("Clearing broker-level throttles on broker 1"));

        Assert.Contains("Reassignment of replica t-0-1 completed successfully.", verified);
        Assert.Contains("Reassignment of replica t-1-1 completed successfully.", verified);
        var described = Tool("log-dirs", "--describe", "--topic-list", "t");
        Assert.Contains($"{{\"partitions\":[],\"error\":null,\"logDir\":\"{a}\"}}", described);
        Assert.Contains("\"partition\":\"t-0\",\"size\":0,\"offsetLag\":0,\"isFuture\":false", described);
        Assert.True(Directory.Exists(Path.Combine(b, "t-0")));
        Assert.True(Directory.Exists(Path.Combine(b, "t-1")));
        Assert.Equal("No partition reassignments found.", Tool("reassign-partitions", "--list").Trim());
    }
}
