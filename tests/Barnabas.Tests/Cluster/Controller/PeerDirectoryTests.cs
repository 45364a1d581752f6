using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Shared;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>Kafka reads and continues the metadata that Barnabas writes, and the other way round.</summary>
[Trait("Category", "Slow")]
public sealed class PeerDirectoryTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("peer-quorum-").FullName;

    private string Data => Path.Join(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [PeerFact(Need.Peer)]
    public void Dump_log_and_metadata_shell_read_log_and_snapshots()
    {
        var bench = Bench(9093, new MetadataLogConfig(SnapshotAfterMs: 1000)).Format().Start();
        bench.Register();
        bench.Create("first", 3, ("retention.ms", "5"));
        bench.Host.Advance(2000);
        bench.Stop();

        var log = Path.Join(bench.MetadataDirectory, "00000000000000000000.log");
        var dump = Peer.Run("dump-log", "--cluster-metadata-decoder", "--files", log);
        foreach (var kind in new[]
        {
            "LeaderChange", "KRaftVersion", "KRaftVoters", "BEGIN_TRANSACTION_RECORD", "FEATURE_LEVEL_RECORD", "END_TRANSACTION_RECORD",
            "REGISTER_BROKER_RECORD", "BROKER_REGISTRATION_CHANGE_RECORD", "TOPIC_RECORD", "PARTITION_RECORD", "CONFIG_RECORD",
        })
        {
            Assert.Contains(kind, dump, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("isvalid: false", dump, StringComparison.Ordinal);
        var snapshot = Directory.GetFiles(bench.MetadataDirectory, "*.checkpoint").Order(StringComparer.Ordinal).Last();
        var copy = Path.Join(_root, Path.GetFileName(snapshot));
        File.Copy(snapshot, copy);
        Assert.Contains("\"retention.ms\"", Peer.Run("dump-log", "--cluster-metadata-decoder", "--files", copy), StringComparison.Ordinal);
        ShellShows("first", copy, "ls", "/image/topics/byName");
        ShellShows("4.3-IV0", copy, "cat", "/image/features/metadataVersion");
    }

    // The shell answers from the image that it has loaded so far, on a busy machine none.
    private static void ShellShows(string text, string snapshot, params string[] command)
    {
        var shown = "";
        for (var tries = 0; tries < 10 && !shown.Contains(text, StringComparison.Ordinal); tries++)
        {
            shown = Peer.Run(["metadata-shell", "--snapshot", snapshot, .. command]);
        }

        Assert.Contains(text, shown, StringComparison.Ordinal);
    }

    [PeerFact(Need.Peer)]
    public void Kafka_continues_a_directory_of_Barnabas_and_Barnabas_goes_on_from_there()
    {
        var (port, controllerPort) = (Peer.FreePort(), Peer.FreePort());
        var properties = Peer.Properties(_root, port, controllerPort);
        var bench = Bench((ushort)controllerPort).Format().Start();
        var epoch = bench.Register();
        bench.Create("first", 3, ("retention.ms", "5000"));
        var id = bench.Image.Topics.Find("first")!.Id;
        bench.Ask((machine, decision) => BrokerRegistrations.Fence(machine, 1, epoch, decision));
        bench.Stop();
        File.WriteAllText(Path.Join(Data, "meta.properties"),
            $"version=1\ncluster.id=1P25tydhShOuY3Xde4NhoQ\nnode.id=1\ndirectory.id={QuorumBench.DirectoryId}\n");

        using (var peer = Peer.Start(properties, port))
        {
            var topics = Peer.Run("topics", "--bootstrap-server", peer.Address, "--describe");
            Assert.Contains("PartitionCount: 3", topics, StringComparison.Ordinal);
            Assert.Contains("retention.ms=5000", topics, StringComparison.Ordinal);
            Assert.Equal(3, topics.Split("Leader: 1").Length - 1);
            Peer.Run("topics", "--bootstrap-server", peer.Address, "--create", "--topic", "second", "--partitions", "2");
            peer.Stop();
        }

        bench.Start();
        bench.Register();
        Assert.Equal(id, bench.Image.Topics.Find("first")!.Id);
        Assert.Equal(2, bench.Image.Topics.Find("second")!.Partitions.Length);
        Assert.All(bench.Image.Topics.All.SelectMany(topic => topic.Partitions), partition => Assert.Equal(1, partition.Leader));
        Assert.Equal(ErrorCode.None, bench.Create("third").ErrorCode);
        bench.Stop();
    }

    [PeerFact(Need.Peer)]
    public void A_directory_that_Kafka_formatted_and_filled_opens_with_its_higher_feature_levels()
    {
        var (port, controllerPort) = (Peer.FreePort(), Peer.FreePort());
        var properties = Peer.Properties(_root, port, controllerPort);
        Peer.Run("storage", "format", "--standalone", "-t", "1P25tydhShOuY3Xde4NhoQ", "-c", properties);
        using (var peer = Peer.Start(properties, port))
        {
            Peer.Run("topics", "--bootstrap-server", peer.Address, "--create", "--topic", "kafkas", "--partitions", "4");
            Peer.Run("configs", "--bootstrap-server", peer.Address, "--alter", "--topic", "kafkas", "--add-config", "retention.ms=77");
            Peer.Run("configs", "--bootstrap-server", peer.Address, "--alter", "--add-config", "producer_byte_rate=9", "--entity-type",
                "users", "--entity-default");
            peer.Stop();
        }

        var directory = File.ReadAllLines(Path.Join(Data, "meta.properties")).First(line => line.StartsWith("directory.id=")).Split('=')[1];
        Assert.True(Uuid.TryParse(directory, out var id));
        var bench = Bench((ushort)controllerPort);
        bench.Self = bench.Self with { Key = new ReplicaKey(1, id) };
        bench.Start();
        Assert.Equal("1", bench.Image.Features.LevelOf("group.version").ToString());
        Assert.Equal(2, bench.Image.Features.LevelOf("transaction.version"));
        Assert.Equal("77", bench.Image.Configs.Find(new ConfigResource(ConfigKind.Topic, "kafkas"), "retention.ms"));
        Assert.Equal("producer_byte_rate", Assert.Single(bench.Image.Kept.Quotas).Key);
        bench.Register();
        var partitions = bench.Image.Topics.Find("kafkas")!.Partitions;
        Assert.All(partitions, partition => Assert.Equal((1, 1), (partition.Leader, partition.Isr.Single())));
        bench.Stop();
    }

    private QuorumBench Bench(ushort controllerPort, MetadataLogConfig? log = null)
    {
        Directory.CreateDirectory(Data);
        return new QuorumBench(Data, log, controllerPort);
    }
}
