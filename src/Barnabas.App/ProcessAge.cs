using System.Diagnostics;
using System.Globalization;

namespace Barnabas.App;

/// <summary>How long this process has been running, including the start of the runtime. Stateless.</summary>
internal static class ProcessAge
{
    private const int StartTimeField = 22;
    private const double TicksPerSecond = 100; // of /proc on every Linux of today

    /// <summary>Milliseconds, with a resolution of about ten.</summary>
    public static long Ms()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (long)(DateTime.Now - Process.GetCurrentProcess().StartTime).TotalMilliseconds;
        }

        var stat = File.ReadAllText("/proc/self/stat");
        var uptime = File.ReadAllText("/proc/uptime");
        // The name of the program is the second field, in parentheses, and may hold spaces.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var startedAt = double.Parse(fields[StartTimeField - 3], CultureInfo.InvariantCulture) / TicksPerSecond;
        var now = double.Parse(uptime.AsSpan(0, uptime.IndexOf(' ')), CultureInfo.InvariantCulture);
        return (long)((now - startedAt) * 1000);
    }
}
