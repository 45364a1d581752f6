namespace Barnabas.Broker.Metrics;

/// <summary>
/// The latencies of one API since they were last looked at, by class. Owned by the meter, which reads under its lock.
/// </summary>
internal sealed class LatencyWindow
{
    private readonly long[] _before = new long[RequestCounters.LatencyClasses];
    private readonly long[] _window = new long[RequestCounters.LatencyClasses];

    /// <summary>Requests in the window.</summary>
    public long Count { get; private set; }

    /// <summary>Begins a new window that ends now, at the given sums since the start.</summary>
    public void Advance(ReadOnlySpan<long> sums)
    {
        Count = 0;
        for (var i = 0; i < sums.Length; i++)
        {
            _window[i] = sums[i] - _before[i];
            _before[i] = sums[i];
            Count += _window[i];
        }
    }

    /// <summary>
    /// The latency that a share of the window's requests does not exceed, microseconds, as the upper end of its class; 0 for an empty
    /// window.
    /// </summary>
    public long QuantileUs(double share)
    {
        var rank = (long)Math.Ceiling(Count * share);
        for (var i = 0; i < _window.Length; i++)
        {
            rank -= _window[i];
            if (rank <= 0 && Count > 0)
            {
                return RequestCounters.LatencyUsMax(i);
            }
        }

        return 0;
    }
}
