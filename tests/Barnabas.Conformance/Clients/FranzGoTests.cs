using System.Text.Json;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Clients;

/// <summary>franz-go, a client in Go, as it is built into the load tool kbench.</summary>
[Collection(ClientsCollection.Name)]
public sealed class FranzGoTests(BrokerFixture fixture)
{
    private const int Records = 50_000;

    [BrokerTheory(Need.Tools, Apis = [Api.CreateTopics, Api.Produce, Api.Fetch, Api.ListOffsets])]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void Every_record_is_acknowledged_and_read(string codec)
    {
        string[] topic = ["-brokers", fixture.Broker.Bootstrap, "-topic", fixture.NewName("franz"), "-records", $"{Records}"];
        var produced = Run(["produce", .. topic, "-idempotent", "-compression", codec]);
        Assert.Equal(Records, produced.GetProperty("records").GetInt64());
        Assert.False(produced.TryGetProperty("failed", out var failed) && failed.GetInt64() > 0);
        var consumed = Run(["consume", .. topic, "-keep"]);
        Assert.True(consumed.GetProperty("complete").GetBoolean());
    }

    private static JsonElement Run(string[] arguments) =>
        JsonDocument.Parse(Command.Run(Path.Combine(Checkout.Shared, "tools", "kbench", "kbench"), arguments).Succeeded().Text).RootElement;
}
