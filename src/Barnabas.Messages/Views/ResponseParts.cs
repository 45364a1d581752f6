using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>What the writers of Produce and Fetch responses share.</summary>
internal static class ResponseParts
{
    /// <summary>A tagged struct of two int32.</summary>
    public static void TagOfIntAndInt(ByteWriter writer, uint tag, int first, int second)
    {
        writer.WriteUVarInt(tag);
        writer.WriteUVarInt(9);
        writer.WriteInt32(first);
        writer.WriteInt32(second);
        writer.WriteUVarInt(0);
    }

    /// <summary>A tagged struct of an int32 and an int64.</summary>
    public static void TagOfIntAndLong(ByteWriter writer, uint tag, int first, long second)
    {
        writer.WriteUVarInt(tag);
        writer.WriteUVarInt(13);
        writer.WriteInt32(first);
        writer.WriteInt64(second);
        writer.WriteUVarInt(0);
    }

    /// <summary>A tagged struct of an int64 and an int32.</summary>
    public static void TagOfLongAndInt(ByteWriter writer, uint tag, long first, int second)
    {
        writer.WriteUVarInt(tag);
        writer.WriteUVarInt(13);
        writer.WriteInt64(first);
        writer.WriteInt32(second);
        writer.WriteUVarInt(0);
    }

    /// <summary>The tags of the whole response: the endpoints under tag 0, if any.</summary>
    public static void EndTags<T>(ByteWriter writer, List<T>? endpoints, short version)
        where T : IStruct<T>
    {
        if (endpoints is not { Count: > 0 })
        {
            writer.WriteUVarInt(0);
            return;
        }

        writer.WriteUVarInt(1);
        writer.WriteUVarInt(0);
        var start = writer.Length;
        Codec.WriteList(writer, endpoints, version, f: true);
        writer.PrefixUVarIntLength(start);
    }
}
