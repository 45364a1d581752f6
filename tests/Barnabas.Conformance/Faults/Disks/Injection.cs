using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Faults.Disks;

/// <summary>
/// System calls of a running process that fail from now on, as strace makes them, until this is disposed. Owned by the test that made it.
/// </summary>
internal sealed class Injection : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly Child strace;

    /// <summary>Attaches to a process, all of its threads, and waits until the calls are being watched.</summary>
    /// <param name="process">The process.</param>
    /// <param name="calls">System calls, separated by commas; ? before one that not every machine has.</param>
    /// <param name="errno">The error, such as EIO.</param>
    /// <param name="paths">The files whose calls fail.</param>
    public Injection(int process, string calls, string errno, params string[] paths)
    {
        strace = Child.Start("strace",
        [
            "-f", "-p", $"{process}", "-e", $"trace={calls}", "-e", $"inject={calls}:error={errno}",
            .. paths.SelectMany(path => new[] { "-P", path }),
        ]);
        Assert.True(
            SpinWait.SpinUntil(() => strace.Errors.Contains("attached", StringComparison.Ordinal) || strace.HasExited, Limit),
            "strace did not attach");
        Assert.False(strace.HasExited, strace.Errors);
    }

    /// <summary>What was seen of the calls.</summary>
    public string Seen => strace.Errors;

    public void Dispose()
    {
        // It lets the process go at this signal.
        strace.Signal(Child.SigTerm);
        strace.WaitForExit(Limit);
        strace.Dispose();
    }
}
