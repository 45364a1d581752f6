using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Barnabas.Conformance.Support;

/// <summary>
/// A process that a test started, with what it printed. Owned by the test that started it; whatever is still running when the test
/// process ends is ended then, by its id.
/// </summary>
internal sealed partial class Child : IDisposable
{
    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int SigStop = 19;
    public const int SigContinue = 18;

    private static readonly ConcurrentDictionary<int, Process> Running = new();

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();

    static Child() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var left in Running.Values)
        {
            End(left);
        }
    };

    private Child(Process process) => this.process = process;

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>Standard output so far.</summary>
    public string Output { get { lock (output) { return output.ToString(); } } }

    /// <summary>Standard error so far.</summary>
    public string Errors { get { lock (errors) { return errors.ToString(); } } }

    /// <summary>Starts a program; <paramref name="environment"/> adds to the variables of the test process.</summary>
    public static Child Start(string program, IEnumerable<string> arguments, string? folder = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var child = new Child(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start"));
        Running[child.Id] = child.process;
        child.process.OutputDataReceived += (_, line) => Add(child.output, line.Data);
        child.process.ErrorDataReceived += (_, line) => Add(child.errors, line.Data);
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Sends a signal to the process, and to nothing else.</summary>
    public void Signal(int signal)
    {
        if (!process.HasExited && Kill(process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"signal {signal} to {process.Id}: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>The exit code; a process that does not end in time is killed and fails the test.</summary>
    public int WaitForExit(TimeSpan limit)
    {
        if (!process.WaitForExit(limit))
        {
            End(process);
            throw new TimeoutException($"process {process.Id} did not end in {limit.TotalSeconds} s\n{Output}\n{Errors}");
        }

        process.WaitForExit(); // also waits until the output has been read to its end
        Running.TryRemove(process.Id, out _);
        return process.ExitCode;
    }

    /// <summary>Ends standard input.</summary>
    public void EndInput() => process.StandardInput.Close();

    /// <summary>Writes a line to standard input.</summary>
    public void WriteLine(string line) => process.StandardInput.WriteLine(line);

    public void Dispose()
    {
        Running.TryRemove(process.Id, out _);
        End(process);
        process.Dispose();
    }

    private static void Add(StringBuilder to, string? line)
    {
        if (line is not null)
        {
            lock (to)
            {
                to.AppendLine(line);
            }
        }
    }

    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit(TimeSpan.FromSeconds(10));
            }
        }
        catch (InvalidOperationException)
        {
            // It ended in between.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
