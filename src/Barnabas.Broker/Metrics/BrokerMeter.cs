using System.Diagnostics.Metrics;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Broker.Metrics;

/// <summary>
/// The meter <c>Barnabas</c> of one broker: instruments that read, when somebody listens, what loops count anyway. Nothing runs while
/// nobody listens. Any thread may make and dispose it.
/// </summary>
public sealed class BrokerMeter : IDisposable
{
    /// <summary>The name under which dotnet-counters and others find it.</summary>
    public const string Name = "Barnabas";

    private static readonly (string Name, double Share)[] Quantiles = [("0.5", 0.5), ("0.99", 0.99), ("0.999", 0.999)];

    private readonly Lock _lock = new();
    private readonly Meter _meter;
    private readonly NetworkServer _network;
    private readonly IoLoopGroup _loops;
    private readonly LatencyWindow?[] _windows = new LatencyWindow?[ApiTable.KeyCount];
    private readonly KeyValuePair<string, object?>[] _apiTags = new KeyValuePair<string, object?>[ApiTable.KeyCount];

    /// <summary>Makes the instruments.</summary>
    /// <param name="nodeId">Tells the brokers of one process apart.</param>
    /// <param name="network">Counts requests and connections.</param>
    /// <param name="loops">Count their turns.</param>
    /// <param name="partitions">How many partitions the broker hosts now; called from any thread.</param>
    public BrokerMeter(int nodeId, NetworkServer network, IoLoopGroup loops, Func<int> partitions)
    {
        _network = network;
        _loops = loops;
        for (short key = 0; key < ApiTable.KeyCount; key++)
        {
            _apiTags[key] = new KeyValuePair<string, object?>("api", ApiTable.Find(key)?.Name ?? "unknown");
        }

        _meter = new Meter(Name, null, [new KeyValuePair<string, object?>("node.id", nodeId)]);
        MakeRequestInstruments();
        _meter.CreateObservableUpDownCounter("barnabas.partitions", () => partitions(), "{partition}", "Partitions that this broker hosts");
        _meter.CreateObservableUpDownCounter(
            "barnabas.connections", () => network.ConnectionCount, "{connection}", "Connections that are open");
        _meter.CreateObservableCounter(
            "barnabas.connections.accepted", () => network.AcceptedCount, "{connection}", "Connections that were accepted");
        _meter.CreateObservableCounter(
            "barnabas.connections.refused", () => network.RefusedCount, "{connection}", "Connections that were turned away");
        _meter.CreateObservableUpDownCounter(
            "barnabas.request.bytes.held", () => network.RequestBytesHeld, "By", "Bytes of requests in memory");
        MakeLoopInstruments();
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void MakeRequestInstruments()
    {
        _meter.CreateObservableCounter("barnabas.requests", () => PerApi((counters, key) => counters.Requests(key)),
            "{request}", "Requests that were answered");
        _meter.CreateObservableCounter("barnabas.request.time", () => PerApi((counters, key) => counters.LatencyUs(key)),
            "us", "Sum of the time from a request's arrival to its reply's departure");
        _meter.CreateObservableGauge("barnabas.request.latency", Latencies,
            "us", "Time from arrival to departure that a share of the requests since the last reading did not exceed");
        _meter.CreateObservableCounter("barnabas.network.bytes.in", () => _network.Counters.Sum(counters => counters.BytesIn),
            "By", "Bytes of requests");
        _meter.CreateObservableCounter("barnabas.network.bytes.out", () => _network.Counters.Sum(counters => counters.BytesOut),
            "By", "Bytes of replies");
    }

    private void MakeLoopInstruments()
    {
        _meter.CreateObservableCounter("barnabas.loop.turns", () => PerLoop(loop => loop.Turns), "{turn}", "Turns of the I/O loops");
        _meter.CreateObservableCounter("barnabas.loop.turns.slow", () => PerLoop(loop => loop.SlowTurns),
            "{turn}", $"Turns that took over {IoLoop.SlowTurnMs} ms");
        _meter.CreateObservableGauge("barnabas.loop.turn.longest", () => PerLoop(loop => loop.LongestTurnUs),
            "us", "The longest turn so far");
    }

    private IEnumerable<Measurement<long>> PerApi(Func<RequestCounters, int, long> read)
    {
        for (var key = 0; key < ApiTable.KeyCount; key++)
        {
            var sum = 0L;
            foreach (var counters in _network.Counters)
            {
                sum += read(counters, key);
            }

            if (sum > 0)
            {
                yield return new Measurement<long>(sum, _apiTags[key]);
            }
        }
    }

    private List<Measurement<long>> Latencies()
    {
        var measurements = new List<Measurement<long>>();
        Span<long> sums = stackalloc long[RequestCounters.LatencyClasses];
        lock (_lock)
        {
            for (var key = 0; key < ApiTable.KeyCount; key++)
            {
                sums.Clear();
                foreach (var counters in _network.Counters)
                {
                    counters.AddLatencies(key, sums);
                }

                var window = _windows[key] ??= new LatencyWindow();
                window.Advance(sums);
                foreach (var (name, share) in Quantiles)
                {
                    if (window.Count > 0)
                    {
                        measurements.Add(new Measurement<long>(window.QuantileUs(share), _apiTags[key], new("quantile", name)));
                    }
                }
            }
        }

        return measurements;
    }

    private IEnumerable<Measurement<long>> PerLoop(Func<IoLoop, long> read) => _loops.Io
        .Select(host => new Measurement<long>(read(host.Thread), new KeyValuePair<string, object?>("loop", host.Thread.Name)));
}
