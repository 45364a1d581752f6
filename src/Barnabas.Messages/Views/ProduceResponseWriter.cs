using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>What became of one partition of a Produce request.</summary>
public readonly ref struct ProducedPartition
{
    public ProducedPartition()
    {
    }

    /// <summary>Index of the partition.</summary>
    public int Index { get; init; }

    /// <summary>The outcome.</summary>
    public ErrorCode Error { get; init; }

    /// <summary>Offset of the first record, -1 on error.</summary>
    public long BaseOffset { get; init; } = -1;

    /// <summary>The broker's time in ms where the topic takes that, else -1.</summary>
    public long LogAppendTimeMs { get; init; } = -1;

    /// <summary>First offset of the log.</summary>
    public long LogStartOffset { get; init; } = -1;

    /// <summary>The records that are at fault, from version 8 on; null for none.</summary>
    public List<ProduceResponse.BatchIndexAndErrorMessage>? RecordErrors { get; init; }

    /// <summary>Why, from version 8 on; null where the error code says all.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>The leader where it is another node, from version 10 on; -1 for not given.</summary>
    public int CurrentLeaderId { get; init; } = -1;

    /// <summary>Its epoch, -1 for not given.</summary>
    public int CurrentLeaderEpoch { get; init; } = -1;
}

/// <summary>
/// Writes a Produce response, versions 3 to 13, piece by piece and without objects. Counts are given before what they count.
/// <code>
/// FrameCodec.WriteResponseHeader(bytes, ApiKey.Produce, version, correlationId);
/// var response = new ProduceResponseWriter(bytes, version, topicCount: 1);
/// response.Topic("orders"u8, topicId, partitionCount: 1);
/// response.Partition(new ProducedPartition { Index = 0, BaseOffset = 42, LogStartOffset = 0 });
/// response.End(throttleMs: 0);
/// </code>
/// </summary>
public ref struct ProduceResponseWriter
{
    private readonly ByteWriter _writer;
    private readonly short _version;
    private readonly bool _flexible;
    private ResponseTopics _topics;

    /// <summary>Begins the body.</summary>
    public ProduceResponseWriter(ByteWriter writer, short version, int topicCount)
    {
        _writer = writer;
        _version = version;
        _flexible = version >= 9;
        _topics = new ResponseTopics(writer, version, _flexible, topicCount);
    }

    /// <summary>Begins a topic: its UTF-8 name is written up to version 12, its id from 13 on.</summary>
    public void Topic(ReadOnlySpan<byte> name, Uuid id, int partitionCount) => _topics.Next(name, id, partitionCount);

    /// <summary>Writes one partition of the topic begun last.</summary>
    public void Partition(scoped in ProducedPartition partition)
    {
        _topics.NextPartition();
        _writer.WriteInt32(partition.Index);
        _writer.WriteInt16((short)partition.Error);
        _writer.WriteInt64(partition.BaseOffset);
        _writer.WriteInt64(partition.LogAppendTimeMs);
        if (_version >= 5)
        {
            _writer.WriteInt64(partition.LogStartOffset);
        }

        if (_version >= 8)
        {
            Codec.WriteList(_writer, partition.RecordErrors, _version, _flexible);
            Codec.WriteNullableString(_writer, partition.ErrorMessage, _flexible, nullable: true);
        }

        if (_flexible)
        {
            var hasLeader = _version >= 10 && (partition.CurrentLeaderId != -1 || partition.CurrentLeaderEpoch != -1);
            _writer.WriteUVarInt(hasLeader ? 1u : 0u);
            if (hasLeader)
            {
                ResponseParts.TagOfIntAndInt(_writer, 0, partition.CurrentLeaderId, partition.CurrentLeaderEpoch);
            }
        }
    }

    /// <summary>Ends the response. Endpoints name the leaders given, from version 10 on.</summary>
    public void End(int throttleMs, List<ProduceResponse.NodeEndpoint>? endpoints = null)
    {
        _topics.End();
        _writer.WriteInt32(throttleMs);
        if (_flexible)
        {
            ResponseParts.EndTags(_writer, _version >= 10 ? endpoints : null, _version);
        }
    }
}
