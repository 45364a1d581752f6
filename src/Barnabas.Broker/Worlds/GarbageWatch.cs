namespace Barnabas.Broker.Worlds;

/// <summary>
/// Collects the youngest garbage after every <see cref="BudgetBytes"/>. The runtime waits for as much as the processor's last cache holds,
/// which on a shared server is hundreds of megabytes, resident until then. One for the process, and only where the program asks for it: in
/// an embedded broker the process is somebody else's. Any thread.
/// </summary>
public static class GarbageWatch
{
    /// <summary>Bytes between two collections. Requests allocate nothing: administration reaches this, not traffic.</summary>
    public const long BudgetBytes = 8 << 20;

    private static long _nextBytes = long.MaxValue;

    /// <summary>From now on threads of the broker look.</summary>
    public static void Start() => Volatile.Write(ref _nextBytes, GC.GetTotalAllocatedBytes() + BudgetBytes);

    /// <summary>Collects if it is time. At the end of a thread's round, when it holds nothing.</summary>
    internal static void Look()
    {
        var next = Volatile.Read(ref _nextBytes);
        if (next == long.MaxValue)
        {
            return;
        }

        var allocated = GC.GetTotalAllocatedBytes();
        if (allocated < next || Interlocked.CompareExchange(ref _nextBytes, allocated + BudgetBytes, next) != next)
        {
            return;
        }

        GC.Collect(0, GCCollectionMode.Forced, blocking: true);
    }
}
