using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Broker.Metrics;

namespace Barnabas.Broker.Network;

/// <summary>
/// What the connections of one broker on one loop share: the block they read into, the buffer they send from, requests for reuse, and who
/// has something to do. Owned by the loop, but for what says that any thread may use it.
/// </summary>
internal sealed class NetworkLoop
{
    private const int SendBufferBytes = 64 * 1024;
    private const int ScratchFreeBytesMin = 64 * 1024;

    [ThreadStatic]
    private static byte[]? _sendBuffer;

    private readonly NetworkServer _server;
    private readonly Stack<Request> _requests = new();
    private readonly List<Connection> _dirty = [];
    private readonly List<Connection> _stalled = [];
    private readonly List<Connection> _again = [];
    private readonly ActionTask _againTask;
    private readonly WakeTask _wake;
    private readonly ActionTimer _idleTimer;
    private BufferLease? _scratch;
    private int _scratchStart;
    private Connection? _oldest;
    private Connection? _newest;
    private Action? _whenEmpty;

    public NetworkLoop(NetworkServer server, Loop loop)
    {
        _server = server;
        Loop = loop;
        _againTask = new ActionTask(GoOn);
        _wake = new WakeTask(this);
        _idleTimer = new ActionTimer(CloseIdle);
        loop.TurnEnd = EndTurn;
    }

    public Loop Loop { get; }

    /// <summary>What was answered here.</summary>
    public RequestCounters Counters { get; } = new();

    public NetworkLimits Limits => _server.Limits;

    public Admission Admission => _server.Admission;

    /// <summary>Goes up with each turn, so that a connection knows when its share is fresh.</summary>
    public long TurnNumber { get; private set; }

    /// <summary>Connections that live here.</summary>
    public int Count { get; private set; }

    /// <summary>Where small replies are gathered; one per thread, as its bytes mean nothing between two sends.</summary>
    public Span<byte> SendBuffer => _sendBuffer ??= GC.AllocateUninitializedArray<byte>(SendBufferBytes, pinned: true);

    /// <summary>A connection has come to this loop.</summary>
    public void Add(Connection connection)
    {
        Count++;
        Append(connection);
        if (_oldest == connection)
        {
            ArmIdleTimer();
        }
    }

    /// <summary>A connection is used: it is now the last that grows idle.</summary>
    public void Touch(Connection connection)
    {
        if (_newest != connection)
        {
            Unlink(connection);
            Append(connection);
        }
        else
        {
            connection.LastUsedUs = Loop.NowUs;
        }
    }

    /// <summary>A connection has ended.</summary>
    public void Forget(Connection connection, string? reason)
    {
        Unlink(connection);
        Count--;
        _stalled.Remove(connection);
        _server.OnClosed(connection, reason);
        if (Count == 0)
        {
            Loop.Timers.Cancel(_idleTimer);
            _whenEmpty?.Invoke();
            _whenEmpty = null;
        }
    }

    /// <summary>The connection goes on at the end of this turn.</summary>
    public void MarkDirty(Connection connection)
    {
        if (!connection.IsDirty)
        {
            connection.IsDirty = true;
            _dirty.Add(connection);
        }
    }

    /// <summary>The connection has had its share of this turn and goes on in the next.</summary>
    public void Again(Connection connection)
    {
        _again.Add(connection);
        if (_again.Count == 1)
        {
            Loop.Post(_againTask);
        }
    }

    /// <summary>The connection waits until there is room in the bounds of all.</summary>
    public void Stall(Connection connection)
    {
        if (!connection.IsStalled)
        {
            connection.IsStalled = true;
            _stalled.Add(connection);
        }

        // Announced first and looked at again after: room that comes in between is seen by one of the two.
        Admission.AnnounceWaiting();
        if (!Admission.IsFullOfBytes && !Admission.IsFullOfRequests)
        {
            WakeStalled();
        }
    }

    /// <summary>There is room again. Any thread.</summary>
    public void WakeStalled() => _wake.PostOnce();

    /// <summary>A request for use.</summary>
    public Request Rent() => _requests.TryPop(out var request) ? request : new Request();

    /// <summary>A request that is done with.</summary>
    public void Return(Request request)
    {
        request.Clear();
        if (request.IsReusable && _requests.Count < NetworkLimits.RequestsKeptMax)
        {
            _requests.Push(request);
        }
    }

    /// <summary>The block to read into and where; <see cref="EndScratch"/> follows when bytes came.</summary>
    public BufferLease BeginScratch(out int start)
    {
        if (_scratch is not null && _scratch.CapacityBytes - _scratchStart < ScratchFreeBytesMin)
        {
            ReleaseScratch();
        }

        _scratch ??= FrameBlocks.Rent(FrameBlocks.ScratchBytes);
        start = _scratchStart;
        return _scratch;
    }

    /// <summary>
    /// The turn is through with what was read, up to <paramref name="end"/>. What somebody needs for longer stays: the next read goes
    /// behind it, or into another block.
    /// </summary>
    public void EndScratch(int end)
    {
        if (_scratch!.IsSole)
        {
            Poison(end);
            _scratchStart = 0;
        }
        else
        {
            _scratchStart = end;
        }
    }

    /// <summary>Reports a fault of ours.</summary>
    public void Report(string what, Exception fault) => _server.OnFault(what, fault);

    /// <summary>
    /// Takes no further requests and closes each connection when its replies have left; then calls <paramref name="whenEmpty"/>.
    /// </summary>
    public void Drain(Action whenEmpty)
    {
        if (Count == 0)
        {
            whenEmpty();
            return;
        }

        _whenEmpty = whenEmpty;
        for (var connection = _oldest; connection is not null;)
        {
            var next = connection.Newer;
            connection.Drain();
            connection = next;
        }
    }

    /// <summary>Closes all connections now.</summary>
    public void CloseAll()
    {
        while (_oldest is not null)
        {
            _oldest.Close(null);
        }
    }

    private void EndTurn()
    {
        for (var i = 0; i < _dirty.Count; i++)
        {
            var connection = _dirty[i];
            connection.IsDirty = false;
            connection.Advance();
        }

        _dirty.Clear();
        TurnNumber++;
        if (Count == 0)
        {
            ReleaseScratch();
        }
    }

    private void GoOn()
    {
        // Those that come again while this runs are for the next turn.
        var count = _again.Count;
        for (var i = 0; i < count; i++)
        {
            MarkDirty(_again[i]);
        }

        _again.RemoveRange(0, count);
    }

    private void RetryStalled()
    {
        foreach (var connection in _stalled)
        {
            connection.IsStalled = false;
            MarkDirty(connection);
        }

        _stalled.Clear();
    }

    private void Append(Connection connection)
    {
        connection.LastUsedUs = Loop.NowUs;
        connection.Older = _newest;
        connection.Newer = null;
        if (_newest is null)
        {
            _oldest = connection;
        }
        else
        {
            _newest.Newer = connection;
        }

        _newest = connection;
    }

    private void Unlink(Connection connection)
    {
        if (connection.Older is null)
        {
            _oldest = connection.Newer;
        }
        else
        {
            connection.Older.Newer = connection.Newer;
        }

        if (connection.Newer is null)
        {
            _newest = connection.Older;
        }
        else
        {
            connection.Newer.Older = connection.Older;
        }

        connection.Older = null;
        connection.Newer = null;
    }

    private void CloseIdle()
    {
        var deadlineUs = Loop.NowUs - IdleUsMax;
        while (_oldest is not null && _oldest.LastUsedUs <= deadlineUs)
        {
            if (_oldest.IsWaitedFor)
            {
                Touch(_oldest);
            }
            else
            {
                _oldest.Close("idle for too long");
            }
        }

        ArmIdleTimer();
    }

    // The longest times that may be set are beyond what microseconds can count.
    private long IdleUsMax => Math.Min(Limits.IdleMsMax, long.MaxValue / 4000) * 1000;

    private void ArmIdleTimer()
    {
        if (_oldest is not null && Limits.IdleMsMax > 0)
        {
            Loop.Timers.Set(_idleTimer, _oldest.LastUsedUs + IdleUsMax);
        }
    }

    private void ReleaseScratch()
    {
        _scratch?.Release();
        _scratch = null;
        _scratchStart = 0;
    }

    [System.Diagnostics.Conditional("DEBUG")]
    private void Poison(int end) => _scratch!.Span[..end].Fill(0xDB);

    /// <summary>Brings the news of room to the loop, once for many; owned by the loop, posted by any thread.</summary>
    private sealed class WakeTask(NetworkLoop network) : LoopTask
    {
        private int _queued;

        public void PostOnce()
        {
            if (Interlocked.Exchange(ref _queued, 1) == 0)
            {
                network.Loop.Post(this);
            }
        }

        public override void Run()
        {
            Volatile.Write(ref _queued, 0);
            network.RetryStalled();
        }
    }
}
