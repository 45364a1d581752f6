using System.Text;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Tools;

/// <summary>Kafka's dump-log and metadata-shell read every file that the broker under test wrote and find nothing wrong.</summary>
[Collection(ToolsCollection.Name)]
public sealed class DumpLogTests(BrokerFixture fixture)
{
    private static readonly string[] Problems =
        ["isvalid: false", "Mismatches in", "Found", "non-consecutive", "Could not", "Exception", "Error", "is corrupted", "out of range"];

    [BrokerFact(Need.Peer, Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.JoinGroup])]
    public void Every_file_of_a_worked_directory_is_read_without_a_problem()
    {
        using var broker = BrokerProcess.Start(new Dictionary<string, string>
        {
            ["log.segment.bytes"] = "1048576",
            ["log.index.interval.bytes"] = "512",
            ["num.partitions"] = "1",
        });
        Work(broker);
        var running = Directory.EnumerateFiles(broker.DataFolder, "*", SearchOption.AllDirectories).Count();
        broker.Terminate();

        var files = Directory.EnumerateFiles(broker.DataFolder, "*", SearchOption.AllDirectories).Where(IsDumped).Order().ToList();
        foreach (var alike in files.GroupBy(Decoder))
        {
            string[] arguments = ["--files", string.Join(',', alike), "--deep-iteration", .. alike.Key is null ? [] : new[] { alike.Key }];
            var text = fixture.Tools.Run("dump-log", arguments);
            Assert.All(Problems, problem => Assert.DoesNotContain(problem, text));
            Assert.All(alike, file => Assert.Contains($"Dumping {file}", text));
        }

        var kinds = files.Select(Path.GetExtension).ToHashSet();
        Assert.All([".index", ".log", ".snapshot", ".timeindex"], kind => Assert.Contains(kind, kinds));
        Assert.True(running > 10, $"only {running} files");
    }

    [BrokerFact(Need.Peer, Need.Kcat, Apis = [Api.CreateTopics, Api.DescribeQuorum])]
    public void The_metadata_shell_reads_what_the_controller_wrote()
    {
        using var broker = BrokerProcess.Start();
        fixture.Tools.Run("topics", "--bootstrap-server", broker.Bootstrap, "--create", "--topic", "seen", "--config", "retention.ms=4444");
        broker.Terminate();
        using var copy = new TemporaryFolder();
        var log = copy.At("00000000000000000000.log");
        File.Copy(Path.Combine(broker.DataFolder, "__cluster_metadata-0", "00000000000000000000.log"), log);
        string Shell(params string[] words) =>
            Command.Run(KafkaTools.Launcher, ["metadata-shell", "--snapshot", log, .. words]).Succeeded().Text;
        Assert.Contains("seen", Shell("ls", "/image/topics/byName"));
        Assert.Contains("4444", Shell("cat", "/image/configs/TOPIC:seen/retention.ms"));
    }

    private static bool IsDumped(string file) =>
        Path.GetExtension(file) is ".log" or ".index" or ".timeindex" or ".snapshot" or ".checkpoint";

    /// <summary>The option that makes dump-log decode the records of a file, or null.</summary>
    private static string? Decoder(string file) => (Path.GetFileName(Path.GetDirectoryName(file)!), Path.GetExtension(file)) switch
    {
        ("__cluster_metadata-0", ".log" or ".checkpoint") => "--cluster-metadata-decoder",
        (var name, ".log") when name.StartsWith("__consumer_offsets-") => "--offsets-decoder",
        (var name, ".log") when name.StartsWith("__transaction_state-") => "--transaction-log-decoder",
        _ => null,
    };

    /// <summary>All codecs, an idempotent producer, a group, deleted records, changed configs, several segments.</summary>
    private void Work(BrokerProcess broker)
    {
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 30_000).Select(number => $"record number {number}\n")));
        foreach (var codec in Kcat.Codecs)
        {
            string[] small = ["-z", codec, "-X", "enable.idempotence=true", "-X", "batch.num.messages=50"];
            Kcat.Produce(broker, $"dump-{codec}", lines, small).Succeeded();
            Kcat.Produce(broker, $"dump-{codec}", "k:v\nk:\n"u8.ToArray(), "-K", ":", "-Z", "-H", "a=b", "-z", codec).Succeeded();
        }

        string[] group = ["-G", "dumpers", "-X", "auto.offset.reset=earliest", "-e", "-q", "dump-none"];
        Command.Run("kcat", ["-b", broker.Bootstrap, .. group]).Succeeded();
        fixture.Tools.Run("configs", "--bootstrap-server", broker.Bootstrap, "--alter", "--entity-type", "topics",
            "--entity-name", "dump-gzip", "--add-config", "retention.ms=77777777");
    }
}
