using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Bench.Coordinators;

/// <summary>Transactions of ten records over five partitions, one producer a connection, as many as the broker takes.</summary>
internal static class TransactionLoad
{
    private const short ProduceVersion = 12, EndVersion = 5, InitVersion = 5;
    private const int Producers = 32, PartitionsEach = 5, RecordsPerPartition = 2, Partitions = 100, BackoffMs = 20;

    public static LoadFigures Run(CoordinatorLoad load)
    {
        load.Prepare(1, Partitions, "t");
        return load.Measure(
            Producers,
            (i, client, counter) =>
            {
                int[] partitions = [.. Enumerable.Range(0, PartitionsEach).Select(k => ((i * PartitionsEach) + k) % Partitions)];
                var producer = new TransactionalProducer(client, $"p-{i}", partitions);
                while (load.Goes)
                {
                    producer.Run();
                    counter.Add(1);
                }
            },
            () => $"{Producers} producers, {PartitionsEach * RecordsPerPartition} records over {PartitionsEach} partitions each");
    }

    /// <summary>One transactional id. Owned by the thread of its connection.</summary>
    private sealed class TransactionalProducer
    {
        private readonly LoadClient _client;
        private readonly string _id;
        private readonly int[] _partitions;
        private long _producerId;
        private short _epoch;
        private int _sequence;

        public TransactionalProducer(LoadClient client, string id, int[] partitions)
        {
            (_client, _id, _partitions) = (client, id, partitions);
            client.AwaitCoordinator(1, id);
            var request = new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = 60_000 };
            var begun = Retried(() => client.Call<InitProducerIdResponse>(request, InitVersion), answer => answer.ErrorCode);
            (_producerId, _epoch) = (begun.ProducerId, begun.ProducerEpoch);
        }

        /// <summary>One transaction from its first record to the answer that it is committed.</summary>
        public void Run()
        {
            var request = Request();
            Retried(() => _client.Call<ProduceResponse>(request, ProduceVersion), answer => answer.Responses[0].PartitionResponses
                .Select(part => part.ErrorCode).FirstOrDefault(error => error != ErrorCode.None));
            _sequence += RecordsPerPartition;
            var end = new EndTxnRequest { TransactionalId = _id, ProducerId = _producerId, ProducerEpoch = _epoch, Committed = true };
            var ended = Retried(() => _client.Call<EndTxnResponse>(end, EndVersion), answer => answer.ErrorCode);
            if (ended.ProducerEpoch != _epoch || ended.ProducerId != _producerId)
            {
                (_producerId, _epoch, _sequence) = (ended.ProducerId, ended.ProducerEpoch, 0);
            }
        }

        private ProduceRequest Request()
        {
            using var bytes = new ByteWriter();
            using var batch = new RecordBatchBuilder(bytes);
            batch.Begin(new BatchOptions
            {
                ProducerId = _producerId, ProducerEpoch = _epoch, BaseSequence = _sequence, IsTransactional = true,
            });
            for (var i = 0; i < RecordsPerPartition; i++)
            {
                batch.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), default, new byte[100]);
            }

            batch.End();
            var records = bytes.Written.ToArray();
            return new ProduceRequest
            {
                TransactionalId = _id,
                Acks = -1,
                TimeoutMs = 60_000,
                TopicData = [new() { Name = "t", PartitionData = [.. _partitions.Select(p => Part(p, records))] }],
            };
        }

        private static ProduceRequest.PartitionProduceData Part(int partition, byte[] records) =>
            new() { Index = partition, Records = records };

        // As Java's producer does when the markers of the transaction before are still being written, or a coordinator is loading.
        private static T Retried<T>(Func<T> ask, Func<T, ErrorCode> errorOf)
        {
            while (true)
            {
                var answer = ask();
                switch (errorOf(answer))
                {
                    case ErrorCode.None:
                        return answer;
                    case ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator
                        or ErrorCode.CoordinatorNotAvailable:
                        Thread.Sleep(BackoffMs);
                        break;
                    case var error:
                        throw new InvalidOperationException($"the broker answers {error}");
                }
            }
        }
    }
}
