using Barnabas.Base;

namespace Barnabas.Broker.Worlds;

/// <summary>Which of the two implementations of the wire carries the bytes.</summary>
public enum WireKind
{
    /// <summary>Own epoll loops: Linux, plain text.</summary>
    Epoll,

    /// <summary>Asynchronous .NET sockets: every platform.</summary>
    Sockets,
}

/// <summary>
/// The threads of this process, shared by all brokers in it: I/O loops, one more thread for loops that must never wait behind a produce
/// (controller, Raft), the background pool and the cleaners' threads. Started by the first broker and stopped by the last. Safe from any
/// thread.
/// </summary>
public sealed class IoLoopGroup : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<WireKind, SharedThreads> Shared = [];

    private readonly SharedThreads _threads;
    private readonly LoopHost[] _hosts;
    private bool _released;

    private IoLoopGroup(SharedThreads threads, SystemClock clock)
    {
        _threads = threads;
        _hosts = threads.Io.Select(thread => new LoopHost(thread, clock)).ToArray();
        Control = new LoopHost(threads.Control, clock);
        BackgroundLoops = new LoopHost(threads.Control, clock, threads.Background);
        CleaningLoops = new LoopHost(threads.Control, clock, threads.Cleaning);
    }

    /// <summary>The wire of this platform unless another is asked for.</summary>
    public static WireKind DefaultKind => OperatingSystem.IsLinux() ? WireKind.Epoll : WireKind.Sockets;

    /// <summary>The kind of wire that these loops carry.</summary>
    public WireKind Kind => _threads.Kind;

    /// <summary>One host per I/O thread, for the connections and shards of one broker.</summary>
    public IReadOnlyList<LoopHost> Io => _hosts;

    /// <summary>The host for controller and Raft: a thread without sockets.</summary>
    public LoopHost Control { get; }

    /// <summary>The host for loops whose turns may block; they run on the background pool.</summary>
    public LoopHost BackgroundLoops { get; }

    /// <summary>The host for loops that keep a core busy for long; whoever answers requests does not wait for them.</summary>
    public LoopHost CleaningLoops { get; }

    /// <summary>For work that may block.</summary>
    public BackgroundPool Background => _threads.Background;

    /// <summary>A broker's share of the threads. The first broker of the process says how many there are.</summary>
    /// <param name="kind">The wire that the broker uses.</param>
    /// <param name="clock">The broker's clock.</param>
    /// <param name="ioThreads">I/O threads if none run yet; 0 for one per core.</param>
    /// <param name="onSlowTurn">Told name and microseconds of slow turns if none run yet; on the thread that was slow.</param>
    public static IoLoopGroup Acquire(WireKind kind, SystemClock clock, int ioThreads = 0, Action<string, long>? onSlowTurn = null)
    {
        Check.That(kind != WireKind.Epoll || OperatingSystem.IsLinux());
        lock (Gate)
        {
            if (!Shared.TryGetValue(kind, out var threads))
            {
                Shared.Add(kind, threads = new SharedThreads(kind, ioThreads > 0 ? ioThreads : Environment.ProcessorCount, onSlowTurn));
            }

            threads.Users++;
            return new IoLoopGroup(threads, clock);
        }
    }

    /// <summary>
    /// Gives the share back; the last broker stops the threads. Not from one of them. The broker's loops must be idle for good.
    /// </summary>
    public void Dispose()
    {
        lock (Gate)
        {
            if (_released)
            {
                return;
            }

            _released = true;
            foreach (var host in _hosts)
            {
                host.Dispose();
            }

            Control.Dispose();
            BackgroundLoops.Dispose();
            CleaningLoops.Dispose();
            if (--_threads.Users == 0)
            {
                Shared.Remove(_threads.Kind);
                _threads.Stop();
            }
        }
    }

    /// <summary>The threads themselves; its count of users is guarded by the gate.</summary>
    private sealed class SharedThreads
    {
        private const int BackgroundThreads = 3, CleaningThreads = 2;

        public SharedThreads(WireKind kind, int ioThreads, Action<string, long>? onSlowTurn)
        {
            Kind = kind;
            Io = new IoLoop[ioThreads];
            for (var i = 0; i < ioThreads; i++)
            {
                Io[i] = kind == WireKind.Epoll ? new EpollIoLoop($"io-{i}") : new PortableIoLoop($"io-{i}");
            }

            Control = new PortableIoLoop("control");
            Background = new BackgroundPool(BackgroundThreads);
            Cleaning = new BackgroundPool(CleaningThreads, "cleaner", givesWay: true);
            foreach (var thread in Io.Append(Control))
            {
                thread.OnSlowTurn = onSlowTurn;
                thread.Start();
            }
        }

        public WireKind Kind { get; }

        public IoLoop[] Io { get; }

        public IoLoop Control { get; }

        public BackgroundPool Background { get; }

        public BackgroundPool Cleaning { get; }

        public int Users { get; set; }

        public void Stop()
        {
            // Background work may still post to the loops, and the loops may still run it out.
            Cleaning.Dispose();
            Background.Dispose();
            Control.Dispose();
            foreach (var thread in Io)
            {
                thread.Dispose();
            }
        }
    }
}
