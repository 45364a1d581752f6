using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Controller;

/// <summary>
/// The controller's journal: every decision is one batch of the Raft log. Owned by the metadata loop.
/// </summary>
public sealed class MetadataJournal(ImageHistory history) : IJournal<MetadataRecord>
{
    private readonly ByteWriter _bytes = new(4096);
    private readonly ByteWriter _value = new();
    private RaftNode? _node;

    /// <inheritdoc/>
    public long EndOffset => _node?.EndOffset ?? 0;

    /// <inheritdoc/>
    public long HighWatermark => _node?.HighWatermark ?? 0;

    /// <summary>The node whose log it is; known once that log is read.</summary>
    public void Attach(RaftNode node) => _node = node;

    /// <inheritdoc/>
    public JournalAppend Append(ReadOnlySpan<MetadataRecord> records, long nowMs)
    {
        if (_node is not { IsLeader: true } node)
        {
            return new JournalAppend(ErrorCode.NotController, -1);
        }

        using var batch = new RecordBatchBuilder(_bytes);
        _bytes.Reset();
        batch.Begin(new BatchOptions { BaseOffset = node.EndOffset, PartitionLeaderEpoch = node.LeaderEpoch });
        foreach (ref readonly var record in records)
        {
            _value.Reset();
            record.Write(_value);
            batch.Append(nowMs, OptionalBytes.Null, _value.Written);
        }

        batch.End();
        history.BeginBatch(node.LeaderEpoch, nowMs);
        node.Append(_bytes.Written.ToArray(), records.Length);
        return new JournalAppend(ErrorCode.None, node.EndOffset - 1);
    }
}
