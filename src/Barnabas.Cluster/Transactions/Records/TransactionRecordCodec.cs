using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Machines;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Transactions.Records;

/// <summary>
/// The records of <c>__transaction_state</c> in Kafka's form. Owned by the loop of its journal; reading is for any thread.
/// </summary>
public sealed class TransactionRecordCodec : RecordCodec<TransactionRecord>
{
    private readonly ByteWriter _key = new(128);
    private readonly ByteWriter _value = new(512);

    /// <inheritdoc/>
    public override void Write(TransactionRecord record, long nowMs, RecordBatchBuilder batch)
    {
        _key.Reset();
        _key.WriteInt16(TransactionLogKey.RecordType);
        new TransactionLogKey { TransactionalId = record.TransactionalId }.Write(_key, 0);
        if (record.Value is not { } value)
        {
            batch.Append(nowMs, _key.Written, OptionalBytes.Null);
            return;
        }

        _value.Reset();
        _value.WriteInt16(record.Version);
        ToMessage(value, record.Version).Write(_value, record.Version);
        batch.Append(nowMs, _key.Written, _value.Written);
    }

    /// <inheritdoc/>
    public override TransactionRecord? Read(in Record record, in RecordBatchHeader header)
    {
        var key = new ByteReader(record.Key.Span);
        if (!record.Key.HasValue || key.Remaining < 2 || key.ReadInt16() != TransactionLogKey.RecordType)
        {
            return null;
        }

        var id = MessageCodec.Decode<TransactionLogKey>(key.ReadSpan(key.Remaining), 0).TransactionalId;
        if (!record.Value.HasValue)
        {
            return new TransactionRecord(id, null);
        }

        var body = new ByteReader(record.Value.Span);
        var version = body.ReadInt16();
        var message = MessageCodec.Decode<TransactionLogValue>(body.ReadSpan(body.Remaining), version);
        return new TransactionRecord(id, FromMessage(message), version);
    }

    private static TransactionLogValue ToMessage(TransactionValue value, short version)
    {
        var message = new TransactionLogValue
        {
            ProducerId = value.ProducerId,
            ProducerEpoch = value.Epoch,
            TransactionTimeoutMs = value.TimeoutMs,
            TransactionStatus = (sbyte)value.State,
            TransactionPartitions = value.State == TransactionState.Empty ? null : [.. PartitionsOf(value)],
            TransactionLastUpdateTimestampMs = value.LastUpdateMs,
            TransactionStartTimestampMs = value.StartMs,
        };
        if (version >= 1)
        {
            message.PreviousProducerId = value.PreviousProducerId;
            message.NextProducerId = value.NextProducerId;
            message.ClientTransactionVersion = value.ClientVersion;
        }

        return message;
    }

    private static IEnumerable<TransactionLogValue.PartitionsSchema> PartitionsOf(TransactionValue value) =>
        value.Partitions.All.GroupBy(at => at.Topic, at => at.Partition, StringComparer.Ordinal)
            .Select(topic => new TransactionLogValue.PartitionsSchema { Topic = topic.Key, PartitionIds = [.. topic] });

    private static TransactionValue FromMessage(TransactionLogValue message)
    {
        if (message.TransactionStatus is < 0 or > (sbyte)TransactionState.PrepareEpochFence)
        {
            throw new MalformedException($"a transaction is in state {message.TransactionStatus}");
        }

        return new TransactionValue
        {
            ProducerId = message.ProducerId,
            PreviousProducerId = message.PreviousProducerId,
            NextProducerId = message.NextProducerId,
            Epoch = message.ProducerEpoch,
            TimeoutMs = message.TransactionTimeoutMs,
            State = (TransactionState)message.TransactionStatus,
            Partitions = PartitionList.Of((message.TransactionPartitions ?? [])
                .SelectMany(topic => topic.PartitionIds, (topic, partition) => new TopicPartition(topic.Topic, partition))),
            LastUpdateMs = message.TransactionLastUpdateTimestampMs,
            StartMs = message.TransactionStartTimestampMs,
            ClientVersion = message.ClientTransactionVersion,
        };
    }
}
