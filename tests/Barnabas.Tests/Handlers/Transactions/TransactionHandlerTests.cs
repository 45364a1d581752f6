using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Transactions;

/// <summary>Transactions over real sockets, shards and logs: partitions that join by themselves, and those that are asked about.</summary>
public sealed class TransactionHandlerTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start("transaction.state.log.num.partitions=2", "offsets.topic.num.partitions=2");
        _node.CreateTopic("t", partitions: 2);
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Fact]
    public void Records_are_seen_when_their_transaction_is_committed()
    {
        var producer = _client.Begin("a");
        Assert.Equal(ErrorCode.None, _client.ProduceIn("a", producer.ProducerId, 0, 0).ErrorCode);
        Assert.Equal((1L, 0L), (_client.EndOffset(committed: false), _client.EndOffset(committed: true)));
        Assert.Equal(1, _client.End("a", producer.ProducerId, 0, commit: true).ProducerEpoch);
        Assert.Equal("CompleteCommit", _client.Settled("a"));
        Assert.Equal(2, _client.EndOffset(committed: true));
    }

    [Fact]
    public void The_next_transaction_begins_without_a_wait_of_the_producer()
    {
        var producer = _client.Begin("a");
        for (short epoch = 0; epoch < 50; epoch++)
        {
            Assert.Equal(ErrorCode.None, _client.ProduceIn("a", producer.ProducerId, epoch, 0).ErrorCode);
            Assert.Equal(epoch + 1, _client.End("a", producer.ProducerId, epoch, commit: epoch % 2 == 0).ProducerEpoch);
        }
    }

    [Fact]
    public void Batches_that_follow_one_that_has_to_be_asked_about_come_behind_it()
    {
        var producer = _client.Begin("a");
        for (var sequence = 0; sequence < 5; sequence++)
        {
            _client.SendMessage(TransactionClient.Request("a", producer.ProducerId, 0, sequence), 12, correlationId: sequence);
        }

        for (var sequence = 0; sequence < 5; sequence++)
        {
            var answer = _client.ReceiveMessage<ProduceResponse>(12).Responses[0].PartitionResponses[0];
            Assert.Equal((ErrorCode.None, sequence), (answer.ErrorCode, answer.BaseOffset));
        }
    }

    [Fact]
    public void Batches_of_two_producers_in_one_request_are_refused_together()
    {
        var (a, b) = (_client.Begin("a"), _client.Begin("b"));
        var request = TransactionClient.Request("a", a.ProducerId, 0, 0);
        var other = TransactionClient.Request("a", b.ProducerId, 0, 0, partition: 1);
        request.TopicData[0].PartitionData.AddRange(other.TopicData[0].PartitionData);
        var answers = _client.Call<ProduceResponse>(request, 12).Responses[0].PartitionResponses;
        Assert.Equal(2, answers.Count);
        Assert.All(answers, answer => Assert.Equal(ErrorCode.InvalidProducerIdMapping, answer.ErrorCode));
        Assert.Equal(0, _client.EndOffset(committed: false));
    }

    [Theory]
    [InlineData(11, ErrorCode.TransactionAbortable)]
    [InlineData(10, ErrorCode.InvalidTxnState)]
    [InlineData(3, ErrorCode.InvalidTxnState)]
    public void Older_producers_have_to_add_a_partition_first(short version, ErrorCode refused)
    {
        var producer = _client.Begin("a");
        Assert.Equal(refused, _client.ProduceIn("a", producer.ProducerId, 0, 0, version: version).ErrorCode);
        Assert.Equal(ErrorCode.None, _client.Join("a", producer.ProducerId, 0));
        Assert.Equal(ErrorCode.None, _client.ProduceIn("a", producer.ProducerId, 0, 0, version: version).ErrorCode);
        Assert.Equal(refused, _client.ProduceIn("a", producer.ProducerId, 0, 1, partition: 1, version: version).ErrorCode);
        Assert.Equal(ErrorCode.None, _client.End("a", producer.ProducerId, 0, commit: false, version: 4).ErrorCode);
        _client.Settled("a");

        // A batch of the transaction that comes after its end would hold readers back for ever.
        Assert.Equal(refused, _client.ProduceIn("a", producer.ProducerId, 0, 1, version: version).ErrorCode);
        Assert.Equal(2, _client.EndOffset(committed: true));
    }

    [Fact]
    public void Producers_that_are_fenced_unknown_or_of_another_id_write_nothing()
    {
        var producer = _client.Begin("a");
        Assert.Equal(ErrorCode.InvalidProducerEpoch, _client.ProduceIn("a", producer.ProducerId, 1, 0).ErrorCode);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _client.ProduceIn("a", producer.ProducerId + 100, 0, 0).ErrorCode);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _client.ProduceIn("z", producer.ProducerId, 0, 0).ErrorCode);
        Assert.Equal(0, _client.EndOffset(committed: false));
        Assert.Equal("Empty", _client.Describe("a").TransactionState);
    }

    [Fact]
    public void Without_a_coordinator_producers_are_told_to_come_again()
    {
        var answer = _client.ProduceIn("a", 1, 0, 0);
        Assert.Equal(ErrorCode.NotEnoughReplicas, answer.ErrorCode);
        Assert.Equal(
            "Unable to verify the partition has been added to the transaction. Underlying error: NOT_COORDINATOR", answer.ErrorMessage);
    }

    [Fact]
    public void Offsets_of_a_group_join_by_themselves_and_count_from_the_commit_on()
    {
        var producer = _client.Begin("a");
        MakeOffsets();
        Assert.Equal(ErrorCode.None, _client.CommitOffset("a", "g", producer.ProducerId, 0, 17));
        Assert.Equal("__consumer_offsets", _client.Describe("a").Topics.Single().Topic);
        Assert.Equal(ErrorCode.UnstableOffsetCommit, _client.FetchOffset("g", stable: true).ErrorCode);
        Assert.Equal(-1, _client.FetchOffset("g").CommittedOffset);
        _client.End("a", producer.ProducerId, 0, commit: true);
        _client.Settled("a");
        Assert.Equal(17, _client.FetchOffset("g", stable: true).CommittedOffset);

        Assert.Equal(ErrorCode.None, _client.CommitOffset("a", "g", producer.ProducerId, 1, 99));
        _client.End("a", producer.ProducerId, 1, commit: false);
        _client.Settled("a");
        Assert.Equal(17, _client.FetchOffset("g", stable: true).CommittedOffset);
    }

    [Theory]
    [InlineData(4, ErrorCode.TransactionAbortable)]
    [InlineData(3, ErrorCode.InvalidTxnState)]
    public void Older_producers_have_to_add_the_group_first(short version, ErrorCode refused)
    {
        var producer = _client.Begin("a");
        MakeOffsets();
        Assert.Equal(refused, _client.CommitOffset("a", "g", producer.ProducerId, 0, 17, version));
        Assert.Equal(ErrorCode.None, _client.Call<AddOffsetsToTxnResponse>(
            new AddOffsetsToTxnRequest { TransactionalId = "a", GroupId = "g", ProducerId = producer.ProducerId }, 3).ErrorCode);
        Assert.Equal(ErrorCode.None, _client.CommitOffset("a", "g", producer.ProducerId, 0, 17, version));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, _client.CommitOffset("a", "g", producer.ProducerId, 1, 17, version));
        Assert.Equal(ErrorCode.InvalidGroupId, _client.CommitOffset("a", "", producer.ProducerId, 0, 17, version));
    }

    [Fact]
    public void Partitions_that_are_not_there_or_are_the_brokers_own_keep_all_of_a_request_out()
    {
        var producer = _client.Begin("a");
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _client.Join("a", producer.ProducerId, 0, partition: 7));
        Assert.Equal(ErrorCode.TopicAuthorizationFailed, _client.Join("a", producer.ProducerId, 0, "__transaction_state"));
        var answer = _client.Call<AddPartitionsToTxnResponse>(
            new AddPartitionsToTxnRequest
            {
                Transactions =
                [
                    new() { TransactionalId = "a", ProducerId = producer.ProducerId, Topics = [new() { Name = "t", Partitions = [0, 7] }] },
                    new() { TransactionalId = "", ProducerId = producer.ProducerId, Topics = [new() { Name = "t", Partitions = [0] }] },
                    new()
                    {
                        TransactionalId = "a", ProducerId = producer.ProducerId, VerifyOnly = true,
                        Topics = [new() { Name = "t", Partitions = [1] }],
                    },
                ],
            },
            5).ResultsByTransaction.SelectMany(each => each.TopicResults.SelectMany(topic => topic.ResultsByPartition));
        Assert.Equal(
            [ErrorCode.OperationNotAttempted, ErrorCode.UnknownTopicOrPartition, ErrorCode.InvalidRequest, ErrorCode.TransactionAbortable],
            answer.Select(each => each.PartitionErrorCode));
        Assert.Equal("Empty", _client.Describe("a").TransactionState);
    }

    [Fact]
    public void A_topic_that_is_deleted_does_not_hold_its_transaction_up()
    {
        var producer = _client.Begin("a");
        _node.CreateTopic("gone");
        Assert.Equal(ErrorCode.None, _client.Join("a", producer.ProducerId, 0, "gone"));
        _client.Call<DeleteTopicsResponse>(new DeleteTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = "gone" }] }, 6);
        Assert.Equal(ErrorCode.None, _client.End("a", producer.ProducerId, 0, commit: true).ErrorCode);
        Assert.Equal("CompleteCommit", _client.Settled("a"));
    }

    [Fact]
    public async Task A_transaction_goes_on_after_a_restart()
    {
        var producer = _client.Begin("a");
        _client.ProduceIn("a", producer.ProducerId, 0, 0);
        await _node.Stop();
        await _node.Start();
        using var client = _node.Connect();
        while (client.Describe("a").ErrorCode != ErrorCode.None)
        {
        }

        Assert.Equal("Ongoing", client.Describe("a").TransactionState);
        Assert.Equal(ErrorCode.None, client.ProduceIn("a", producer.ProducerId, 0, 1).ErrorCode);
        Assert.Equal(ErrorCode.None, client.End("a", producer.ProducerId, 0, commit: true).ErrorCode);
        Assert.Equal("CompleteCommit", client.Settled("a"));
        Assert.Equal(3, client.EndOffset(committed: true));
    }

    [Fact]
    public void A_directory_is_raised_and_lowered_live()
    {
        Assert.Equal(2, Level());
        Set(1, upgradeType: 2);
        var producer = _client.Begin("a");
        Assert.Equal(ErrorCode.None, _client.Join("a", producer.ProducerId, 0));
        _client.Call<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = "a", TransactionTimeoutMs = 1000 }, 5);

        // Below level 2 the coordinator's own abort is one that its producer does not come back from.
        _client.Settled("a");
        var again = new InitProducerIdRequest
        {
            TransactionalId = "a", TransactionTimeoutMs = 1000, ProducerId = producer.ProducerId, ProducerEpoch = 0,
        };
        Assert.Equal(ErrorCode.ProducerFenced, _client.Call<InitProducerIdResponse>(again, 5).ErrorCode);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, _client.Call<InitProducerIdResponse>(again, 3).ErrorCode);
        Set(0, upgradeType: 2);
        Assert.Equal(0, Level());
        producer = _client.Begin("b");
        Assert.Equal(ErrorCode.UnsupportedVersion, _client.ProduceIn("b", producer.ProducerId, 0, 0).ErrorCode);
        Set(2, upgradeType: 1);
        Assert.Equal(ErrorCode.None, _client.ProduceIn("b", producer.ProducerId, 0, 0).ErrorCode);
    }

    private void Set(short level, sbyte upgradeType) => Assert.Equal(ErrorCode.None, _client.Call<UpdateFeaturesResponse>(
        new UpdateFeaturesRequest
        {
            TimeoutMs = 30_000,
            FeatureUpdates = [new() { Feature = "transaction.version", MaxVersionLevel = level, UpgradeType = upgradeType }],
        },
        2).ErrorCode);

    private int Level() => _client.Call<ApiVersionsResponse>(
        new ApiVersionsRequest { ClientSoftwareName = "t", ClientSoftwareVersion = "1" }, 4)
        .FinalizedFeatures.Find(feature => feature.Name == "transaction.version")?.MaxVersionLevel ?? 0;

    private void MakeOffsets()
    {
        ErrorCode error;
        do
        {
            _client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["g"] }, 4);
            error = _client.Call<OffsetFetchResponse>(
                new OffsetFetchRequest { GroupId = "g", Topics = [new() { Name = "t", PartitionIndexes = [0] }] }, 7).ErrorCode;
        }
        while (error != ErrorCode.None);
    }
}
