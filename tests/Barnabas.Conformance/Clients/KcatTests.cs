using System.Text;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Clients;

[Collection(ClientsCollection.Name)]
public sealed class KcatTests(BrokerFixture fixture)
{
    private BrokerProcess Broker => fixture.Broker;

    [BrokerFact(Need.Kcat, Apis = [Api.Metadata])]
    public void Metadata_names_one_broker_that_is_the_controller()
    {
        var text = Kcat.List(Broker).Succeeded().Text;
        Assert.Contains($"broker 1 at {Broker.Bootstrap} (controller)", text);
    }

    [BrokerTheory(Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets])]
    [InlineData("none", "1")]
    [InlineData("gzip", "all")]
    [InlineData("snappy", "all")]
    [InlineData("lz4", "all")]
    [InlineData("zstd", "all")]
    [InlineData("none", "0")]
    public void Records_come_back_as_they_went_in(string codec, string acks)
    {
        var topic = fixture.NewName("kcat");
        var lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => $"record {i} – größer {i % 7}\n")));
        Kcat.Produce(Broker, topic, lines, "-z", codec, "-X", $"acks={acks}").Succeeded();
        Assert.Equal(lines, Kcat.Consume(Broker, topic).Succeeded().Output);
    }

    [BrokerFact(Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets])]
    public void Keys_headers_null_values_and_partitions_survive()
    {
        var topic = fixture.NewName("kcat");
        Kcat.Produce(Broker, topic, "k1:v1\nk2:\n:v3\n"u8.ToArray(), "-p", "0", "-K", ":", "-Z", "-H", "a=b", "-H", "c=").Succeeded();
        var text = Kcat.Consume(Broker, topic, "-p", "0", "-f", "%o|%p|%k|%K|%s|%S|%h\n").Succeeded().Text;
        Assert.Equal("0|0|k1|2|v1|2|a=b,c=\n1|0|k2|2||-1|a=b,c=\n2|0||-1|v3|2|a=b,c=\n", text);
    }

    [BrokerFact(Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets])]
    public void Offsets_are_found_by_time_and_from_the_end()
    {
        var topic = fixture.NewName("kcat");
        Kcat.Produce(Broker, topic, "first\nsecond\n"u8.ToArray(), "-p", "0").Succeeded();
        var stamp = long.Parse(Kcat.Consume(Broker, topic, "-c", "1", "-f", "%T").Succeeded().Text);
        var query = Command.Run("kcat", ["-b", Broker.Bootstrap, "-Q", "-t", $"{topic}:0:{stamp}"]).Succeeded().Text;
        Assert.Contains("offset 0", query);
        Assert.Equal("second\n", Command.Run("kcat",
            ["-b", Broker.Bootstrap, "-C", "-t", topic, "-p", "0", "-o", "-1", "-e", "-q"]).Succeeded().Text);
    }

    [BrokerFact(Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.JoinGroup])]
    public void A_balanced_consumer_commits_and_goes_on_where_it_stopped()
    {
        var topic = fixture.NewName("kcat");
        var name = fixture.NewName("kcat-group");
        string[] group = ["-b", Broker.Bootstrap, "-G", name, "-X", "auto.offset.reset=earliest", "-e", "-q", topic];
        Kcat.Produce(Broker, topic, "one\ntwo\n"u8.ToArray()).Succeeded();
        Assert.Equal("one\ntwo\n", Command.Run("kcat", group).Succeeded().Text);
        Kcat.Produce(Broker, topic, "three\n"u8.ToArray()).Succeeded();
        Assert.Equal("three\n", Command.Run("kcat", group).Succeeded().Text);
    }
}
