using System.Net;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Metrics;

namespace Barnabas.Broker.Network;

/// <summary>What the network tells about itself. Called on loops, so that nothing may block. Immutable.</summary>
/// <param name="Fault">A fault of ours: a handler failed.</param>
/// <param name="Notice">Something that an operator who looks closely wants to know: why a connection was closed or refused.</param>
public sealed record NetworkLog(Action<string, Exception>? Fault = null, Action<string>? Notice = null);

/// <summary>
/// The network of one broker: its listeners, its connections on their loops, and the bounds of all. Listening and stopping are for one
/// caller at a time; counts may be read by any thread.
/// </summary>
public sealed class NetworkServer
{
    private const long RefusalNoticeUs = 1_000_000;

    private readonly IWire _wire;
    private readonly IReadOnlyList<Loop> _loops;
    private readonly NetworkLoop[] _networkLoops;
    private readonly ConnectionCounts _counts;
    private readonly NetworkLog _log;
    private Listener[] _listeners = [];
    private long _lastConnectionId;
    private long _refused;
    private long _nextRefusalNoticeUs = long.MinValue;
    private NetworkLimits _limits;
    private bool _stopped;
    private bool _resumed;

    /// <summary>Makes a network that does not listen yet.</summary>
    /// <param name="wire">Carries the bytes.</param>
    /// <param name="loops">Own the connections, and belong to this network alone.</param>
    /// <param name="limits">All bounds.</param>
    /// <param name="log">Told what happens.</param>
    public NetworkServer(IWire wire, IReadOnlyList<Loop> loops, NetworkLimits limits, NetworkLog? log = null)
    {
        _wire = wire;
        _loops = loops;
        _log = log ?? new NetworkLog();
        _counts = new ConnectionCounts(this);
        _limits = limits;
        var bytesMax = limits.RequestBytesHeldMax < 0 ? NetworkLimits.RequestBytesHeldDefault : limits.RequestBytesHeldMax;
        Admission = new Admission(bytesMax, limits.RequestsQueuedMax);
        _networkLoops = loops.Select(loop => new NetworkLoop(this, loop)).ToArray();
        Admission.SetLoops(_networkLoops);
        Counters = _networkLoops.Select(networkLoop => networkLoop.Counters).ToArray();
    }

    /// <summary>The bounds in force.</summary>
    public NetworkLimits Limits => Volatile.Read(ref _limits);

    /// <summary>Connections that are open.</summary>
    public int ConnectionCount => _counts.Count;

    /// <summary>Connections that were accepted so far.</summary>
    public long AcceptedCount => Volatile.Read(ref _lastConnectionId);

    /// <summary>Connections that were turned away so far.</summary>
    public long RefusedCount => Volatile.Read(ref _refused);

    /// <summary>Bytes of requests in memory now, over all connections, without those that are cut and handled within one turn.</summary>
    public long RequestBytesHeld => Admission.Bytes;

    /// <summary>What was answered, by loop.</summary>
    public IReadOnlyList<RequestCounters> Counters { get; }

    internal Admission Admission { get; }

    /// <summary>Listens under a name; with <paramref name="paused"/> connections wait in the backlog until <see cref="Resume"/>.</summary>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    public Listener Listen(string name, IPEndPoint endPoint, HandlerTable handlers, bool paused = false)
    {
        var listener = new Listener(this, name, handlers);
        listener.Open(_wire, endPoint, Limits.BacklogMax, _loops, paused);
        Volatile.Write(ref _listeners, [.. _listeners, listener]);
        return listener;
    }

    /// <summary>Lets in the connections that wait at listeners that began paused.</summary>
    public void Resume()
    {
        Volatile.Write(ref _resumed, true);
        PauseListeners(_counts.IsFull);
    }

    /// <summary>
    /// Goes by other limits of connections from now on; those that are open stay. The bounds of requests stay what they were at start.
    /// </summary>
    public void Use(NetworkLimits limits)
    {
        Volatile.Write(ref _limits, limits);
        if (Volatile.Read(ref _resumed))
        {
            PauseListeners(_counts.IsFull);
        }
    }

    /// <summary>
    /// Stops: frees the ports, takes no further requests, sends the replies of those in flight for at most <paramref name="drainMax"/> of
    /// real time, closes all connections. Requests that are still parked then are cancelled. Not from a loop.
    /// </summary>
    public async Task StopAsync(TimeSpan drainMax)
    {
        await OnLoop(_loops[0], CloseListeners).ConfigureAwait(false);

        // What a listener had accepted by now is on its way to its loop ahead of what follows.
        var drained = _networkLoops.Select(DrainAsync).ToArray();
        try
        {
            await Task.WhenAll(drained).WaitAsync(drainMax).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            await Task.WhenAll(_networkLoops.Select(loop => OnLoop(loop.Loop, loop.CloseAll))).ConfigureAwait(false);
        }

        // One more turn each, so that nothing of this network is left in the queues.
        await Task.WhenAll(_loops.Select(loop => OnLoop(loop, () => { }))).ConfigureAwait(false);
    }

    internal bool Admit(IPEndPoint remote)
    {
        if (!_counts.TryAdd(remote.Address))
        {
            Interlocked.Increment(ref _refused);
            _log.Notice?.Invoke($"{remote.Address} has too many connections");
            return false;
        }

        if (_counts.IsFull)
        {
            PauseListeners(true);

            // One may have closed before its thread could see that the listeners pause.
            if (!_counts.IsFull)
            {
                PauseListeners(false);
            }
        }

        return true;
    }

    internal IWireEvents? Accept(Listener listener, IWireSocket socket, Loop loop)
    {
        if (Volatile.Read(ref _stopped))
        {
            _counts.Remove(socket.RemoteEndPoint.Address);
            return null;
        }

        var networkLoop = _networkLoops.First(candidate => candidate.Loop == loop);
        var connection = new Connection(networkLoop, socket, listener, Interlocked.Increment(ref _lastConnectionId));
        networkLoop.Add(connection);
        return connection;
    }

    internal void OnClosed(Connection connection, string? reason)
    {
        _counts.Remove(connection.RemoteEndPoint.Address);
        if (!_counts.IsFull)
        {
            PauseListeners(false);
        }

        if (reason is not null)
        {
            _log.Notice?.Invoke($"closed {connection.RemoteEndPoint}: {reason}");
        }
    }

    internal void OnRefused(Listener listener, string reason)
    {
        // A storm of connections is one notice a second.
        Interlocked.Increment(ref _refused);
        var nowUs = _loops[0].NowUs;
        if (nowUs >= _nextRefusalNoticeUs)
        {
            _nextRefusalNoticeUs = nowUs + RefusalNoticeUs;
            _log.Notice?.Invoke($"listener {listener.Name} refuses connections: {reason}");
        }
    }

    internal void OnFault(string what, Exception fault) => _log.Fault?.Invoke(what, fault);

    private void CloseListeners()
    {
        foreach (var listener in _listeners)
        {
            listener.Close();
        }

        Volatile.Write(ref _stopped, true);
    }

    private void PauseListeners(bool paused)
    {
        foreach (var listener in Volatile.Read(ref _listeners))
        {
            listener.Pause(paused);
        }
    }

    private static Task DrainAsync(NetworkLoop networkLoop)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        networkLoop.Loop.Post(new ActionTask(() => networkLoop.Drain(() => done.TrySetResult())));
        return done.Task;
    }

    private static Task OnLoop(Loop loop, Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(new ActionTask(() =>
        {
            action();
            done.SetResult();
        }));
        return done.Task;
    }
}
