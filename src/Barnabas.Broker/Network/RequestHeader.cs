using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;

namespace Barnabas.Broker.Network;

/// <summary>What stands before the body of a request. Offsets are within the frame.</summary>
internal struct RequestHeader
{
    /// <summary>What the API is; null for a number that stands for none.</summary>
    public ApiInfo? Api;

    public short ApiKey;
    public short ApiVersion;
    public int CorrelationId;
    public int ClientIdOffset;

    /// <summary>Bytes of the client id; less than 0 for null.</summary>
    public int ClientIdLength;

    public int BodyOffset;

    /// <summary>Reads the header of a frame; of an API that does not exist only its number and version.</summary>
    /// <exception cref="MalformedException">The frame is shorter than its header.</exception>
    public static RequestHeader Read(ReadOnlySpan<byte> frame)
    {
        var reader = new ByteReader(frame);
        var header = new RequestHeader { ApiKey = reader.ReadInt16(), ApiVersion = reader.ReadInt16() };
        header.Api = ApiTable.Find(header.ApiKey);
        if (header.Api is null)
        {
            return header;
        }

        header.CorrelationId = reader.ReadInt32();
        header.ClientIdLength = reader.ReadInt16();
        header.ClientIdOffset = reader.Position;
        reader.Skip(Math.Max(0, header.ClientIdLength));
        if (header.Api.RequestHeaderVersion(header.ApiVersion) >= 2)
        {
            SkipTags(ref reader);
        }

        header.BodyOffset = reader.Position;
        return header;
    }

    private static void SkipTags(ref ByteReader reader)
    {
        for (var left = reader.ReadUVarInt(); left > 0; left--)
        {
            reader.ReadUVarInt();
            var length = reader.ReadUVarInt();
            reader.Skip(length <= int.MaxValue ? (int)length : int.MaxValue);
        }
    }
}
