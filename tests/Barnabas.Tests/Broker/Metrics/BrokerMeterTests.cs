using System.Diagnostics.Metrics;
using Barnabas.Broker.Handlers;
using Barnabas.Broker.Metrics;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Broker.Metrics;

public sealed class BrokerMeterTests
{
    private const int NodeId = 77;

    [Fact]
    public async Task Instruments_read_what_the_loops_counted()
    {
        await using var server = new TestServer(
            IoLoopGroup.DefaultKind, TestServer.Table(new ApiVersionsHandler(() => FeatureView.Empty)));
        using var meter = new BrokerMeter(NodeId, server.Server, server.Group, () => 5);
        using var client = server.Connect();
        for (var i = 0; i < 3; i++)
        {
            client.Send(TestClient.Frame(ApiKey.ApiVersions, 0, i, []));
            client.Receive();
        }

        // The reply is counted just after it has left, on the loop.
        await TestServer.Until(() => server.Server.Counters.Sum(counters => counters.Requests((int)ApiKey.ApiVersions)) == 3);
        var values = Read();
        Assert.Equal(3, values["barnabas.requests api=ApiVersions"]);
        Assert.Equal(3 * 18, values["barnabas.network.bytes.in"]);
        Assert.True(values["barnabas.network.bytes.out"] > 3 * 10);
        Assert.Equal((1, 1, 0, 5), (values["barnabas.connections"], values["barnabas.connections.accepted"],
            values["barnabas.connections.refused"], values["barnabas.partitions"]));
        Assert.True(values.ContainsKey("barnabas.request.time api=ApiVersions"));
        const string Latency = "barnabas.request.latency api=ApiVersions quantile=";
        Assert.True(values[Latency + "0.99"] >= values[Latency + "0.5"]);
        Assert.Contains(values.Keys, key => key.StartsWith("barnabas.loop.turns loop=", StringComparison.Ordinal));
        Assert.Contains(values.Keys, key => key.StartsWith("barnabas.loop.turn.longest loop=", StringComparison.Ordinal));
    }

    private static Dictionary<string, long> Read()
    {
        var values = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == BrokerMeter.Name && instrument.Meter.Tags!.Any(tag => Equals(tag.Value, NodeId)))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => values[NameOf(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => values[NameOf(instrument, tags)] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }

    private static string NameOf(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name;
        foreach (var tag in tags)
        {
            name += $" {tag.Key}={tag.Value}";
        }

        return name;
    }
}
