using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Barnabas.Shared;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>Apache Kafka beside the checkout, as a judge of directories.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process _server;

    private Peer(Process server, int port)
    {
        _server = server;
        Address = $"127.0.0.1:{port}";
    }

    /// <summary>Where the server answers.</summary>
    public string Address { get; }

    private static string Program => Path.Join(Checkout.Shared, "peers", "kafka", "bin", "kafka");

    /// <summary>Writes a configuration for a combined node over a log directory and returns its path.</summary>
    public static string Properties(string root, int port, int controllerPort)
    {
        var path = Path.Join(root, "server.properties");
        File.WriteAllText(path, $"""
            process.roles=broker,controller
            node.id=1
            listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}
            advertised.listeners=PLAINTEXT://127.0.0.1:{port}
            controller.listener.names=CONTROLLER
            controller.quorum.bootstrap.servers=127.0.0.1:{controllerPort}
            listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
            log.dirs={Path.Join(root, "data")}
            offsets.topic.replication.factor=1
            """);
        return path;
    }

    /// <summary>Runs a tool and returns what it printed; a failure is a failed test.</summary>
    public static string Run(params string[] arguments) => Run("", arguments);

    /// <summary>As <see cref="Run(string[])"/>, with lines for the tool's input.</summary>
    public static string Run(string input, string[] arguments)
    {
        using var process = Begin(arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"kafka {string.Join(' ', arguments)}: {output}\n{errors.Result}");
        return output;
    }

    /// <summary>Starts a server and waits until it answers.</summary>
    public static Peer Start(string properties, int port)
    {
        var server = Begin("server", properties);
        var log = new List<string>();
        var ready = new ManualResetEventSlim();
        server.OutputDataReceived += (_, line) => Note(line.Data);
        server.ErrorDataReceived += (_, line) => Note(line.Data);
        server.BeginOutputReadLine();
        server.BeginErrorReadLine();
        server.Exited += (_, _) => ready.Set();
        server.EnableRaisingEvents = true;
        ready.Wait(TimeSpan.FromSeconds(240));
        if (!IsRunning())
        {
            server.Kill();
            Assert.Fail(string.Join('\n', log));
        }

        return new Peer(server, port);

        void Note(string? line)
        {
            lock (log)
            {
                log.Add(line ?? "");
            }

            if (line?.Contains("Kafka Server started", StringComparison.Ordinal) == true)
            {
                ready.Set();
            }
        }

        bool IsRunning() => ready.IsSet && !server.HasExited;
    }

    /// <summary>A port that nobody listens on now.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Stops the server cleanly.</summary>
    public void Stop()
    {
        using (Process.Start("kill", $"-TERM {_server.Id}"))
        {
            _server.WaitForExit();
        }
    }

    public void Dispose()
    {
        if (!_server.HasExited)
        {
            _server.Kill();
            _server.WaitForExit();
        }

        _server.Dispose();
    }

    private static Process Begin(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }
}
