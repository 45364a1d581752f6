using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Barnabas.Bench;

/// <summary>The built program as a broker of its own, on a free loopback port. Owned by the benchmark.</summary>
internal sealed class BenchBroker : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts it and waits until it listens.</summary>
    public BenchBroker(string data, string settings)
    {
        List<string> arguments = ["start", "--listen", "127.0.0.1:0", "--data", data];
        foreach (var setting in settings.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            arguments.AddRange(["--config", setting]);
        }

        var start = new ProcessStartInfo(Path.Combine(Root(), "artifacts/barnabas/barnabas"), arguments) { RedirectStandardOutput = true };
        _process = new Process { StartInfo = start };
        var ready = new TaskCompletionSource<string>();
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                ready.TrySetException(new InvalidOperationException($"the broker does not start over {data}"));
            }
            else if (line.Data.Contains("\"ready\"", StringComparison.Ordinal))
            {
                ready.TrySetResult(line.Data);
            }
        };
        _process.Start();
        _process.BeginOutputReadLine();
        using var told = JsonDocument.Parse(ready.Task.GetAwaiter().GetResult());
        var address = told.RootElement.GetProperty("clients")[0].GetString()!;
        Port = int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
    }

    public int Port { get; }

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
        }

        _process.Dispose();
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
