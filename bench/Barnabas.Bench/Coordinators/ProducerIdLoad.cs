using System.Globalization;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Bench.Coordinators;

/// <summary>Producer ids that come, write one batch and are never seen again: how much memory the broker keeps for them.</summary>
internal static class ProducerIdLoad
{
    /// <summary>Producers are forgotten soon, so that they go while the benchmark waits.</summary>
    public const string Settings = "producer.id.expiration.ms=5000 producer.id.expiration.check.interval.ms=1000";

    private const int ProducerIds = 1_000_000, Connections = 16, OnTheirWay = 16, Partitions = 16;
    private const short InitVersion = 4, ProduceVersion = 9;

    public static LoadFigures Run(CoordinatorLoad load)
    {
        using (var admin = new LoadClient(load.Broker.Port))
        {
            admin.CreateTopic("t", Partitions);
        }

        var residentMiB = new List<long> { load.Broker.ResidentMiB() };
        var rounds = load.Times.Scaled(ProducerIds) / Connections / OnTheirWay;
        return load.Measure(
            () =>
            {
                load.OnConnections(Connections, (i, client) =>
                {
                    for (var round = 0; round < rounds; round++)
                    {
                        Come(client, i);
                        if (i == 0 && round % Math.Max(1, rounds / 5) == rounds / 10)
                        {
                            residentMiB.Add(load.Broker.ResidentMiB());
                        }
                    }
                });
                Thread.Sleep(8000);
                residentMiB.Add(load.Broker.ResidentMiB());
                return (long)rounds * Connections * OnTheirWay;
            },
            () => "resident MiB before, on the way, and when all are gone: "
                + string.Join(' ', residentMiB.Select(each => each.ToString(CultureInfo.InvariantCulture))));
    }

    private static void Come(LoadClient client, int partition)
    {
        for (var k = 0; k < OnTheirWay; k++)
        {
            client.Send(new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000 }, InitVersion);
        }

        client.Flush();
        var ids = Enumerable.Range(0, OnTheirWay).Select(_ => client.Receive<InitProducerIdResponse>(InitVersion)).ToList();
        foreach (var id in ids)
        {
            LoadClient.Expect(id.ErrorCode);
            client.Send(
                new ProduceRequest
                {
                    Acks = -1,
                    TimeoutMs = 60_000,
                    TopicData = [new() { Name = "t", PartitionData = [new() { Index = partition, Records = Batch(id.ProducerId) }] }],
                },
                ProduceVersion);
        }

        client.Flush();
        foreach (var _ in ids)
        {
            LoadClient.Expect(client.Receive<ProduceResponse>(ProduceVersion).Responses[0].PartitionResponses[0].ErrorCode);
        }
    }

    private static byte[] Batch(long producerId)
    {
        using var bytes = new ByteWriter();
        using var batch = new RecordBatchBuilder(bytes);
        batch.Begin(new BatchOptions { ProducerId = producerId, ProducerEpoch = 0, BaseSequence = 0 });
        batch.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), default, "v"u8);
        batch.End();
        return bytes.Written.ToArray();
    }
}
