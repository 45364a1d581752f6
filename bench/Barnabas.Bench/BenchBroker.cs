using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Barnabas.Bench;

/// <summary>Which program a broker of a benchmark is.</summary>
internal enum BenchKind
{
    Barnabas,
    Kafka,
}

/// <summary>
/// One broker and controller in a process of its own, on loopback ports: the built Barnabas, or Apache Kafka from a folder beside the
/// checkout. Both read the same properties. Owned by the benchmark.
/// </summary>
internal sealed class BenchBroker : IDisposable
{
    private const double TicksPerSecond = 100; // of /proc, on every Linux

    private readonly Process _process;

    /// <summary>Starts Barnabas with settings KEY=VALUE, separated by spaces, and waits until it answers.</summary>
    public BenchBroker(string data, string settings)
        : this(BenchKind.Barnabas, data, settings)
    {
    }

    /// <summary>Starts a broker of either kind and waits until it answers.</summary>
    public BenchBroker(BenchKind kind, string data, string settings)
    {
        (Port, var controllerPort) = (FreePort(), FreePort());
        var properties = $"{data}.properties";
        var changes = settings.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        File.WriteAllLines(properties, [.. Defaults(data, Port, controllerPort), .. changes]);
        if (kind == BenchKind.Kafka && !Directory.Exists(data))
        {
            var clusterId = $"C{Convert.ToBase64String(Guid.NewGuid().ToByteArray()).Replace('+', 'a').Replace('/', 'b')[..20]}A";
            using var format = Start(KafkaLauncher, "storage", "format", "--standalone", "-t", clusterId, "-c", properties);
            format.WaitForExit();
        }

        _process = kind == BenchKind.Kafka
            ? Start(KafkaLauncher, "server", properties)
            : Start(Path.Combine(Root(), "artifacts/barnabas/barnabas"), "start", properties);
        WaitUntilItAnswers(data);
    }

    /// <summary>The port of its listener, on the loopback address.</summary>
    public int Port { get; }

    /// <summary>True where there is a Kafka to compare with.</summary>
    public static bool HasKafka => File.Exists(KafkaLauncher);

    private static string KafkaLauncher => Path.Combine(Root(), "../shared/peers/kafka/bin/kafka");

    /// <summary>Seconds of processor time that it has used, in user and system mode.</summary>
    public double CpuSeconds()
    {
        var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long At(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture);
        return (At(14) + At(15)) / TicksPerSecond;
    }

    /// <summary>MiB of memory that it holds.</summary>
    public long ResidentMiB() => long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024;

    /// <summary>A clean stop.</summary>
    public void Stop()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static string[] Defaults(string data, int port, int controllerPort) =>
    [
        "process.roles=broker,controller", "node.id=1", "controller.listener.names=CONTROLLER", "inter.broker.listener.name=PLAINTEXT",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        $"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}",
        $"advertised.listeners=PLAINTEXT://127.0.0.1:{port}", $"controller.quorum.bootstrap.servers=127.0.0.1:{controllerPort}",
        $"log.dirs={data}", "offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1", "share.coordinator.state.topic.replication.factor=1",
        "share.coordinator.state.topic.min.isr=1", "group.initial.rebalance.delay.ms=0",
    ];

    private static Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
        };
        var process = new Process { StartInfo = start };
        process.Start();
        process.BeginOutputReadLine(); // read, or the pipe would fill
        process.BeginErrorReadLine();
        return process;
    }

    private void WaitUntilItAnswers(string data)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var client = new LoadClient(Port);
                client.ApiVersions();
                return;
            }
            catch (Exception e) when (e is SocketException or EndOfStreamException)
            {
                if (_process.HasExited || tries == 1200)
                {
                    throw new InvalidOperationException($"the broker does not start over {data}", e);
                }

                Thread.Sleep(50);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Barnabas.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("this is no checkout of Barnabas");
        }

        return folder;
    }
}
