using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>What the writers of Produce and Fetch responses share.</summary>
internal static class ResponseParts
{
    public static void Topic(ByteWriter writer, ReadOnlySpan<byte> name, Uuid id, bool isById, bool f)
    {
        if (isById)
        {
            writer.WriteUuid(id);
            return;
        }

        if (f)
        {
            writer.WriteUVarInt((uint)name.Length + 1);
        }
        else
        {
            writer.WriteInt16(checked((short)name.Length));
        }

        writer.WriteSpan(name);
    }

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

/// <summary>Holds a response writer to the counts that it was given: a wrong count is a bug, not a fault.</summary>
internal struct ResponseCounts(int topics)
{
    private int _topics = topics;
    private int _partitions;
    private bool _inTopic;

    /// <summary>Begins a topic; true when one before it is to be closed.</summary>
    public bool NextTopic(int partitions)
    {
        Check.That(_partitions == 0);
        Check.That(_topics > 0);
        var wasInTopic = _inTopic;
        _topics--;
        _partitions = partitions;
        _inTopic = true;
        return wasInTopic;
    }

    public void NextPartition()
    {
        Check.That(_partitions > 0);
        _partitions--;
    }

    /// <summary>Ends the response; true when a topic is to be closed.</summary>
    public readonly bool End()
    {
        Check.That(_topics == 0 && _partitions == 0);
        return _inTopic;
    }
}
