using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using static Barnabas.Tests.Handlers.PartitionServer;

namespace Barnabas.Tests.Handlers;

public class ProduceFetchTests
{
    public static TheoryData<WireKind> Wires => OperatingSystem.IsLinux() ? [WireKind.Epoll, WireKind.Sockets] : [WireKind.Sockets];

    public static TheoryData<WireKind, short, short> Versions()
    {
        var data = new TheoryData<WireKind, short, short>();
        foreach (var kind in OperatingSystem.IsLinux() ? new[] { WireKind.Epoll, WireKind.Sockets } : [WireKind.Sockets])
        {
            for (short version = 3; version <= 13; version++)
            {
                data.Add(kind, version, (short)(version + 5));
            }
        }

        return data;
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task What_is_produced_is_fetched_in_every_version(WireKind kind, short produceVersion, short fetchVersion)
    {
        await using var server = new PartitionServer(kind);
        using var client = server.Connect();
        var produced = client.Call<ProduceResponse>(Produce(-1, (0, Batch("a", "b")), (2, Batch("c"))), produceVersion);
        var parts = produced.Responses[0].PartitionResponses;
        Assert.All(parts, p => Assert.Equal(ErrorCode.None, p.ErrorCode));
        Assert.Equal([0L, 0L], parts.Select(p => p.BaseOffset));
        var again = client.Call<ProduceResponse>(Produce(1, (0, Batch("d"))), produceVersion);
        Assert.Equal(2, again.Responses[0].PartitionResponses[0].BaseOffset);

        var fetched = client.Call<FetchResponse>(Fetch(0, (0, 0), (1, 0), (2, 0)), fetchVersion);
        var got = fetched.Responses.SelectMany(t => t.Partitions).ToList();
        Assert.Equal([0, 1, 2], got.Select(p => p.PartitionIndex));
        Assert.Equal(["a", "b", "d"], Values(got[0].Records!));
        Assert.Empty(Values(got[1].Records ?? []));
        Assert.Equal(["c"], Values(got[2].Records!));
        Assert.Equal(3, got[0].HighWatermark);
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task A_parked_fetch_is_woken_by_a_produce(WireKind kind)
    {
        await using var server = new PartitionServer(kind);
        using var reader = server.Connect();
        using var writer = server.Connect();
        for (var round = 0; round < 200; round++)
        {
            reader.SendMessage(Fetch(30_000, (0, round), (1, 0), (2, 0)), 12);
            var value = $"v{round}";
            writer.Call<ProduceResponse>(Produce(round % 2 == 0 ? (short)1 : (short)-1, (0, Batch(value))), 9);
            var got = reader.ReceiveMessage<FetchResponse>(12).Responses[0].Partitions[0];
            Assert.Equal([value], Values(got.Records!));
        }
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task A_fetch_with_nothing_new_answers_when_its_time_is_up(WireKind kind)
    {
        await using var server = new PartitionServer(kind);
        using var client = server.Connect();
        var fetched = client.Call<FetchResponse>(Fetch(20, (0, 0), (1, 0)), 13);
        Assert.All(fetched.Responses[0].Partitions, p => Assert.Equal(ErrorCode.None, p.ErrorCode));
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task A_connection_that_goes_while_parked_leaves_nothing_behind(WireKind kind)
    {
        await using var server = new PartitionServer(kind);
        for (var round = 0; round < 20; round++)
        {
            using (var reader = server.Connect())
            {
                reader.SendMessage(Fetch(60_000, (0, round), (1, 0), (2, 0)), 12);
            }

            using var writer = server.Connect();
            writer.Call<ProduceResponse>(Produce(1, (0, Batch("x"))), 9);
        }

        Assert.Empty(server.NetworkFaults);
        await server.OnShard(0, r => Assert.Equal(20, r.View.LogEndOffset));
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task A_session_tells_only_what_is_new(WireKind kind)
    {
        await using var server = new PartitionServer(kind);
        using var client = server.Connect();
        var first = Fetch(0, (0, 0), (1, 0), (2, 0));
        first.SessionEpoch = 0;
        var opened = client.Call<FetchResponse>(first, 13);
        Assert.NotEqual(0, opened.SessionId);
        Assert.Equal(3, opened.Responses[0].Partitions.Count);

        client.Call<ProduceResponse>(Produce(1, (1, Batch("n"))), 9);
        var next = new FetchRequest
        {
            SessionId = opened.SessionId, SessionEpoch = 1, MaxWaitMs = 30_000, MinBytes = 1, MaxBytes = 1 << 20,
        };
        var told = client.Call<FetchResponse>(next, 13);
        Assert.Equal([1], told.Responses.SelectMany(t => t.Partitions).Select(p => p.PartitionIndex));

        next.SessionEpoch = 7;
        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, client.Call<FetchResponse>(next, 13).ErrorCode);
        next.SessionId++;
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, client.Call<FetchResponse>(next, 13).ErrorCode);
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task Wrong_requests_get_their_error(WireKind kind)
    {
        await using var server = new PartitionServer(kind);
        using var client = server.Connect();
        var strange = Produce(1, (9, Batch("x")));
        Assert.Equal(
            ErrorCode.UnknownTopicOrPartition, client.Call<ProduceResponse>(strange, 9).Responses[0].PartitionResponses[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicId, client.Call<ProduceResponse>(strange, 13).Responses[0].PartitionResponses[0].ErrorCode);
        Assert.Equal(
            ErrorCode.InvalidRequiredAcks,
            client.Call<ProduceResponse>(Produce(5, (0, Batch("x"))), 9).Responses[0].PartitionResponses[0].ErrorCode);
        var bad = Batch("x");
        bad[^1] ^= 1;
        Assert.Equal(
            ErrorCode.CorruptMessage,
            client.Call<ProduceResponse>(Produce(1, (0, bad)), 9).Responses[0].PartitionResponses[0].ErrorCode);
        Assert.Equal(
            ErrorCode.OffsetOutOfRange, client.Call<FetchResponse>(Fetch(1000, (0, 5)), 12).Responses[0].Partitions[0].ErrorCode);
        var stale = Fetch(1000, (0, 0));
        stale.Topics[0].Partitions[0].CurrentLeaderEpoch = 3;
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, client.Call<FetchResponse>(stale, 12).Responses[0].Partitions[0].ErrorCode);
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task An_idempotent_producer_gets_the_old_offset_for_a_duplicate(WireKind kind)
    {
        await using var server = new PartitionServer(kind);
        using var client = server.Connect();
        var options = new BatchOptions { ProducerId = 4, ProducerEpoch = 0, BaseSequence = 0 };
        var batch = Batch(options, "a", "b");
        for (var i = 0; i < 2; i++)
        {
            var part = client.Call<ProduceResponse>(Produce(-1, (0, batch)), 9).Responses[0].PartitionResponses[0];
            Assert.Equal((ErrorCode.None, 0L), (part.ErrorCode, part.BaseOffset));
        }

        var gap = client.Call<ProduceResponse>(Produce(-1, (0, Batch(options with { BaseSequence = 9 }, "c"))), 9);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, gap.Responses[0].PartitionResponses[0].ErrorCode);
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task Compressed_batches_are_opened_beside_the_loop_when_asked_for(WireKind kind)
    {
        await using var server = new PartitionServer(kind, opensCompressed: true);
        using var client = server.Connect();
        var batch = Batch(new BatchOptions { Compression = CompressionType.Gzip }, "a", "b");
        var part = client.Call<ProduceResponse>(Produce(-1, (0, batch)), 9).Responses[0].PartitionResponses[0];
        Assert.Equal(ErrorCode.None, part.ErrorCode);
        var fetched = client.Call<FetchResponse>(Fetch(0, (0, 0)), 12).Responses[0].Partitions[0];
        Assert.True(RecordBatchHeader.TryRead(fetched.Records, out var header));
        Assert.Equal((2, CompressionType.Gzip), (header.RecordCount, header.Compression));
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task Acks_all_waits_for_the_disk_where_the_topic_says_so(WireKind kind)
    {
        await using var server = new PartitionServer(kind, config: LogConfig.Default with { FlushOnAck = true });
        using var client = server.Connect();
        for (var i = 0; i < 20; i++)
        {
            var part = client.Call<ProduceResponse>(Produce(-1, (0, Batch("a"))), 9).Responses[0].PartitionResponses[0];
            Assert.Equal((ErrorCode.None, (long)i), (part.ErrorCode, part.BaseOffset));
            await server.OnShard(0, r => Assert.True(r.Log.RecoveryPoint > i));
        }
    }

    [Theory]
    [InlineData(1, -1)]
    [InlineData(1, 1)]
    [InlineData(3, -1)]
    [InlineData(3, 1)]
    public async Task No_more_than_flush_messages_less_one_are_acknowledged_before_they_are_on_the_disk(int flushMessages, short acks)
    {
        await using var server = new PartitionServer(WireKind.Epoll, config: LogConfig.Default with { FlushMessages = flushMessages });
        using var client = server.Connect();
        for (var i = 0; i < 20; i++)
        {
            var part = client.Call<ProduceResponse>(Produce(acks, (0, Batch("a"))), 9).Responses[0].PartitionResponses[0];
            Assert.Equal((ErrorCode.None, (long)i), (part.ErrorCode, part.BaseOffset));
            var unflushed = long.MaxValue;
            await server.OnShard(0, r => unflushed = r.Log.LogEndOffset - r.Log.RecoveryPoint);
            Assert.InRange(unflushed, 0, flushMessages - 1);
        }
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task Too_few_replicas_in_sync_refuse_acks_all_alone(WireKind kind)
    {
        await using var server = new PartitionServer(kind, config: LogConfig.Default with { MinInsyncReplicas = 2 });
        using var client = server.Connect();
        var refused = client.Call<ProduceResponse>(Produce(-1, (0, Batch("a"))), 9).Responses[0].PartitionResponses[0];
        Assert.Equal((ErrorCode.NotEnoughReplicas, -1L), (refused.ErrorCode, refused.BaseOffset));
        var taken = client.Call<ProduceResponse>(Produce(1, (0, Batch("a"))), 9).Responses[0].PartitionResponses[0];
        Assert.Equal(ErrorCode.None, taken.ErrorCode);
    }

    [Theory, MemberData(nameof(Wires))]
    public async Task A_follower_that_does_not_come_lets_acks_all_time_out(WireKind kind)
    {
        await using var server = new PartitionServer(kind);
        await server.OnShard(0, r => r.Become(r.State with { InSyncReplicas = [1, 2], PartitionEpoch = 1 }));
        using var client = server.Connect();
        var request = Produce(-1, (0, Batch("a")), (1, Batch("b")));
        request.TimeoutMs = 50;
        var parts = client.Call<ProduceResponse>(request, 9).Responses[0].PartitionResponses;
        Assert.Equal([ErrorCode.RequestTimedOut, ErrorCode.None], parts.Select(p => p.ErrorCode));

        // What is not replicated is not shown.
        var fetched = client.Call<FetchResponse>(Fetch(0, (0, 0)), 12).Responses[0].Partitions[0];
        Assert.Equal(0, fetched.HighWatermark);
        Assert.Empty(fetched.Records ?? []);
    }
}
