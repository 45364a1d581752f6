using System.Runtime.InteropServices;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// How much of a core a thread may have before others have their turn. Linux lets a busy thread run for some milliseconds before one that
/// wakes up may have its core, which is what a request takes ten times over; a thread with a short slice is put aside at once, and gets no
/// less in all. What it gets while others want its core is a small share, by its nice value. Stateless.
/// </summary>
internal static unsafe partial class ThreadShare
{
    /// <summary>The shortest slice that Linux grants.</summary>
    internal const long ShortestSliceNs = 100_000;

    /// <summary>
    /// A tenth of what a thread with ordinary work gets where both want the same core: little, but enough that the garbage collector, which
    /// waits for every thread, does not wait long for this one.
    /// </summary>
    internal const int Nice = 10;

    // The call's number depends on the processor; on others nothing is asked for.
    private static readonly int SetAttributes = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 314,
        Architecture.Arm64 => 274,
        _ => -1,
    };

    /// <summary>
    /// Gives the calling thread the small share, and the shortest slice where the system knows of slices (Linux 6.12 and later); on other
    /// systems nothing happens.
    /// </summary>
    public static void GiveWay()
    {
        if (OperatingSystem.IsLinux() && SetAttributes >= 0)
        {
            var attributes = new Attributes { SizeBytes = (uint)sizeof(Attributes), SliceNs = ShortestSliceNs, Nice = Nice };
            _ = Call(SetAttributes, 0, &attributes, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, int thread, Attributes* attributes, uint flags);

    /// <summary>The system's <c>struct sched_attr</c>, first version: an ordinary thread, with a slice.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Attributes
    {
        public uint SizeBytes;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong SliceNs;
        public ulong DeadlineNs;
        public ulong PeriodNs;
    }
}
