using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Tools;

[Collection(ToolsCollection.Name)]
public sealed class ClusterToolTests(BrokerFixture fixture)
{
    private BrokerProcess Broker => fixture.Broker;

    [BrokerFact(Need.Peer, Apis = [Api.Metadata])]
    public void Api_versions_are_understood()
    {
        var text = fixture.Tool("broker-api-versions");
        Assert.Contains($"{Broker.Bootstrap} (id: 1 rack: null isFenced: false) -> (", text);
        Assert.Contains("Produce(0): 3 to 13 [usable: 13]", text.Replace("0 to 13", "3 to 13"));
        Assert.Contains("ApiVersions(18): 0 to 4 [usable: 4]", text);
    }

    [BrokerFact(Need.Peer, Apis = [Api.DescribeCluster])]
    public void The_cluster_tells_its_id_and_endpoints()
    {
        var properties = File.ReadLines(Path.Combine(Broker.DataFolder, "meta.properties"));
        var id = properties.Single(line => line.StartsWith("cluster.id="))[11..];
        Assert.Equal($"Cluster ID: {id}\n", fixture.Tools.Run("cluster", "cluster-id", "--bootstrap-server", Broker.Bootstrap));
        Assert.Matches($@"1\s+127\.0\.0\.1\s+{Broker.Port}\s+null\s+unfenced\s+broker",
            fixture.Tools.Run("cluster", "list-endpoints", "--bootstrap-server", Broker.Bootstrap));
        Assert.Matches($@"1\s+127\.0\.0\.1\s+{Broker.ControllerPort}\s+null\s+(unfenced\s+)?controller",
            fixture.Tools.Run("cluster", "list-endpoints", "--bootstrap-controller", Broker.BootstrapController));
    }

    [BrokerFact(Need.Peer, Apis = [Api.UpdateFeatures])]
    public void Features_are_described_and_changed()
    {
        var described = fixture.Tool("features", "describe");
        Assert.Matches(@"Feature: metadata\.version\s+SupportedMinVersion: .*FinalizedVersionLevel: 4\.3-IV0", described);
        Assert.Matches(@"Feature: kraft\.version\s+SupportedMinVersion: 0\s+SupportedMaxVersion: 1\s+FinalizedVersionLevel: 1", described);
        Assert.Contains("metadata.version was upgraded to 30",
            fixture.Tool("features", "upgrade", "--feature", "metadata.version=30"), StringComparison.OrdinalIgnoreCase);
        string[] tooHigh = ["--bootstrap-server", Broker.Bootstrap, "upgrade", "--feature", "metadata.version=99"];
        Assert.Equal(1, fixture.Tools.RunWithInput("", "features", tooHigh).ExitCode);
    }

    [BrokerFact(Need.Peer, Apis = [Api.DescribeQuorum])]
    public void The_quorum_is_one_voter_asked_at_the_broker_and_at_the_controller()
    {
        var endpoint = $"CONTROLLER://127.0.0.1:{Broker.ControllerPort}";
        string[][] ways = [["--bootstrap-server", Broker.Bootstrap], ["--bootstrap-controller", Broker.BootstrapController]];
        foreach (var way in ways)
        {
            var status = fixture.Tools.Run("metadata-quorum", [.. way, "describe", "--status"]);
            Assert.Matches(@"LeaderId:\s+1\n", status);
            Assert.Matches($@"CurrentVoters:\s+\[\{{""id"": 1, ""directoryId"": "".+"", ""endpoints"": \[""{endpoint}""\]\}}\]", status);
            Assert.Matches(@"CurrentObservers:\s+\[\]", status);
            var replication = fixture.Tools.Run("metadata-quorum", [.. way, "describe", "--replication"]);
            Assert.Matches(@"1\s+\S+\s+\d+\s+0\s+\d+\s+\d+\s+Leader", replication);
        }
    }
}
