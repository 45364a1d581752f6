using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Barnabas.Shared;

namespace Barnabas.Tests.Log;

/// <summary>Apache Kafka of ../shared/peers as the judge of files: its tools, and a broker over a data directory.</summary>
internal sealed class Kafka : IDisposable
{
    private readonly string _properties;
    private readonly int _port = FreePort();
    private Process? _server;

    public Kafka(string data, params string[] settings)
    {
        var controller = FreePort();
        _properties = Path.Combine(data, "server.properties");
        File.WriteAllText(_properties, $"""
            process.roles=broker,controller
            node.id=1
            listeners=PLAINTEXT://127.0.0.1:{_port},CONTROLLER://127.0.0.1:{controller}
            advertised.listeners=PLAINTEXT://127.0.0.1:{_port}
            controller.listener.names=CONTROLLER
            controller.quorum.bootstrap.servers=127.0.0.1:{controller}
            listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
            log.dirs={Path.Combine(data, "logs")}
            offsets.topic.replication.factor=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            group.initial.rebalance.delay.ms=0
            {string.Join('\n', settings)}
            """);
        Tool(0, null, "storage", "format", "--standalone", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", _properties);
    }

    public string Address => $"127.0.0.1:{_port}";

    /// <summary>Starts the broker and waits until it answers.</summary>
    public void Start()
    {
        _server = Launch("server", _properties);
        var ended = _server.StandardError.ReadToEndAsync();
        var line = _server.StandardOutput.ReadLine();
        while (line is not null && !line.EndsWith("Kafka Server started", StringComparison.Ordinal))
        {
            line = _server.StandardOutput.ReadLine();
        }

        Assert.True(line is not null, $"Kafka did not start: {(line is null ? ended.Result : "")}");

        _ = _server.StandardOutput.ReadToEndAsync();
    }

    /// <summary>Stops the broker as an operator does, or kills it.</summary>
    public void Stop(bool kill)
    {
        if (kill)
        {
            _server!.Kill();
        }
        else
        {
            Process.Start("kill", $"-TERM {_server!.Id}").WaitForExit();
        }

        _server.WaitForExit();
        _server.Dispose();
        _server = null;
    }

    /// <summary>Runs a tool of Kafka and returns what it printed.</summary>
    public static string Tool(int exitCode, string? input, params string[] arguments)
    {
        using var process = Launch(arguments);
        if (input is not null)
        {
            process.StandardInput.Write(input);
        }

        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {process.ExitCode}\n{output}\n{errors.Result}");
        return output + errors.Result;
    }

    public void Dispose()
    {
        if (_server is not null)
        {
            Stop(kill: true);
        }
    }

    private static Process Launch(params string[] arguments)
    {
        var program = Path.Combine(Checkout.Shared, "peers", "kafka", "bin", "kafka");
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
