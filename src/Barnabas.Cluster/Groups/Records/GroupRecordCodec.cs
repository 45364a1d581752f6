using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Groups.Records;

/// <summary>
/// The records of <c>__consumer_offsets</c>, written in the forms that Kafka 4.3 writes. Owned by the loop of its journal.
/// </summary>
public sealed class GroupRecordCodec : RecordCodec<GroupRecord>
{
    private const short GroupMetadataVersion = 3;
    private const short OffsetVersion = 4;
    private const short ExpiringOffsetVersion = 1;

    private readonly ByteWriter _key = new(128);
    private readonly ByteWriter _value = new(512);

    /// <inheritdoc/>
    public override BatchOptions OptionsOf(ReadOnlySpan<GroupRecord> records) =>
        records[0] is OffsetRecord { ProducerId: >= 0 } inTransaction
            ? new BatchOptions
            {
                ProducerId = inTransaction.ProducerId,
                ProducerEpoch = inTransaction.ProducerEpoch,
                BaseSequence = 0,
                IsTransactional = true,
            }
            : new BatchOptions();

    /// <inheritdoc/>
    public override void Write(GroupRecord record, long nowMs, RecordBatchBuilder batch)
    {
        _key.Reset();
        _value.Reset();
        var hasValue = record switch
        {
            OffsetRecord offset => WriteOffset(offset),
            GroupMetadataRecord group => WriteGroup(group),
            ConsumerGroupRecord consumer => ConsumerRecordCodec.Write(consumer, _key, _value),
            _ => throw new ArgumentException($"{record.GetType().Name} is not written here", nameof(record)),
        };
        batch.Append(nowMs, _key.Written, hasValue ? _value.Written : OptionalBytes.Null);
    }

    /// <inheritdoc/>
    public override GroupRecord? Read(in Record record, in RecordBatchHeader header) =>
        GroupRecordReader.Read(record, header.IsTransactional ? header.ProducerId : -1);

    /// <inheritdoc/>
    public override GroupRecord ReadTransactionEnd(long producerId, bool isCommit) => new TransactionEndRecord(producerId, isCommit);

    private bool WriteOffset(OffsetRecord record)
    {
        _key.WriteInt16(OffsetCommitKey.RecordType);
        new OffsetCommitKey { Group = record.GroupId, Topic = record.Topic, Partition = record.Partition }.Write(_key, 0);
        if (record.Value is not { } value)
        {
            return false;
        }

        // Only version 1 has an expiry, and it has neither leader epoch nor topic id.
        var version = value.ExpireTimestampMs >= 0 ? ExpiringOffsetVersion : OffsetVersion;
        _value.WriteInt16(version);
        ToMessage(value).Write(_value, version);
        return true;
    }

    private bool WriteGroup(GroupMetadataRecord record)
    {
        _key.WriteInt16(GroupMetadataKey.RecordType);
        new GroupMetadataKey { Group = record.GroupId }.Write(_key, 0);
        if (record.Value is not { } value)
        {
            return false;
        }

        _value.WriteInt16(GroupMetadataVersion);
        value.Write(_value, GroupMetadataVersion);
        return true;
    }

    private static OffsetCommitValue ToMessage(CommittedOffset value) => new()
    {
        Offset = value.Offset,
        LeaderEpoch = value.LeaderEpoch,
        Metadata = value.Metadata,
        CommitTimestamp = value.CommitTimestampMs,
        ExpireTimestamp = value.ExpireTimestampMs,
        TopicId = value.TopicId,
    };
}
