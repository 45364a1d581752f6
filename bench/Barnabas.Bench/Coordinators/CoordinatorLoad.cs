using System.Diagnostics;

namespace Barnabas.Bench.Coordinators;

/// <summary>How long a load runs before it counts, how long it counts, and which share of its size it has.</summary>
internal sealed record LoadTimes(TimeSpan WarmUp, TimeSpan Measured, double Scale)
{
    /// <summary>A count of the full load in the size that was asked for.</summary>
    public int Scaled(int count) => Math.Max(1, (int)(count * Scale));
}

/// <summary>What a load came to: operations in the time that counts, and what the broker took for them.</summary>
internal sealed record LoadFigures(long Operations, double Seconds, double CpuSeconds, string Note);

/// <summary>A broker under load by several connections, each with a thread of its own. Owned by the benchmark.</summary>
internal sealed class CoordinatorLoad(BenchBroker broker, LoadTimes times, string data)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private volatile bool _stops;
    private Exception? _failure;

    public BenchBroker Broker => broker;

    public LoadTimes Times => times;

    /// <summary>The broker's folder.</summary>
    public string Data => data;

    /// <summary>True until the measured time is over.</summary>
    public bool Goes => !_stops;

    /// <summary>Milliseconds since the load began.</summary>
    public double NowMs => _watch.Elapsed.TotalMilliseconds;

    /// <summary>
    /// Creates topics and has the coordinators of groups (0) or transactions (1) come up; Kafka's load for a moment after their topic is
    /// there.
    /// </summary>
    public void Prepare(sbyte coordinators, int partitions, params string[] topics)
    {
        using var admin = new LoadClient(broker.Port);
        Array.ForEach(topics, topic => admin.CreateTopic(topic, partitions));
        admin.AwaitCoordinator(coordinators, "g-0");
        Thread.Sleep(3000);
    }

    /// <summary>Runs a thread per connection; throws what one of them threw.</summary>
    public void OnConnections(int count, Action<int, LoadClient> run)
    {
        var threads = Begin(count, run);
        Join(threads);
    }

    /// <summary>
    /// Runs a thread per connection for the warm-up and the measured time; each adds to its own counter. The note is asked for when the
    /// time is over.
    /// </summary>
    public LoadFigures Measure(int connections, Action<int, LoadClient, LoadCounter> run, Func<string>? note = null)
    {
        var counters = Enumerable.Range(0, connections).Select(_ => new LoadCounter()).ToArray();
        var threads = Begin(connections, (i, client) => run(i, client, counters[i]));
        Wait(times.WarmUp);
        var (cpu, from, count) = (broker.CpuSeconds(), NowMs, counters.Sum(c => c.Count));
        Wait(times.Measured);
        var figures = new LoadFigures(
            counters.Sum(c => c.Count) - count, (NowMs - from) / 1000, broker.CpuSeconds() - cpu, note?.Invoke() ?? "");
        _stops = true;
        Join(threads);
        return figures;
    }

    /// <summary>Measures what is done once.</summary>
    public LoadFigures Measure(Func<long> run, Func<string> note)
    {
        var (cpu, from) = (broker.CpuSeconds(), NowMs);
        var count = run();
        return new LoadFigures(count, (NowMs - from) / 1000, broker.CpuSeconds() - cpu, note());
    }

    private Thread[] Begin(int count, Action<int, LoadClient> run)
    {
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            try
            {
                using var client = new LoadClient(broker.Port);
                run(i, client);
            }
            catch (Exception e)
            {
                _failure ??= e;
                _stops = true;
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        return threads;
    }

    private void Join(Thread[] threads)
    {
        Array.ForEach(threads, thread => thread.Join());
        if (_failure is not null)
        {
            throw new InvalidOperationException("the load failed", _failure);
        }
    }

    // Not longer than until somebody fails.
    private void Wait(TimeSpan time)
    {
        for (var end = NowMs + time.TotalMilliseconds; NowMs < end && !_stops;)
        {
            Thread.Sleep(20);
        }
    }
}

/// <summary>Operations of one connection. Written by its thread, read by the benchmark.</summary>
internal sealed class LoadCounter
{
    private long _count;

    public long Count => Volatile.Read(ref _count);

    public void Add(long count) => Volatile.Write(ref _count, _count + count);
}
