using System.Text.Unicode;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages;

/// <summary>
/// Requests out of frames (without the four length bytes) that nobody trusts. Looks at all bytes before it allocates, but for small frames:
/// a malformed one costs 64 KiB at most. Produce and Fetch have views that make no objects at all; every other request comes through here.
/// </summary>
public static class RequestDecoder
{
    /// <summary>Reads the header; allocates nothing.</summary>
    /// <exception cref="MalformedException">The bytes are no header, or of an API that does not exist.</exception>
    public static RequestHeaderView ReadHeader(ReadOnlySpan<byte> frame)
    {
        var r = new ByteReader(frame);
        var key = r.ReadInt16();
        var api = ApiTable.Find(key) ?? throw new MalformedException($"there is no API {key}");
        var version = r.ReadInt16();
        var correlationId = r.ReadInt32();
        var clientIdLength = Codec.ReadStringLength(ref r, f: false);
        var clientId = r.ReadSpan(Math.Max(clientIdLength, 0));
        if (!Utf8.IsValid(clientId))
        {
            throw new MalformedException("the client id is not UTF-8");
        }

        if (api.RequestHeaderVersion(version) >= 2)
        {
            Codec.SkipTags(ref r);
        }

        return new RequestHeaderView
        {
            Api = api, Version = version, CorrelationId = correlationId, ClientId = clientId, HasClientId = clientIdLength >= 0,
            BodyOffset = r.Position,
        };
    }

    /// <summary>Reads the body of a frame whose header is <paramref name="header"/>.</summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema, or the version does not exist.</exception>
    public static IMessage ReadBody(ReadOnlySpan<byte> frame, in RequestHeaderView header)
    {
        var body = frame[header.BodyOffset..];
        if (body.Length > MessageCodec.TrustedBytes)
        {
            var walk = new ByteReader(body);
            MessageWalk.Pass(ApiTable.RequestSchema(header.Api.Key), ref walk, header.Version);
        }

        var reader = new ByteReader(body);
        return ApiTable.ReadRequest(header.Api.Key, ref reader, header.Version);
    }

    /// <summary>Header and body of one frame; the body is null when the version does not exist.</summary>
    /// <exception cref="MalformedException">The bytes do not follow header or schema, or the API does not exist.</exception>
    public static RequestHeaderView Decode(ReadOnlySpan<byte> frame, out IMessage? body)
    {
        var header = ReadHeader(frame);
        body = header.IsSupported ? ReadBody(frame, header) : null;
        return header;
    }
}
