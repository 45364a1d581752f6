using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages;

/// <summary>Headers with bodies, without the four length bytes: what a client writes and reads, and what a broker answers.</summary>
public static class FrameCodec
{
    /// <summary>Writes the header of a request; the body follows.</summary>
    public static void WriteRequestHeader(ByteWriter writer, ApiKey key, short version, int correlationId, string? clientId)
    {
        var f = ApiTable.Get(key).RequestHeaderVersion(version) >= 2;
        writer.WriteInt16((short)key);
        writer.WriteInt16(version);
        writer.WriteInt32(correlationId);
        Codec.WriteNullableString(writer, clientId, f: false, nullable: true);
        if (f)
        {
            writer.WriteUVarInt(0);
        }
    }

    /// <summary>Writes a request with its header.</summary>
    public static void WriteRequest(ByteWriter writer, IMessage request, short version, int correlationId, string? clientId)
    {
        WriteRequestHeader(writer, (ApiKey)request.Schema.Key, version, correlationId, clientId);
        request.Write(writer, version);
    }

    /// <summary>Writes the header of a response; the body follows.</summary>
    public static void WriteResponseHeader(ByteWriter writer, ApiKey key, short version, int correlationId)
    {
        writer.WriteInt32(correlationId);
        if (ApiTable.Get(key).ResponseHeaderVersion(version) >= 1)
        {
            writer.WriteUVarInt(0);
        }
    }

    /// <summary>Writes a response with its header.</summary>
    public static void WriteResponse(ByteWriter writer, IMessage response, short version, int correlationId)
    {
        WriteResponseHeader(writer, (ApiKey)response.Schema.Key, version, correlationId);
        response.Write(writer, version);
    }

    /// <summary>Reads the header of a response and leaves the reader at its body; returns the correlation id.</summary>
    /// <exception cref="MalformedException">The bytes are no header.</exception>
    public static int ReadResponseHeader(ref ByteReader reader, ApiKey key, short version)
    {
        var correlationId = reader.ReadInt32();
        if (ApiTable.Get(key).ResponseHeaderVersion(version) >= 1)
        {
            Codec.SkipTags(ref reader);
        }

        return correlationId;
    }

    /// <summary>Reads a response with its header.</summary>
    /// <exception cref="MalformedException">The bytes do not follow header or schema.</exception>
    public static T DecodeResponse<T>(ReadOnlySpan<byte> frame, short version, out int correlationId)
        where T : IMessage<T>
    {
        var reader = new ByteReader(frame);
        correlationId = ReadResponseHeader(ref reader, (ApiKey)T.Schema.Key, version);
        return MessageCodec.Decode<T>(frame[reader.Position..], version);
    }
}
