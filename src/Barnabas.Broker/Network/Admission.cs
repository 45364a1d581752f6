namespace Barnabas.Broker.Network;

/// <summary>
/// What all connections of a broker may hold together: bytes of requests in memory, and requests that were started and have not taken
/// effect. Full means that sockets are not read. Safe from any thread; every loop of the broker owns its own waiting connections.
/// </summary>
internal sealed class Admission(long bytesMax, int requestsMax)
{
    private NetworkLoop[] _loops = [];
    private object? _privileged;
    private long _bytes;
    private int _requests;
    private int _waiting;

    /// <summary>Bytes held.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Requests started and not applied.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>True when no frame that is not begun yet should be read.</summary>
    public bool IsFullOfBytes => Bytes >= bytesMax;

    /// <summary>True when no further request should be started.</summary>
    public bool IsFullOfRequests => Requests >= requestsMax;

    /// <summary>Names the loops that are woken when there is room again. Before the first connection.</summary>
    public void SetLoops(NetworkLoop[] loops) => _loops = loops;

    /// <summary>Counts bytes that have arrived already.</summary>
    public void AddBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>
    /// Room for more of a frame that has begun. When all is taken by frames that are not whole, one of them may go on beyond the bound, or
    /// none would ever end: the first that asks, until it calls <see cref="GiveBytes"/>.
    /// </summary>
    public bool TryAddBytes(long bytes, object frame)
    {
        if (Bytes + bytes <= bytesMax || Volatile.Read(ref _privileged) == frame
            || Interlocked.CompareExchange(ref _privileged, frame, null) is null)
        {
            AddBytes(bytes);
            return true;
        }

        return false;
    }

    /// <summary>Bytes were let go, by the frame that may have gone beyond the bound.</summary>
    public void GiveBytes(long bytes, object? frame)
    {
        if (frame is not null)
        {
            Interlocked.CompareExchange(ref _privileged, null, frame);
        }

        Interlocked.Add(ref _bytes, -bytes);
        WakeWaiting();
    }

    /// <summary>A request was started that has not taken effect at once.</summary>
    public void AddRequest() => Interlocked.Increment(ref _requests);

    /// <summary>It has taken effect.</summary>
    public void GiveRequest()
    {
        Interlocked.Decrement(ref _requests);
        WakeWaiting();
    }

    /// <summary>
    /// A loop has a connection that waits for room: it is woken at the next release. The caller looks once more afterwards, as room may
    /// have come in between.
    /// </summary>
    public void AnnounceWaiting() => Interlocked.Exchange(ref _waiting, 1);

    private void WakeWaiting()
    {
        if (Volatile.Read(ref _waiting) != 0 && Interlocked.Exchange(ref _waiting, 0) != 0)
        {
            foreach (var loop in _loops)
            {
                loop.WakeStalled();
            }
        }
    }
}
