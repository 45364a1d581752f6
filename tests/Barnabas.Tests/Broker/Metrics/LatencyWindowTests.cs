using Barnabas.Broker.Metrics;
using Barnabas.Messages;

namespace Barnabas.Tests.Broker.Metrics;

public sealed class LatencyWindowTests
{
    [Fact]
    public void Quantiles_are_upper_ends_of_classes_since_the_last_look()
    {
        var counters = new RequestCounters();
        var window = new LatencyWindow();
        for (var i = 0; i < 99; i++)
        {
            counters.Count(ApiKey.Fetch, 10, 20, latencyUs: 3);
        }

        counters.Count(ApiKey.Fetch, 10, 20, latencyUs: 1000);
        Look();
        Assert.Equal((100, 4, 4, 1024), (window.Count, window.QuantileUs(0.5), window.QuantileUs(0.99), window.QuantileUs(1)));
        Look();
        Assert.Equal((0, 0), (window.Count, window.QuantileUs(0.99)));

        void Look()
        {
            Span<long> sums = stackalloc long[RequestCounters.LatencyClasses];
            counters.AddLatencies((int)ApiKey.Fetch, sums);
            window.Advance(sums);
        }
    }

    [Fact]
    public void Latencies_of_any_size_have_a_class()
    {
        var counters = new RequestCounters();
        counters.Count(ApiKey.Produce, 1, 2, latencyUs: 0);
        counters.Count(ApiKey.Produce, 1, 2, latencyUs: -1);
        counters.Count(ApiKey.Produce, 1, 2, latencyUs: long.MaxValue);
        var sums = new long[RequestCounters.LatencyClasses];
        counters.AddLatencies((int)ApiKey.Produce, sums);
        Assert.Equal((2, 1), (sums[0], sums[^1]));
        Assert.Equal((3, 3, 6), (counters.Requests((int)ApiKey.Produce), counters.BytesIn, counters.BytesOut));
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        var counters = new RequestCounters();
        counters.Count(ApiKey.Produce, 1, 2, 3);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            counters.Count(ApiKey.Produce, 1, 2, i);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
