using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Transactions;

/// <summary>What a producer of transactions asks, in short.</summary>
internal static class TransactionClient
{
    /// <summary>Begins with an id; asks again while the topic is made or loaded, and while markers are written.</summary>
    public static InitProducerIdResponse Begin(this TestClient client, string id, int timeoutMs = 60_000, short version = 5)
    {
        while (true)
        {
            client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [id] }, 4);
            var begun = client.Call<InitProducerIdResponse>(
                new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = timeoutMs }, version);
            if (begun.ErrorCode is not (ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable
                or ErrorCode.NotCoordinator or ErrorCode.ConcurrentTransactions))
            {
                Assert.Equal(ErrorCode.None, begun.ErrorCode);
                return begun;
            }
        }
    }

    public static ProduceResponse.PartitionProduceResponse ProduceIn(
        this TestClient client, string id, long producerId, short epoch, int sequence, int partition = 0, short version = 12) =>
        client.Call<ProduceResponse>(Request(id, producerId, epoch, sequence, partition), version).Responses[0].PartitionResponses[0];

    /// <summary>A batch of one record "v" and its sequence number, to topic "t".</summary>
    public static ProduceRequest Request(string id, long producerId, short epoch, int sequence, int partition = 0) => new()
    {
        TransactionalId = id,
        Acks = -1,
        TimeoutMs = 30_000,
        TopicData =
        [
            new()
            {
                Name = "t",
                PartitionData =
                [
                    new()
                    {
                        Index = partition,
                        Records = PartitionServer.Batch(
                            new BatchOptions
                            {
                                ProducerId = producerId, ProducerEpoch = epoch, BaseSequence = sequence, IsTransactional = true,
                            },
                            $"v{sequence}"),
                    },
                ],
            },
        ],
    };

    public static EndTxnResponse End(
        this TestClient client, string id, long producerId, short epoch, bool commit, short version = 5) => client.Call<EndTxnResponse>(
            new EndTxnRequest { TransactionalId = id, ProducerId = producerId, ProducerEpoch = epoch, Committed = commit }, version);

    /// <summary>Adds a partition as producers of the older protocol do.</summary>
    public static ErrorCode Join(
        this TestClient client, string id, long producerId, short epoch, string topic = "t", int partition = 0, short version = 3) =>
        client.Call<AddPartitionsToTxnResponse>(
            new AddPartitionsToTxnRequest
            {
                V3AndBelowTransactionalId = id,
                V3AndBelowProducerId = producerId,
                V3AndBelowProducerEpoch = epoch,
                V3AndBelowTopics = [new() { Name = topic, Partitions = [partition] }],
            },
            version).ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode;

    public static DescribeTransactionsResponse.TransactionStateData Describe(this TestClient client, string id) =>
        client.Call<DescribeTransactionsResponse>(new DescribeTransactionsRequest { TransactionalIds = [id] }, 0).TransactionStates[0];

    /// <summary>Waits until the markers are written.</summary>
    public static string Settled(this TestClient client, string id)
    {
        while (true)
        {
            var state = client.Describe(id).TransactionState;
            if (!state.StartsWith("Prepare", StringComparison.Ordinal))
            {
                return state;
            }
        }
    }

    /// <summary>Where a reader at that isolation level comes to in partition 0 of topic "t".</summary>
    public static long EndOffset(this TestClient client, bool committed) => client.Call<ListOffsetsResponse>(
        new ListOffsetsRequest
        {
            ReplicaId = -1,
            IsolationLevel = committed ? (sbyte)1 : (sbyte)0,
            Topics = [new() { Name = "t", Partitions = [new() { CurrentLeaderEpoch = -1, Timestamp = -1 }] }],
        },
        7).Topics[0].Partitions[0].Offset;

    public static ErrorCode CommitOffset(
        this TestClient client, string id, string group, long producerId, short epoch, long offset, short version = 5) =>
        client.Call<TxnOffsetCommitResponse>(
            new TxnOffsetCommitRequest
            {
                TransactionalId = id,
                GroupId = group,
                ProducerId = producerId,
                ProducerEpoch = epoch,
                GenerationId = -1,
                MemberId = "",
                Topics = [new() { Name = "t", Partitions = [new() { CommittedOffset = offset, CommittedMetadata = "" }] }],
            },
            version).Topics[0].Partitions[0].ErrorCode;

    public static OffsetFetchResponse.OffsetFetchResponsePartition FetchOffset(this TestClient client, string group, bool stable = false) =>
        client.Call<OffsetFetchResponse>(
            new OffsetFetchRequest
            {
                GroupId = group, RequireStable = stable, Topics = [new() { Name = "t", PartitionIndexes = [0] }],
            },
            7).Topics[0].Partitions[0];
}
