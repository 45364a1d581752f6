using System.Diagnostics;
using System.Net.Sockets;
using Barnabas.Shared;

namespace Barnabas.Conformance.Support;

/// <summary>Which program a broker of a test is.</summary>
internal enum BrokerKind
{
    Barnabas,
    Kafka,
}

/// <summary>
/// One broker and controller in a process of its own, on loopback ports of its own. Both kinds read the same server.properties.
/// Owned by the test or fixture that started it.
/// </summary>
internal sealed class BrokerProcess : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder? ownFolder;
    private readonly Dictionary<string, string> settings;
    private Child? process;

    private BrokerProcess(BrokerKind kind, string? dataFolder, int controllerPort, IReadOnlyDictionary<string, string>? changes)
    {
        Kind = kind;
        ControllerPort = controllerPort;
        ownFolder = new TemporaryFolder();
        DataFolder = dataFolder ?? ownFolder.At("data");
        settings = Defaults();
        foreach (var setting in kind == BrokerKind.Barnabas ? Target.Settings : [])
        {
            settings[setting[0]] = setting[1];
        }

        foreach (var (key, value) in changes ?? new Dictionary<string, string>())
        {
            settings[key] = value;
        }
    }

    public BrokerKind Kind { get; }

    public string DataFolder { get; }

    public int Port { get; } = Ports.Take();

    public int ControllerPort { get; }

    /// <summary>HOST:PORT of the broker's listener.</summary>
    public string Bootstrap => $"127.0.0.1:{Port}";

    /// <summary>HOST:PORT of the controller's listener.</summary>
    public string BootstrapController => $"127.0.0.1:{ControllerPort}";

    /// <summary>Where the settings of this broker are written; it exists once the broker was started.</summary>
    public string PropertiesFile => ownFolder!.At("server.properties");

    public Child Process => process ?? throw new InvalidOperationException("the broker is not running");

    /// <summary>Starts a broker of the kind that is under test, over an empty folder or over <paramref name="dataFolder"/>.</summary>
    public static BrokerProcess Start(IReadOnlyDictionary<string, string>? changes = null, string? dataFolder = null) =>
        Start(Target.Kind, changes, dataFolder);

    /// <summary>
    /// Starts a broker of the given kind; <paramref name="changes"/> replace default settings. A folder that another broker wrote
    /// wants the same <paramref name="controllerPort"/>, which is part of the quorum's voters; 0 takes a free one.
    /// </summary>
    public static BrokerProcess Start(BrokerKind kind, IReadOnlyDictionary<string, string>? changes = null, string? dataFolder = null,
        int controllerPort = 0)
    {
        var broker = new BrokerProcess(kind, dataFolder, controllerPort == 0 ? Ports.Take() : controllerPort, changes);
        try
        {
            broker.Start();
            return broker;
        }
        catch
        {
            broker.Dispose();
            throw;
        }
    }

    /// <summary>Starts the process over the same folder and ports, and returns once it answers ApiVersions.</summary>
    public void Start()
    {
        Launch();
        WaitUntilReady();
    }

    /// <summary>Starts the process over the same folder and ports, and ends it with SIGKILL after a while, ready or not.</summary>
    public void StartAndKill(TimeSpan after)
    {
        Launch();
        Thread.Sleep(after);
        Kill();
    }

    private void Launch()
    {
        settings["listeners"] = $"PLAINTEXT://{Bootstrap},CONTROLLER://{BootstrapController}";
        settings.TryAdd("advertised.listeners", $"PLAINTEXT://{Bootstrap}");
        settings["controller.quorum.bootstrap.servers"] = BootstrapController;
        settings.TryAdd("log.dirs", DataFolder);
        File.WriteAllLines(PropertiesFile, settings.Select(setting => $"{setting.Key}={setting.Value}"));
        if (Kind == BrokerKind.Kafka && !File.Exists(Path.Combine(DataFolder, "meta.properties")))
        {
            Command.Run(KafkaTools.Launcher, ["storage", "format", "--standalone", "-t", NewClusterId(), "-c", PropertiesFile]).Succeeded();
        }

        process?.Dispose();
        process = Kind == BrokerKind.Kafka
            ? Child.Start(KafkaTools.Launcher, ["server", PropertiesFile], ownFolder!.Path, PeerEnvironment)
            : Child.Start(Checkout.Program, ["start", PropertiesFile], ownFolder!.Path);
    }

    /// <summary>Ends the process with SIGKILL.</summary>
    public void Kill()
    {
        Process.Signal(Child.SigKill);
        Process.WaitForExit(StopLimit);
    }

    /// <summary>Asks the process to shut down with SIGTERM and gives its exit code.</summary>
    public int Terminate()
    {
        Process.Signal(Child.SigTerm);
        return Process.WaitForExit(StopLimit);
    }

    /// <summary>Folders of the partitions of a topic, in order.</summary>
    public IEnumerable<string> PartitionFolders(string topic) =>
        Directory.EnumerateDirectories(DataFolder, $"{topic}-*").Where(folder => int.TryParse(folder.Split('-')[^1], out _)).Order();

    /// <summary>Processor seconds that the process has used.</summary>
    public double ProcessorSeconds()
    {
        using var seen = System.Diagnostics.Process.GetProcessById(Process.Id);
        return seen.TotalProcessorTime.TotalSeconds;
    }

    public void Dispose()
    {
        process?.Dispose();
        ownFolder?.Dispose();
    }

    private static Dictionary<string, string> PeerEnvironment => new()
    {
        ["KAFKA_JVM_OPTS"] = "-Xms256m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    };

    private static Dictionary<string, string> Defaults() => new()
    {
        ["process.roles"] = "broker,controller",
        ["node.id"] = "1",
        ["controller.listener.names"] = "CONTROLLER",
        ["inter.broker.listener.name"] = "PLAINTEXT",
        ["listener.security.protocol.map"] = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        ["offsets.topic.replication.factor"] = "1",
        ["offsets.topic.num.partitions"] = "5",
        ["transaction.state.log.replication.factor"] = "1",
        ["transaction.state.log.min.isr"] = "1",
        ["transaction.state.log.num.partitions"] = "5",
        ["share.coordinator.state.topic.replication.factor"] = "1",
        ["share.coordinator.state.topic.min.isr"] = "1",
        ["group.initial.rebalance.delay.ms"] = "0",
    };

    /// <summary>A random UUID in Kafka's form; Kafka refuses none, but its tools take one that begins with "-" for an option.</summary>
    private static string NewClusterId() =>
        $"C{Convert.ToBase64String(Guid.NewGuid().ToByteArray()).Replace('+', 'a').Replace('/', 'b')[..20]}A";

    private void WaitUntilReady()
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (Process.HasExited)
            {
                var code = Process.WaitForExit(StopLimit);
                throw new InvalidOperationException($"the broker ended with {code}\n{Process.Output}\n{Process.Errors}");
            }

            try
            {
                RawConnection.ApiVersions(Port, timeoutMs: 2000);
                return;
            }
            catch (Exception error) when (error is SocketException or EndOfStreamException)
            {
                Assert.True(watch.Elapsed < StartLimit, $"no answer in {StartLimit.TotalSeconds} s\n{Process.Output}\n{Process.Errors}");
                Thread.Sleep(20);
            }
        }
    }
}
