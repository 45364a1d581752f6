using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>
/// A transaction that was aborted: the producer's records from that offset on, up to its abort marker, are to be skipped.
/// </summary>
public readonly record struct AbortedTransaction(long ProducerId, long FirstOffset);

/// <summary>What one partition of a Fetch request gets.</summary>
public readonly ref struct FetchedPartition
{
    public FetchedPartition()
    {
    }

    /// <summary>Index of the partition.</summary>
    public int Index { get; init; }

    /// <summary>The outcome.</summary>
    public ErrorCode Error { get; init; }

    /// <summary>The high watermark, -1 on error.</summary>
    public long HighWatermark { get; init; } = -1;

    /// <summary>The last stable offset, -1 when not known.</summary>
    public long LastStableOffset { get; init; } = -1;

    /// <summary>First offset of the log, -1 when not known.</summary>
    public long LogStartOffset { get; init; } = -1;

    /// <summary>Where the asker's log parts from the leader's: last epoch that both have; -1 for nothing, from version 12 on.</summary>
    public int DivergingEpoch { get; init; } = -1;

    /// <summary>End offset of that epoch at the leader.</summary>
    public long DivergingEndOffset { get; init; } = -1;

    /// <summary>The leader where it is another node, from version 12 on; -1 for not given.</summary>
    public int CurrentLeaderId { get; init; } = -1;

    /// <summary>Its epoch, -1 for not given.</summary>
    public int CurrentLeaderEpoch { get; init; } = -1;

    /// <summary>End offset of the snapshot to be fetched instead, from version 12 on; -1 for none.</summary>
    public long SnapshotEndOffset { get; init; } = -1;

    /// <summary>Epoch of that snapshot.</summary>
    public int SnapshotEpoch { get; init; } = -1;

    /// <summary>The aborted transactions that reach into the records; written only when <see cref="HasAbortedTransactions"/>.</summary>
    public ReadOnlySpan<AbortedTransaction> AbortedTransactions { get; init; }

    /// <summary>True for isolation level 1; otherwise null is sent.</summary>
    public bool HasAbortedTransactions { get; init; }

    /// <summary>The replica that the consumer should read from, from version 11 on; -1 for this one.</summary>
    public int PreferredReadReplica { get; init; } = -1;

    /// <summary>Bytes of record batches that follow from elsewhere; -1 for null.</summary>
    public int RecordsLength { get; init; }
}

/// <summary>
/// Writes a Fetch response, versions 4 to 18, piece by piece and without objects. Records are not written: <see cref="Partition"/> returns
/// the position in the writer where their bytes belong, so that the frame is sent as writer bytes and file slices in turns and is as long
/// as the writer's bytes and all records together. Counts are given before what they count.
/// <code>
/// FrameCodec.WriteResponseHeader(bytes, ApiKey.Fetch, version, correlationId);
/// var response = new FetchResponseWriter(bytes, version, throttleMs: 0, ErrorCode.None, sessionId, topicCount: 1);
/// response.Topic("orders"u8, topicId, partitionCount: 1);
/// var at = response.Partition(new FetchedPartition { Index = 0, HighWatermark = 42, RecordsLength = slice.Length });
/// splices.Add(at, slice);
/// response.End();
/// </code>
/// </summary>
public ref struct FetchResponseWriter
{
    private readonly ByteWriter _writer;
    private readonly short _version;
    private readonly bool _flexible;
    private ResponseTopics _topics;

    /// <summary>Begins the body.</summary>
    public FetchResponseWriter(ByteWriter writer, short version, int throttleMs, ErrorCode error, int sessionId, int topicCount)
    {
        _writer = writer;
        _version = version;
        _flexible = version >= 12;
        writer.WriteInt32(throttleMs);
        if (version >= 7)
        {
            writer.WriteInt16((short)error);
            writer.WriteInt32(sessionId);
        }

        _topics = new ResponseTopics(writer, version, _flexible, topicCount);
    }

    /// <summary>Begins a topic: its UTF-8 name is written up to version 12, its id from 13 on.</summary>
    public void Topic(ReadOnlySpan<byte> name, Uuid id, int partitionCount) => _topics.Next(name, id, partitionCount);

    /// <summary>Writes one partition of the topic begun last; returns the position in the writer where its records belong.</summary>
    public int Partition(scoped in FetchedPartition partition)
    {
        _topics.NextPartition();
        _writer.WriteInt32(partition.Index);
        _writer.WriteInt16((short)partition.Error);
        _writer.WriteInt64(partition.HighWatermark);
        _writer.WriteInt64(partition.LastStableOffset);
        if (_version >= 5)
        {
            _writer.WriteInt64(partition.LogStartOffset);
        }

        Aborted(partition);
        if (_version >= 11)
        {
            _writer.WriteInt32(partition.PreferredReadReplica);
        }

        if (partition.RecordsLength < 0)
        {
            Codec.WriteNullLength(_writer, _flexible, nullable: true, lengthBytes: 4);
        }
        else
        {
            Codec.WriteCount(_writer, partition.RecordsLength, _flexible);
        }

        var position = _writer.Length;
        if (_flexible)
        {
            Tags(partition);
        }

        return position;
    }

    /// <summary>Ends the response. Endpoints name the leaders given, from version 16 on.</summary>
    public void End(List<FetchResponse.NodeEndpoint>? endpoints = null)
    {
        _topics.End();
        if (_flexible)
        {
            ResponseParts.EndTags(_writer, _version >= 16 ? endpoints : null, _version);
        }
    }

    private readonly void Aborted(scoped in FetchedPartition partition)
    {
        if (!partition.HasAbortedTransactions)
        {
            Codec.WriteNullLength(_writer, _flexible, nullable: true, lengthBytes: 4);
            return;
        }

        Codec.WriteCount(_writer, partition.AbortedTransactions.Length, _flexible);
        foreach (var aborted in partition.AbortedTransactions)
        {
            _writer.WriteInt64(aborted.ProducerId);
            _writer.WriteInt64(aborted.FirstOffset);
            if (_flexible)
            {
                _writer.WriteUVarInt(0);
            }
        }
    }

    private readonly void Tags(scoped in FetchedPartition partition)
    {
        var hasDiverging = partition.DivergingEpoch != -1 || partition.DivergingEndOffset != -1;
        var hasLeader = partition.CurrentLeaderId != -1 || partition.CurrentLeaderEpoch != -1;
        var hasSnapshot = partition.SnapshotEndOffset != -1 || partition.SnapshotEpoch != -1;
        _writer.WriteUVarInt((hasDiverging ? 1u : 0) + (hasLeader ? 1u : 0) + (hasSnapshot ? 1u : 0));
        if (hasDiverging)
        {
            ResponseParts.TagOfIntAndLong(_writer, 0, partition.DivergingEpoch, partition.DivergingEndOffset);
        }

        if (hasLeader)
        {
            ResponseParts.TagOfIntAndInt(_writer, 1, partition.CurrentLeaderId, partition.CurrentLeaderEpoch);
        }

        if (hasSnapshot)
        {
            ResponseParts.TagOfLongAndInt(_writer, 2, partition.SnapshotEndOffset, partition.SnapshotEpoch);
        }
    }
}
