using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>
/// Writes the topics of a Produce or Fetch response around their partitions, and holds the response's writer to the counts that it was
/// given: a wrong count is a bug, not a fault.
/// </summary>
internal struct ResponseTopics
{
    private const short FirstVersionById = 13;
    private readonly ByteWriter _writer;
    private readonly short _version;
    private readonly bool _flexible;
    private int _topics;
    private int _partitions;
    private bool _isInTopic;

    /// <summary>Begins the list.</summary>
    public ResponseTopics(ByteWriter writer, short version, bool flexible, int count)
    {
        _writer = writer;
        _version = version;
        _flexible = flexible;
        _topics = count;
        Codec.WriteCount(writer, count, flexible);
    }

    /// <summary>Begins a topic: its UTF-8 name is written up to version 12, its id from 13 on.</summary>
    public void Next(ReadOnlySpan<byte> name, Uuid id, int partitionCount)
    {
        Check.That(_partitions == 0);
        Check.That(_topics > 0);
        Close();
        _topics--;
        _partitions = partitionCount;
        _isInTopic = true;
        if (_version >= FirstVersionById)
        {
            _writer.WriteUuid(id);
        }
        else if (_flexible)
        {
            _writer.WriteUVarInt((uint)name.Length + 1);
            _writer.WriteSpan(name);
        }
        else
        {
            _writer.WriteInt16(checked((short)name.Length));
            _writer.WriteSpan(name);
        }

        Codec.WriteCount(_writer, partitionCount, _flexible);
    }

    /// <summary>Counts a partition of the topic begun last.</summary>
    public void NextPartition()
    {
        Check.That(_partitions > 0);
        _partitions--;
    }

    /// <summary>Ends the list.</summary>
    public readonly void End()
    {
        Check.That(_topics == 0 && _partitions == 0);
        Close();
    }

    private readonly void Close()
    {
        if (_isInTopic && _flexible)
        {
            _writer.WriteUVarInt(0);
        }
    }
}
