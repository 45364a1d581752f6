using Barnabas.Base;
using Barnabas.Broker.Handlers;
using Barnabas.Broker.Network;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;

namespace Barnabas.Tests.Network;

/// <summary>The first request of every client, over both wires.</summary>
public sealed class ApiVersionsTests
{
    private static readonly FeatureView Features = new(
        [new SupportedFeatureLevels("metadata.version", 7, 30), new SupportedFeatureLevels("kraft.version", 0, 1)],
        [new FinalizedFeatureLevel("metadata.version", 30)],
        4);

    public static TheoryData<WireKind> Kinds => Wires.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Tells_what_is_in_the_table_at_every_version(WireKind kind)
    {
        await using var server = new TestServer(kind, Table());
        using var client = server.Connect();
        for (short version = 0; version <= 4; version++)
        {
            var answer = Ask(client, version, "test", "1.0");
            Assert.Equal(ErrorCode.None, answer.ErrorCode);
            Assert.Equal([(0, 0, 13), (18, 0, 4)], answer.ApiKeys.Select(Range));
            var names = answer.SupportedFeatures.Select(feature => feature.Name);
            Assert.Equal(version < 3 ? [] : version == 3 ? ["metadata.version"] : ["metadata.version", "kraft.version"], names);
            Assert.Equal(version < 3 ? -1 : 4, answer.FinalizedFeaturesEpoch);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Answers_a_version_from_the_future_in_version_0(WireKind kind)
    {
        await using var server = new TestServer(kind, Table());
        using var client = server.Connect();
        client.Send(TestClient.Frame(ApiKey.ApiVersions, 99, 7, [1, 2, 3]));
        var reply = client.Receive();
        Assert.Equal(7, TestClient.CorrelationIdOf(reply));
        var answer = MessageCodec.Decode<ApiVersionsResponse>(reply.AsSpan(4), 0);
        Assert.Equal(ErrorCode.UnsupportedVersion, answer.ErrorCode);
        Assert.Equal([(18, 0, 4)], answer.ApiKeys.Select(Range));
    }

    [Theory]
    [InlineData("", "1")]
    [InlineData("-a", "1")]
    [InlineData("a", "1.")]
    [InlineData("a b", "1")]
    public async Task Refuses_names_of_software_that_are_none(string name, string softwareVersion)
    {
        await using var server = new TestServer(WireKind.Sockets, Table());
        using var client = server.Connect();
        Assert.Equal(ErrorCode.InvalidRequest, Ask(client, 3, name, softwareVersion).ErrorCode);
        Assert.Equal(ErrorCode.None, Ask(client, 3, "apache-kafka-java", "4.3.1").ErrorCode);
    }

    private static (int, int, int) Range(ApiVersionsResponse.ApiVersion api) => (api.ApiKey, api.MinVersion, api.MaxVersion);

    private static ApiVersionsResponse Ask(TestClient client, short version, string name, string softwareVersion)
    {
        var request = new ApiVersionsRequest();
        if (version >= 3)
        {
            request.ClientSoftwareName = name;
            request.ClientSoftwareVersion = softwareVersion;
        }

        client.Send(TestClient.Frame(ApiKey.ApiVersions, version, version, MessageCodec.Encode(request, version)));
        var reply = client.Receive();
        Assert.Equal(version, TestClient.CorrelationIdOf(reply));
        return MessageCodec.Decode<ApiVersionsResponse>(reply.AsSpan(4), version);
    }

    private static HandlerTable Table() =>
        TestServer.Table(new ApiVersionsHandler(() => Features), new EchoHandler(ApiKey.Produce));
}
