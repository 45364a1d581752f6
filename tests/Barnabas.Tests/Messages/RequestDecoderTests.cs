using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Messages.Wire;

namespace Barnabas.Tests.Messages;

public sealed class RequestDecoderTests
{
    [Fact]
    public void EveryGoldenRequestComesBackFromItsFrame() => GoldenLine.ForEach(line =>
    {
        if (!line.Schema.EndsWith("Request", StringComparison.Ordinal))
        {
            return;
        }

        var key = (ApiKey)MessageTable.Find(line.Schema)!.Key;
        using var writer = new ByteWriter();
        FrameCodec.WriteRequestHeader(writer, key, line.Version, 77, "clïent");
        writer.WriteSpan(line.Bytes);
        var header = RequestDecoder.Decode(writer.Written, out var body);
        Assert.Equal(key, header.Api.Key);
        Assert.Equal(77, header.CorrelationId);
        Assert.Equal("clïent"u8.ToArray(), header.ClientId.ToArray());
        Assert.Equal(line.Bytes, MessageCodec.Encode(body!, line.Version));
    });

    [Fact]
    public void AVersionThatDoesNotExistHasNoBody()
    {
        using var writer = new ByteWriter();
        FrameCodec.WriteRequestHeader(writer, ApiKey.ApiVersions, 99, 5, null);
        var header = RequestDecoder.Decode(writer.Written, out var body);
        Assert.Null(body);
        Assert.False(header.IsSupported);
        Assert.False(header.HasClientId);
        Assert.Equal(5, header.CorrelationId);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(93)]
    public void AnApiThatDoesNotExistIsMalformed(short key)
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(key);
        writer.Take(20).Clear();
        var frame = writer.Written.ToArray();
        Assert.Throws<MalformedException>(() => RequestDecoder.ReadHeader(frame));
    }

    [Fact]
    public void ApiVersionsAnswersAlwaysWithTheOldHeader()
    {
        Assert.Equal(0, ApiTable.Get(ApiKey.ApiVersions).ResponseHeaderVersion(4));
        Assert.Equal(2, ApiTable.Get(ApiKey.ApiVersions).RequestHeaderVersion(4));
        Assert.Equal(1, ApiTable.Get(ApiKey.Metadata).ResponseHeaderVersion(9));
        Assert.Equal(0, ApiTable.Get(ApiKey.SaslHandshake).ResponseHeaderVersion(1));
    }

    [Fact]
    public void ResponsesTurnIntoFramesAndBack()
    {
        using var writer = new ByteWriter();
        FrameCodec.WriteResponse(writer, new MetadataResponse { ControllerId = 3 }, 12, 9);
        var response = FrameCodec.DecodeResponse<MetadataResponse>(writer.Written, 12, out var correlationId);
        Assert.Equal((3, 9), (response.ControllerId, correlationId));
    }

    [Fact]
    public void FieldsThatTheVersionLacksAreRefusedUnlessIgnorable()
    {
        Assert.Throws<UnsupportedVersionException>(() => MessageCodec.Encode(new MetadataRequest { AllowAutoTopicCreation = false }, 3));
        Assert.Throws<UnsupportedVersionException>(() => MessageCodec.Encode(new MetadataRequest { Topics = null }, 0));
        MessageCodec.Encode(new MetadataResponse { ThrottleTimeMs = 5 }, 2);
    }

    [Fact]
    public void UnknownTagsAreKept()
    {
        var request = new MetadataRequest { UnknownTags = [new UnknownTag(3, [1, 2]), new UnknownTag(900, [])] };
        var bytes = MessageCodec.Encode(request, 12);
        var again = MessageCodec.Decode<MetadataRequest>(bytes, 12);
        Assert.Equal(request.UnknownTags.Select(tag => tag.Tag), again.UnknownTags!.Select(tag => tag.Tag));
        Assert.Equal(bytes, MessageCodec.Encode(again, 12));
    }

    [Fact]
    public void UnknownTagsLieBetweenTheKnownOnes()
    {
        var response = new FetchResponse { NodeEndpoints = [new() { NodeId = 1 }], UnknownTags = [new UnknownTag(7, [9])] };
        var again = MessageCodec.Decode<FetchResponse>(MessageCodec.Encode(response, 16), 16);
        Assert.Single(again.NodeEndpoints);
        Assert.Equal([9], again.UnknownTags![0].Bytes);
    }

    [Fact]
    public void MillionsOfElementsAndTensOfThousandsOfTagsAreRefused()
    {
        var assignment = new ConsumerProtocolAssignment { AssignedPartitions = [new() { Partitions = [.. new int[Codec.ArrayCountMax]] }] };
        MessageCodec.Decode<ConsumerProtocolAssignment>(MessageCodec.Encode(assignment, 0), 0);
        assignment.AssignedPartitions[0].Partitions.Add(0);
        Assert.Throws<MalformedException>(() => MessageCodec.Decode<ConsumerProtocolAssignment>(MessageCodec.Encode(assignment, 0), 0));

        var tags = Enumerable.Range(0, Codec.TagCountMax).Select(tag => new UnknownTag((uint)tag, []));
        var request = new MetadataRequest { UnknownTags = [.. tags] };
        MessageCodec.Decode<MetadataRequest>(MessageCodec.Encode(request, 12), 12);
        request.UnknownTags.Add(new UnknownTag(uint.MaxValue, []));
        Assert.Throws<MalformedException>(() => MessageCodec.Decode<MetadataRequest>(MessageCodec.Encode(request, 12), 12));
    }
}
