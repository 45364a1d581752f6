using System.Diagnostics;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Conformance.Transactions;

/// <summary>A producer of transactions request by request, so that a test stops where it wants. Owned by the test.</summary>
internal sealed class TransactionProducer(MessageConnection connection)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public void CreateTopic(string name, int partitions) => Assert.Equal(ErrorCode.None, connection.Call<CreateTopicsResponse>(
        new CreateTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }] },
        7).Topics[0].ErrorCode);

    /// <summary>Begins with an id once its coordinator is there.</summary>
    public InitProducerIdResponse Begin(string id) => Until(
        () =>
        {
            connection.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [id] }, 4);
            return connection.Call<InitProducerIdResponse>(
                new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = 600_000 }, 5);
        },
        begun => begun.ErrorCode == ErrorCode.None,
        $"the producer of {id}");

    /// <summary>Produces one record, "ID-SEQUENCE", which joins the partition to the transaction.</summary>
    public ProduceResponse.PartitionProduceResponse Produce(
        string id, InitProducerIdResponse producer, int sequence, int partition, bool asPlainBatch = false)
    {
        using var bytes = new ByteWriter();
        using var batch = new RecordBatchBuilder(bytes);
        batch.Begin(new BatchOptions
        {
            ProducerId = producer.ProducerId, ProducerEpoch = producer.ProducerEpoch, BaseSequence = sequence, IsTransactional = true,
        });
        batch.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), default, Encoding.ASCII.GetBytes($"{id}-{sequence}"));
        batch.End();
        var request = new ProduceRequest
        {
            TransactionalId = id,
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData = [new() { Name = "t", PartitionData = [new() { Index = partition, Records = bytes.Written.ToArray() }] }],
        };

        // A broker may not know a new topic at once, or the end of the transaction before.
        return Until(
            () => connection.Call<ProduceResponse>(request, asPlainBatch ? (short)9 : (short)12).Responses[0].PartitionResponses[0],
            answer => answer.ErrorCode is not (ErrorCode.UnknownTopicOrPartition or ErrorCode.NotEnoughReplicas
                or ErrorCode.NotLeaderOrFollower),
            "a produce");
    }

    public EndTxnResponse End(string id, InitProducerIdResponse producer, bool commit) => connection.Call<EndTxnResponse>(
        new EndTxnRequest
        {
            TransactionalId = id, ProducerId = producer.ProducerId, ProducerEpoch = producer.ProducerEpoch, Committed = commit,
        },
        5);

    /// <summary>The transaction once its coordinator is loaded and no marker is missing.</summary>
    public DescribeTransactionsResponse.TransactionStateData Settled(string id) => Until(
        () => connection.Call<DescribeTransactionsResponse>(
            new DescribeTransactionsRequest { TransactionalIds = [id] }, 0).TransactionStates[0],
        state => state.ErrorCode == ErrorCode.None && !state.TransactionState.StartsWith("Prepare", StringComparison.Ordinal),
        $"the end of {id}");

    /// <summary>What a reader of committed records sees of a partition, aborted ones taken out as clients do.</summary>
    public List<string> ReadCommitted(string topic, int partition)
    {
        var script = Shared.Checkout.At("tests/Barnabas.Conformance/clients/python/read_committed.py");
        var at = connection.Address;
        return [.. Command.Run("/usr/bin/python3", [script, at, topic, $"{partition}"]).Succeeded().Text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static T Until<T>(Func<T> ask, Func<T, bool> isGood, string what)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var answer = ask();
            if (isGood(answer))
            {
                return answer;
            }

            Assert.True(watch.Elapsed < Limit, $"{what} did not come");
            Thread.Sleep(10);
        }
    }
}
