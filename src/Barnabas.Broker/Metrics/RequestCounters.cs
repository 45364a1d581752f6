using System.Numerics;
using Barnabas.Messages;

namespace Barnabas.Broker.Metrics;

/// <summary>
/// What one loop has answered. Owned by the loop, which only adds; any thread may read, and sees each number a moment old.
/// </summary>
/// <remarks>Plain numbers: counting a request is a handful of additions in memory that no other core writes, and allocates
/// nothing.</remarks>
public sealed class RequestCounters
{
    /// <summary>Classes of latency: the first is below 1 µs, each further one twice as wide, the last has no end.</summary>
    public const int LatencyClasses = 28;

    private readonly long[] _requests = new long[ApiTable.KeyCount];
    private readonly long[] _latencyUs = new long[ApiTable.KeyCount];
    private readonly long[] _byLatency = new long[ApiTable.KeyCount * LatencyClasses];
    private long _bytesIn;
    private long _bytesOut;

    /// <summary>Bytes of requests, with their lengths in front.</summary>
    public long BytesIn => Volatile.Read(ref _bytesIn);

    /// <summary>Bytes of replies, with their lengths in front.</summary>
    public long BytesOut => Volatile.Read(ref _bytesOut);

    /// <summary>Requests of an API.</summary>
    public long Requests(int apiKey) => Volatile.Read(ref _requests[apiKey]);

    /// <summary>Sum of the latencies of an API's requests, microseconds.</summary>
    public long LatencyUs(int apiKey) => Volatile.Read(ref _latencyUs[apiKey]);

    /// <summary>
    /// Adds an API's requests by class of latency to <paramref name="sums"/>, which has <see cref="LatencyClasses"/> places.
    /// </summary>
    public void AddLatencies(int apiKey, Span<long> sums)
    {
        for (var i = 0; i < LatencyClasses; i++)
        {
            sums[i] += Volatile.Read(ref _byLatency[(apiKey * LatencyClasses) + i]);
        }
    }

    /// <summary>The highest latency of a class, microseconds.</summary>
    public static long LatencyUsMax(int latencyClass) => 1L << latencyClass;

    /// <summary>A request's reply has left for the socket, or will never come. Only the loop.</summary>
    internal void Count(ApiKey key, int bytesIn, int bytesOut, long latencyUs)
    {
        var api = (int)key;
        var latencyClass = Math.Min(64 - BitOperations.LeadingZeroCount((ulong)Math.Max(latencyUs, 0)), LatencyClasses - 1);
        Volatile.Write(ref _requests[api], _requests[api] + 1);
        Volatile.Write(ref _latencyUs[api], _latencyUs[api] + latencyUs);
        Volatile.Write(ref _byLatency[(api * LatencyClasses) + latencyClass], _byLatency[(api * LatencyClasses) + latencyClass] + 1);
        Volatile.Write(ref _bytesIn, _bytesIn + bytesIn);
        Volatile.Write(ref _bytesOut, _bytesOut + bytesOut);
    }
}
