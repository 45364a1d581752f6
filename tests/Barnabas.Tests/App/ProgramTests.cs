using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Barnabas.Shared;

namespace Barnabas.Tests.App;

/// <summary>The program itself, in processes of its own.</summary>
public sealed class ProgramTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("barnabas-app-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Version_and_help_are_told()
    {
        Assert.Equal((0, $"barnabas {Barnabas.App.ProgramVersion.Text}\n", ""), await Run("version"));
        Assert.Contains("--insecure-allow-public", (await Run("help", "start")).Output);
        Assert.Contains("start", (await Run("help")).Output);
    }

    [Theory]
    [InlineData("--no-such-option", "--no-such-option")]
    [InlineData("--config=a", "expected KEY=VALUE")]
    public async Task A_call_that_is_wrong_is_explained(string argument, string explanation)
    {
        var (code, output, errors) = await Run("start", argument);
        Assert.Equal(1, code);
        Assert.Contains(explanation, output + errors);
    }

    [Fact]
    public async Task A_mistake_in_the_configuration_is_one_line_and_exit_code_1()
    {
        var file = Path.Combine(_folder, "server.properties");
        File.WriteAllText(file, "\nlog.retension.ms=5");
        var (code, output, errors) = await Run("start", file);
        Assert.Equal((1, ""), (code, output));
        Assert.Equal($"barnabas: {file}, line 2: unknown key 'log.retension.ms'; did you mean 'log.retention.ms'?\n", errors);
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_and_a_stack_trace_only_when_asked_for()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string[] arguments = ["start", "--listen", taken.LocalEndpoint.ToString()!, "--data", Path.Combine(_folder, "d")];
        var (code, _, errors) = await Run(arguments);
        Assert.Equal(1, code);
        Assert.Contains("the port is in use; stop the program that has it", errors);
        Assert.Single(errors.TrimEnd('\n').Split('\n'));
        Assert.Contains("   at ", (await Run([.. arguments, "--verbose"])).Errors);
    }

    [Fact]
    public async Task A_broker_says_in_JSON_that_it_is_ready_answers_and_stops_at_a_signal()
    {
        using var process = Start("start", "--listen", "127.0.0.1:0", "--data", Path.Combine(_folder, "d"));
        var address = await Ready(process);
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(address).WaitAsync(Patience);
        }

        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString()]);
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(0, process.ExitCode);
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
    }

    [Theory]
    [InlineData("epoll", true)]
    [InlineData("sockets", false)]
    [ConfigKey("barnabas.wire")]
    public async Task Its_threads_wait_in_epoll_unless_sockets_of_NET_are_wanted(string wire, bool waitsInEpoll)
    {
        using var process = Start(
            "start", "--listen", "127.0.0.1:0", "--data", Path.Combine(_folder, "d"), "--config", $"barnabas.wire={wire}");
        var address = await Ready(process);
        using var client = new TcpClient();
        await client.ConnectAsync(address).WaitAsync(Patience);
        var thread = Directory.GetDirectories($"/proc/{process.Id}/task").First(t => File.ReadAllText(Path.Combine(t, "comm")) == "io-0\n");
        string waiting;
        do
        {
            waiting = File.ReadAllText(Path.Combine(thread, "wchan"));
        }
        while (waiting == "0");
        Assert.Equal(waitsInEpoll, waiting.Contains("epoll", StringComparison.Ordinal));
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);
    }

    private static async Task<IPEndPoint> Ready(Process process)
    {
        while (true)
        {
            var line = JsonDocument.Parse((await process.StandardOutput.ReadLineAsync().WaitAsync(Patience))!).RootElement;
            if (line.GetProperty("message").GetString() == "ready")
            {
                return IPEndPoint.Parse(line.GetProperty("clients")[0].GetString()!);
            }
        }
    }

    internal static Process Start(params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "barnabas.exe" : "barnabas");
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in info.Environment.Keys.Where(name => name.StartsWith("KAFKA_", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(name);
        }

        return Process.Start(info)!;
    }

    private static async Task<(int Code, string Output, string Errors)> Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        return (process.ExitCode, await output, await errors);
    }
}
