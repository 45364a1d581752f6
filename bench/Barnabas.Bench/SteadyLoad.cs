using System.Diagnostics;

namespace Barnabas.Bench;

/// <summary>
/// Produces at a fixed rate to the topic "load", one partition a thread, whatever the answers do: the time of each request counts from when
/// it was due. Owned by the benchmark; its threads only add to their own lists.
/// </summary>
internal sealed class SteadyLoad
{
    private const int RecordsPerRequest = 5;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly List<(double DueMs, double TookMs)>[] _requests;
    private readonly Thread[] _threads;
    private volatile bool _stops;

    public SteadyLoad(int port, int threads, double requestsPerSecond)
    {
        _requests = [.. Enumerable.Range(0, threads).Select(_ => new List<(double, double)>(1 << 20))];
        _threads = [.. Enumerable.Range(0, threads).Select(i => new Thread(() => Run(port, i, requestsPerSecond)))];
        Array.ForEach(_threads, thread => thread.Start());
    }

    /// <summary>The times of the requests that were due while the action ran, sorted.</summary>
    public (double[] SortedMs, double Seconds) During(Action action)
    {
        var from = _watch.Elapsed;
        action();
        var to = _watch.Elapsed;
        Thread.Sleep(1000); // the last of them are answered
        var times = new List<double>();
        foreach (var requests in _requests)
        {
            lock (requests)
            {
                times.AddRange(requests.Where(r => r.DueMs >= from.TotalMilliseconds && r.DueMs < to.TotalMilliseconds)
                    .Select(r => r.TookMs));
            }
        }

        return ([.. times.Order()], (to - from).TotalSeconds);
    }

    public void Stop()
    {
        _stops = true;
        Array.ForEach(_threads, thread => thread.Join());
    }

    private void Run(int port, int partition, double requestsPerSecond)
    {
        using var client = new LoadClient(port);
        var random = new Random(partition);
        var startMs = _watch.Elapsed.TotalMilliseconds;
        for (var i = 0; !_stops; i++)
        {
            var dueMs = startMs + (i * 1000 / requestsPerSecond);
            var batch = LoadClient.Batch(random, RecordsPerRequest, 1000);
            if (dueMs - _watch.Elapsed.TotalMilliseconds is > 0 and var earlyMs)
            {
                Thread.Sleep(TimeSpan.FromMilliseconds(earlyMs));
            }

            var fromMs = Math.Min(dueMs, _watch.Elapsed.TotalMilliseconds); // a sleep may end early
            client.Produce("load", partition, batch);
            lock (_requests[partition])
            {
                _requests[partition].Add((dueMs, _watch.Elapsed.TotalMilliseconds - fromMs));
            }
        }
    }
}
