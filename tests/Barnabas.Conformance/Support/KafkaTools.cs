using System.Diagnostics;
using System.Text;
using Barnabas.Shared;

namespace Barnabas.Conformance.Support;

/// <summary>
/// Apache Kafka's own command line tools, run one after the other in one virtual machine (clients/java/ToolHost.java), since the start
/// of one costs more than most tools do. Owned by a fixture; one test at a time.
/// </summary>
public sealed class KafkaTools : IDisposable
{
    private const string Tools = "org.apache.kafka.tools.";

    private static readonly Dictionary<string, string> Classes = new()
    {
        ["broker-api-versions"] = $"{Tools}BrokerApiVersionsCommand",
        ["cluster"] = $"{Tools}ClusterTool",
        ["configs"] = "kafka.admin.ConfigCommand",
        ["console-consumer"] = $"{Tools}consumer.ConsoleConsumer",
        ["console-producer"] = $"{Tools}ConsoleProducer",
        ["consumer-groups"] = $"{Tools}consumer.group.ConsumerGroupCommand",
        ["consumer-perf-test"] = $"{Tools}ConsumerPerformance",
        ["delete-records"] = $"{Tools}DeleteRecordsCommand",
        ["dump-log"] = $"{Tools}DumpLogSegments",
        ["e2e-latency"] = $"{Tools}EndToEndLatency",
        ["features"] = $"{Tools}FeatureCommand",
        ["get-offsets"] = $"{Tools}GetOffsetShell",
        ["groups"] = $"{Tools}GroupsCommand",
        ["log-dirs"] = $"{Tools}LogDirsCommand",
        ["metadata-quorum"] = $"{Tools}MetadataQuorumCommand",
        ["reassign-partitions"] = $"{Tools}reassign.ReassignPartitionsCommand",
        ["producer-perf-test"] = $"{Tools}ProducerPerformance",
        ["metadata-shell"] = "org.apache.kafka.shell.MetadataShell",
        ["topics"] = $"{Tools}TopicCommand",
        ["transactions"] = $"{Tools}TransactionsCommand",
    };

    private Process? host;

    /// <summary>The folder of Apache Kafka.</summary>
    public static string Home => Path.Combine(Checkout.Shared, "peers", "kafka");

    /// <summary>The program that starts Apache Kafka's broker, and each tool in a virtual machine of its own.</summary>
    public static string Launcher => Path.Combine(Home, "bin", "kafka");

    /// <summary>Runs a tool by its name (as in kafka-NAME.sh) with the given standard input.</summary>
    internal CommandResult RunWithInput(string input, string name, params string[] arguments)
    {
        var line = string.Join(' ', [Classes[name], Encode(input), .. arguments.Select(Encode)]);
        host ??= StartHost();
        host.StandardInput.WriteLine(line);
        host.StandardInput.Flush();
        var reading = host.StandardOutput.ReadLineAsync();
        var inTime = reading.Wait(TimeSpan.FromSeconds(90));
        if (!inTime || reading.Result is null)
        {
            Dispose(); // the next tool gets a new one
            var what = inTime ? "ended its virtual machine" : "took over 90 s";
            throw new InvalidOperationException($"{name} {string.Join(' ', arguments)} {what}");
        }

        var answer = reading.Result.Split(' ');
        return new CommandResult($"{name} {string.Join(' ', arguments)}", int.Parse(answer[0]), Convert.FromBase64String(answer[1]),
            Encoding.UTF8.GetString(Convert.FromBase64String(answer[2])));
    }

    /// <summary>Runs a tool that must succeed, and gives what it printed.</summary>
    internal string Run(string name, params string[] arguments) => RunWithInput("", name, arguments).Succeeded().Text;

    public void Dispose()
    {
        if (host is { HasExited: false })
        {
            host.Kill();
        }

        host?.Dispose();
        host = null;
    }

    private static Process StartHost()
    {
        var start = new ProcessStartInfo("java",
        [
            "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            $"-Dlog4j2.configurationFile={Path.Combine(Home, "config", "log4j2-tools.properties")}",
            "-cp", Path.Combine(Home, "libs", "*"), Checkout.At("tests/Barnabas.Conformance/clients/java/ToolHost.java"),
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        return Process.Start(start) ?? throw new InvalidOperationException("java did not start");
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
