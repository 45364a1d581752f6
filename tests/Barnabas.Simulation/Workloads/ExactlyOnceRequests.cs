using System.Text;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Groups;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Simulation.Checkers;

namespace Barnabas.Simulation.Workloads;

/// <summary>What a producer with a transaction coordinator asks. Stateless.</summary>
internal static class ExactlyOnceRequests
{
    public static InitProducerIdRequest Begin(string id, int timeoutMs) => new()
    {
        TransactionalId = id, ProducerId = -1, ProducerEpoch = -1, TransactionTimeoutMs = timeoutMs,
    };

    public static AddPartitionsToTxnRequest Join(ProducerIdentity who, string topic, int partition) => new()
    {
        V3AndBelowTransactionalId = who.Id,
        V3AndBelowProducerId = who.ProducerId,
        V3AndBelowProducerEpoch = who.Epoch,
        V3AndBelowTopics = [new() { Name = topic, Partitions = [partition] }],
    };

    public static AddOffsetsToTxnRequest JoinOffsets(ProducerIdentity who) => new()
    {
        TransactionalId = who.Id, ProducerId = who.ProducerId, ProducerEpoch = who.Epoch, GroupId = TransactionLedger.GroupOf(who.Id),
    };

    public static EndTxnRequest End(string id, long producerId, short epoch, bool isCommit) => new()
    {
        TransactionalId = id, ProducerId = producerId, ProducerEpoch = epoch, Committed = isCommit,
    };

    public static TxnOffsetCommitRequest Commit(ProducerIdentity who, int piece, long offset) => new()
    {
        TransactionalId = who.Id,
        GroupId = TransactionLedger.GroupOf(who.Id),
        ProducerId = who.ProducerId,
        ProducerEpoch = who.Epoch,
        GenerationId = -1,
        MemberId = "",
        Topics =
        [
            new()
            {
                Name = GroupPartition.Topic,
                Partitions = [new() { PartitionIndex = piece, CommittedOffset = offset, CommittedMetadata = "" }],
            },
        ],
    };

    public static OffsetFetchRequest Fetch(string id, int piece, bool requireStable) => new()
    {
        RequireStable = requireStable,
        Groups =
        [
            new()
            {
                GroupId = TransactionLedger.GroupOf(id),
                Topics = [new() { Name = GroupPartition.Topic, PartitionIndexes = [piece] }],
            },
        ],
    };

    public static ProduceRequest Produce(string id, string topic, int partition, byte[] batch, int timeoutMs) => new()
    {
        TransactionalId = id,
        Acks = -1,
        TimeoutMs = timeoutMs,
        TopicData = [new() { Name = topic, PartitionData = [new() { Index = partition, Records = batch }] }],
    };

    /// <summary>A batch of the producer's transaction.</summary>
    public static byte[] Batch(ProducerIdentity who, int sequence, long nowMs, string[] values)
    {
        using var writer = new ByteWriter();
        using var builder = new RecordBatchBuilder(writer);
        builder.Begin(new BatchOptions
        {
            ProducerId = who.ProducerId, ProducerEpoch = who.Epoch, BaseSequence = sequence, IsTransactional = true,
        });
        foreach (var value in values)
        {
            builder.Append(nowMs, default, Encoding.UTF8.GetBytes(value));
        }

        builder.End();
        return writer.Written.ToArray();
    }
}
