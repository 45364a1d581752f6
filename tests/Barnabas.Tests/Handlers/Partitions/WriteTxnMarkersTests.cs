using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Shared;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>
/// Transactions as far as the log knows them, over a whole node: batches, markers, and what readers of committed records are told. What is
/// expected is what Apache Kafka 4.3.1 answered.
/// </summary>
public sealed class WriteTxnMarkersTests : IAsyncLifetime
{
    private const string VerificationKey = "transaction.partition.verification.enable";
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start($"{VerificationKey}=false");
        _node.CreateTopic("t", 1, "internal.segment.bytes=700");
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Readers_of_committed_records_are_told_what_was_aborted_also_after_a_restart()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(ErrorCode.None, Produce(producerId: 7 + (i % 2), sequence: i / 2 * 2).ErrorCode); // 3i, 3i + 1
            Assert.Equal([ErrorCode.None], End(7 + (i % 2), isCommit: i % 3 == 0)); // 3i + 2
        }

        (long, long)[] expected = [(8, 3), (7, 6), (8, 15), (7, 12), (8, 21), (7, 24)];
        var before = Told();
        Assert.Equal(expected.Order(), before.Distinct().Order());
        _client.Dispose();
        await _node.Stop();
        await _node.Start();
        _client = _node.Connect();
        Assert.Equal(before, Told()); // now of segments whose indexes are on the disk only
        Assert.Null(Fetch(0, isolationLevel: 0).AbortedTransactions);
    }

    [Fact]
    public void An_open_transaction_holds_readers_back_until_its_marker_comes()
    {
        Produce(producerId: 7, sequence: 0);
        Produce(producerId: 8, sequence: 0);
        var held = Fetch(0);
        Assert.Equal((4, 0, 0), (held.HighWatermark, held.LastStableOffset, held.Records!.Length));
        End(7, isCommit: true);
        Assert.Equal((5, 2), (Fetch(0).HighWatermark, Fetch(0).LastStableOffset));
        using var waiter = _node.Connect();
        waiter.SendMessage(Request(2, isolationLevel: 1, maxWaitMs: 60_000), 11);
        End(8, isCommit: false);
        var woken = waiter.ReceiveMessage<FetchResponse>(11).Responses[0].Partitions[0];
        Assert.Equal((6, 6), (woken.HighWatermark, woken.LastStableOffset));
        Assert.Equal((8, 2), (woken.AbortedTransactions![0].ProducerId, woken.AbortedTransactions[0].FirstOffset));
    }

    [Fact]
    public void A_transaction_that_began_below_the_log_start_holds_readers_back_at_the_batch_there()
    {
        Produce(producerId: 7, sequence: 0, count: 4);
        DeleteTo(2);
        Assert.Equal((2, 0), (Fetch(2).LogStartOffset, Fetch(2).LastStableOffset));
        DeleteTo(-1);
        Assert.Equal((4, 4), (Fetch(4).LogStartOffset, Fetch(4).LastStableOffset));
        End(7, isCommit: false);
        Assert.Equal((7, 0), (Fetch(4).AbortedTransactions![0].ProducerId, Fetch(4).AbortedTransactions![0].FirstOffset));
    }

    [Fact]
    public void Epochs_of_producer_and_coordinator_are_checked()
    {
        Produce(producerId: 7, sequence: 0, epoch: 3);
        Assert.Equal([ErrorCode.InvalidProducerEpoch], End(7, epoch: 2));
        Assert.Equal([ErrorCode.None], End(7, epoch: 3, coordinatorEpoch: 5));
        Assert.Equal([ErrorCode.TransactionCoordinatorFenced], End(7, epoch: 3, coordinatorEpoch: 4));
        Assert.Equal([ErrorCode.None], End(7, epoch: 3, coordinatorEpoch: 5));
        Produce(producerId: 7, sequence: 2, epoch: 3);
        Assert.Equal([ErrorCode.InvalidProducerEpoch], End(7, epoch: 3, coordinatorEpoch: 5, version: 2));
        Assert.Equal([ErrorCode.None], End(7, epoch: 4, coordinatorEpoch: 5, version: 2));
        Assert.Equal([ErrorCode.None], End(7, epoch: 4, coordinatorEpoch: 5, version: 2));
        Assert.Equal([ErrorCode.InvalidProducerEpoch], End(7, epoch: 3, coordinatorEpoch: 5, version: 2));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Produce(producerId: 7, sequence: 4, epoch: 3).ErrorCode);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(producerId: 7, sequence: 1, epoch: 4).ErrorCode);
        Assert.Equal(ErrorCode.None, Produce(producerId: 7, sequence: 0, epoch: 4).ErrorCode);
    }

    [Fact]
    public void What_cannot_be_written_is_named_beside_what_was()
    {
        Assert.Equal([ErrorCode.UnknownServerError], End(-1));
        Assert.Equal([ErrorCode.UnknownServerError], End(7, epoch: -1));
        Assert.Equal([ErrorCode.UnknownServerError], End(7, version: -1));
        var answer = Write(
            Marker(7, topics: [("nope", [0]), ("t", [0, 7])]),
            Marker(8, topics: [("t", [0])]),
            Marker(7, topics: [("t", [0])]),
            Marker(9, topics: []));
        Assert.Equal([7L, 8L], answer.Select(m => m.ProducerId));
        Assert.Equal(
            [
                ("nope", 0, ErrorCode.UnknownTopicOrPartition), ("t", 0, ErrorCode.None), ("t", 7, ErrorCode.UnknownTopicOrPartition),
            ],
            answer[0].Topics.SelectMany(t => t.Partitions.Select(p => (t.Name, p.PartitionIndex, p.ErrorCode))));
        Assert.Equal(3, Fetch(0).HighWatermark);
    }

    [Fact]
    [ConfigKey("transaction.partition.verification.enable")]
    public void Only_without_verification_is_a_transactional_batch_taken()
    {
        Assert.Equal(ErrorCode.None, Produce(producerId: 7, sequence: 0).ErrorCode);
        var joining = Produce(producerId: 8, sequence: 0, version: 12);
        Assert.Equal(ErrorCode.NotEnoughReplicas, joining.ErrorCode);
        _node.Set(4, "1", VerificationKey, "true");
        Assert.Equal(ErrorCode.NotEnoughReplicas, Produce(producerId: 8, sequence: 0).ErrorCode);

        // What is open here was vouched for when it was begun.
        Assert.Equal(ErrorCode.None, Produce(producerId: 7, sequence: 2).ErrorCode);
        Assert.Equal(ErrorCode.None, _client.Produce("t", 0, PartitionServer.Batch("plain")).ErrorCode);
        Assert.Equal(5, Fetch(0).HighWatermark);
    }

    [Fact]
    public void A_request_has_the_transaction_of_one_producer()
    {
        _node.CreateTopic("two", 2);
        var request = Produced("two", Batch(7, 0, 0, 2), Batch(8, 0, 0, 2));
        var parts = _client.Call<ProduceResponse>(request, 11).Responses[0].PartitionResponses;
        Assert.All(parts, p => Assert.Equal(ErrorCode.InvalidProducerIdMapping, p.ErrorCode));
        Assert.All(parts, p => Assert.Equal("Transactional records contained more than one producer ID", p.ErrorMessage));
    }

    [Theory, InlineData(11), InlineData(13)]
    public void An_isolation_level_that_means_nothing_is_an_error_of_the_whole_request(short version)
    {
        var id = _node.CreateTopic("v");
        var request = Request(0, isolationLevel: 2, maxWaitMs: 0);
        request.Topics[0].Topic = "v";
        request.Topics[0].TopicId = id;
        var answer = _client.Call<FetchResponse>(request, version);
        Assert.Equal((ErrorCode)(-1), answer.ErrorCode);
        Assert.Equal(version < 13 ? [(ErrorCode)(-1)] : [], answer.Responses.SelectMany(r => r.Partitions).Select(p => p.ErrorCode));
        request.Topics[0].Topic = "nope";
        request.Topics[0].TopicId = new Uuid(1, 1);
        answer = _client.Call<FetchResponse>(request, version);
        Assert.Equal(ErrorCode.None, answer.ErrorCode);
        Assert.NotEqual(ErrorCode.None, answer.Responses[0].Partitions[0].ErrorCode);
    }

    private ProduceResponse.PartitionProduceResponse Produce(
        long producerId, int sequence, short epoch = 0, int count = 2, short version = 11) =>
        _client.Call<ProduceResponse>(Produced("t", Batch(producerId, epoch, sequence, count)), version).Responses[0].PartitionResponses[0];

    private static ProduceRequest Produced(string topic, params byte[][] batches) => new()
    {
        TransactionalId = "x",
        Acks = -1,
        TimeoutMs = 30_000,
        TopicData = [new() { Name = topic, PartitionData = [.. batches.Select((batch, i) => new ProduceRequest.PartitionProduceData
        {
            Index = i, Records = batch,
        })] }],
    };

    private static byte[] Batch(long producerId, short epoch, int sequence, int count) => PartitionServer.Batch(
        new BatchOptions { ProducerId = producerId, ProducerEpoch = epoch, BaseSequence = sequence, IsTransactional = true },
        [.. Enumerable.Repeat("v", count)]);

    private ErrorCode[] End(long producerId, bool isCommit = false, short epoch = 0, int coordinatorEpoch = 5, sbyte version = 0)
    {
        var marker = Marker(producerId, [("t", [0])], isCommit);
        (marker.ProducerEpoch, marker.CoordinatorEpoch, marker.TransactionVersion) = (epoch, coordinatorEpoch, version);
        return [.. Write(marker)[0].Topics[0].Partitions.Select(p => p.ErrorCode)];
    }

    private List<WriteTxnMarkersResponse.WritableTxnMarkerResult> Write(params WriteTxnMarkersRequest.WritableTxnMarker[] markers) =>
        _client.Call<WriteTxnMarkersResponse>(new WriteTxnMarkersRequest { Markers = [.. markers] }, 2).Markers;

    private static WriteTxnMarkersRequest.WritableTxnMarker Marker(
        long producerId, (string Topic, int[] Partitions)[] topics, bool isCommit = false) => new()
        {
            ProducerId = producerId,
            TransactionResult = isCommit,
            CoordinatorEpoch = 5,
            Topics = [.. topics.Select(t => new WriteTxnMarkersRequest.WritableTxnMarkerTopic
            {
                Name = t.Topic, PartitionIndexes = [.. t.Partitions],
            })],
        };

    private void DeleteTo(long offset)
    {
        var request = new DeleteRecordsRequest
        {
            TimeoutMs = 30_000, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = offset }] }],
        };
        Assert.Equal(ErrorCode.None, _client.Call<DeleteRecordsResponse>(request, 2).Topics[0].Partitions[0].ErrorCode);
    }

    /// <summary>What is told at each offset, in order.</summary>
    private List<(long ProducerId, long FirstOffset)> Told() =>
        [.. Enumerable.Range(0, 30).SelectMany(offset => Fetch(offset).AbortedTransactions!).Select(a => (a.ProducerId, a.FirstOffset))];

    private FetchResponse.PartitionData Fetch(long offset, sbyte isolationLevel = 1) =>
        _client.Call<FetchResponse>(Request(offset, isolationLevel, maxWaitMs: 0), 11).Responses[0].Partitions[0];

    private static FetchRequest Request(long offset, sbyte isolationLevel, int maxWaitMs)
    {
        var request = PartitionServer.Fetch(maxWaitMs, (0, offset));
        request.IsolationLevel = isolationLevel;
        return request;
    }
}
