using System.Diagnostics;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Conformance.Support;
using Barnabas.Conformance.Transactions;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Conformance.Hostile;

/// <summary>
/// Groups and transactions in numbers and sizes that no client means: the answer is an error of Kafka's or the work is done, memory stays
/// bounded, and whoever comes next is served.
/// </summary>
[Trait("Category", "Slow")]
public sealed class CoordinatorBoundsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(240);
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["group.min.session.timeout.ms"] = "1000",
        ["offsets.retention.check.interval.ms"] = "1000",
        ["offsets.topic.segment.bytes"] = "1048576",
        ["log.cleaner.backoff.ms"] = "500",
        ["producer.id.expiration.ms"] = "1000",
        ["transactional.id.expiration.ms"] = "1000",
        ["transaction.remove.expired.transaction.cleanup.interval.ms"] = "1000",
        ["producer.id.expiration.check.interval.ms"] = "1000",
    };

    private const string Topic = "t";

    private readonly BrokerProcess broker = BrokerProcess.Start(BrokerKind.Barnabas, Settings);

    public void Dispose() => broker.Dispose();

    [ProgramFact(Api.JoinGroup)]
    public void A_client_id_of_which_no_member_id_can_be_made_is_refused()
    {
        using var connection = Connect();
        foreach (var version in new short[] { 3, 5, 9 })
        {
            using var raw = new RawConnection(broker.Port);
            using var writer = new ByteWriter();
            FrameCodec.WriteRequest(writer, Join("long"), version, 1, new string('c', short.MaxValue));
            raw.SendFrame(writer.Written);
            var answer = FrameCodec.DecodeResponse<JoinGroupResponse>(raw.ReceiveFrame(), version, out _);
            Assert.Equal((ErrorCode.UnknownServerError, ""), (answer.ErrorCode, answer.MemberId));
        }

        Assert.Equal(ErrorCode.None, connection.Call<JoinGroupResponse>(Join("long"), 3).ErrorCode);
    }

    [ProgramFact(Api.JoinGroup)]
    public void Members_that_join_and_never_sync_are_out_and_the_others_go_on()
    {
        using var silent = Connect();
        for (var i = 0; i < 500; i++)
        {
            silent.Send(Join("silent"), 3);
        }

        // One that means it comes into their group.
        using var connection = Connect();
        var member = "";
        Until(() =>
        {
            var joined = connection.Call<JoinGroupResponse>(Join("silent", member), 3);
            member = joined.ErrorCode == ErrorCode.UnknownMemberId ? "" : joined.MemberId;
            return joined.ErrorCode == ErrorCode.None && joined.Leader == member && joined.Members.Count == 1
                && Sync(connection, "silent", joined) == ErrorCode.None;
        });
    }

    [ProgramFact(Api.OffsetCommit, Api.ListGroups)]
    public void A_hundred_thousand_empty_groups_are_listed_expire_and_leave_room()
    {
        const int groups = 100_000;
        using var connection = Connect();
        var before = ResidentMiB();
        Commit(connection, groups, i => $"empty-{i}", -1);
        var listed = connection.Call<ListGroupsResponse>(new ListGroupsRequest(), 5);
        Assert.Equal((ErrorCode.None, groups), (listed.ErrorCode, listed.Groups.Count));
        Assert.InRange(ResidentMiB() - before, 0, 400);

        Commit(connection, groups, i => $"empty-{i}", 1);
        using var bystander = Connect();
        Until(() => bystander.Call<ListGroupsResponse>(new ListGroupsRequest(), 5).Groups.Count == 0);
        Commit(bystander, 1, _ => "next", 1);
    }

    [ProgramFact(Api.OffsetCommit)]
    public void A_million_commits_of_a_thousand_groups_leave_little_behind()
    {
        using var connection = Connect();
        Commit(connection, 1_000_000, i => $"busy-{i % 1000}", -1);
        Until(() => OffsetsBytes() < 64 << 20);
        var fetch = new OffsetFetchRequest { Groups = [new() { GroupId = "busy-7", Topics = null }] };
        var fetched = connection.Call<OffsetFetchResponse>(fetch, 9);
        Assert.Equal(999_007, fetched.Groups[0].Topics[0].Partitions[0].CommittedOffset);
    }

    [ProgramFact(Api.InitProducerId, Api.ListTransactions, Api.DescribeProducers)]
    public void Producers_that_come_and_go_are_forgotten()
    {
        const int producers = 30_000;
        using var connection = Connect();
        for (var i = 0; i < 40; i++)
        {
            new TransactionProducer(connection).Begin($"first-{i}"); // waits for the coordinators, each of which has some
        }

        Each<InitProducerIdResponse>(connection, producers, 4,
            i => new InitProducerIdRequest { TransactionalId = $"id-{i}", TransactionTimeoutMs = 1000 }, answer => answer.ErrorCode);
        Each<ProduceResponse>(connection, producers, 9, i => Produce(1_000_000 + i), answer =>
            answer.Responses[0].PartitionResponses[0].ErrorCode);
        Until(() => connection.Call<ListTransactionsResponse>(new ListTransactionsRequest(), 1).TransactionStates.Count == 0);
        var asked = new DescribeProducersRequest { Topics = [new() { Name = Topic, PartitionIndexes = [0] }] };
        Until(() => connection.Call<DescribeProducersResponse>(asked, 0).Topics[0].Partitions[0].ActiveProducers.Count == 0);
        Assert.Equal(ErrorCode.None, new TransactionProducer(connection).Begin("id-7").ErrorCode);
    }

    [ProgramFact(Api.AddPartitionsToTxn, Api.EndTxn)]
    public void A_transaction_over_ten_thousand_partitions_is_committed()
    {
        const int partitions = 10_000;
        using var connection = Connect();
        var producer = new TransactionProducer(connection);
        producer.CreateTopic("wide", partitions);
        var begun = producer.Begin("wide");
        var request = new AddPartitionsToTxnRequest
        {
            V3AndBelowTransactionalId = "wide", V3AndBelowProducerId = begun.ProducerId, V3AndBelowProducerEpoch = begun.ProducerEpoch,
            V3AndBelowTopics = [new() { Name = "wide", Partitions = [.. Enumerable.Range(0, partitions)] }],
        };
        var added = connection.Call<AddPartitionsToTxnResponse>(request, 3).ResultsByTopicV3AndBelow[0].ResultsByPartition;
        Assert.Equal(partitions, added.Count(result => result.PartitionErrorCode == ErrorCode.None));

        Assert.Equal(ErrorCode.None, producer.End("wide", begun, commit: true).ErrorCode);
        Assert.Equal("CompleteCommit", producer.Settled("wide").TransactionState);
        var next = producer.Begin("next");
        Assert.Equal(ErrorCode.None, producer.Produce("next", next, 0, 0).ErrorCode);
        Assert.Equal(ErrorCode.None, producer.End("next", next, commit: true).ErrorCode);
    }

    private static JoinGroupRequest Join(string group, string member = "") => new()
    {
        GroupId = group,
        MemberId = member,
        SessionTimeoutMs = 2000,
        RebalanceTimeoutMs = 1000,
        ProtocolType = "consumer",
        Protocols = [new() { Name = "range", Metadata = [] }],
    };

    private static ErrorCode Sync(MessageConnection connection, string group, JoinGroupResponse joined)
    {
        var sync = new SyncGroupRequest
        {
            GroupId = group, GenerationId = joined.GenerationId, MemberId = joined.MemberId,
            Assignments = [new() { MemberId = joined.MemberId, Assignment = [1] }],
        };
        var synced = connection.Call<SyncGroupResponse>(sync, 3);
        return synced is { ErrorCode: ErrorCode.None, Assignment: not [1] } ? ErrorCode.UnknownServerError : synced.ErrorCode;
    }

    // Whoever connects first makes the topic, and the coordinators.
    private MessageConnection Connect()
    {
        var connection = new MessageConnection(broker.Port, (int)Limit.TotalMilliseconds);
        var topic = new CreateTopicsRequest.CreatableTopic { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 };
        connection.Call<CreateTopicsResponse>(new CreateTopicsRequest { TimeoutMs = 30_000, Topics = [topic] }, 7);
        var found = new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["g"] };
        Until(() => connection.Call<FindCoordinatorResponse>(found, 4).Coordinators[0].ErrorCode == ErrorCode.None);

        // They come up one by one: these have groups on all of them.
        var fetch = new OffsetFetchRequest();
        for (var i = 0; i < 40; i++)
        {
            fetch.Groups.Add(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = $"g-{i}", Topics = [] });
        }

        Until(() => connection.Call<OffsetFetchResponse>(fetch, 9).Groups.TrueForAll(group => group.ErrorCode == ErrorCode.None));
        return connection;
    }

    // Version 4 has a time after which an offset expires; -1 for the broker's.
    private static void Commit(MessageConnection connection, int count, Func<int, string> group, long retentionMs) =>
        Each<OffsetCommitResponse>(
            connection, count, 4,
            i => new OffsetCommitRequest
            {
                GroupId = group(i), GenerationIdOrMemberEpoch = -1, RetentionTimeMs = retentionMs,
                Topics = [new() { Name = Topic, Partitions = [new() { PartitionIndex = 0, CommittedOffset = i }] }],
            },
            answer => answer.Topics[0].Partitions[0].ErrorCode);

    // Many requests, some on their way at once.
    private static void Each<T>(MessageConnection connection, int count, short version, Func<int, IMessage> ask, Func<T, ErrorCode> errorOf)
        where T : IMessage<T>
    {
        const int onTheirWay = 500;
        for (var i = 0; i < count + onTheirWay; i++)
        {
            if (i < count)
            {
                connection.Send(ask(i), version);
            }

            if (i >= onTheirWay)
            {
                Assert.Equal(ErrorCode.None, errorOf(connection.Receive<T>(version)));
            }
        }
    }

    private static ProduceRequest Produce(long producerId)
    {
        using var bytes = new ByteWriter();
        using var batch = new RecordBatchBuilder(bytes);
        batch.Begin(new BatchOptions { ProducerId = producerId, ProducerEpoch = 0, BaseSequence = 0 });
        batch.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), default, "v"u8);
        batch.End();
        return new ProduceRequest
        {
            Acks = -1, TimeoutMs = 30_000,
            TopicData = [new() { Name = Topic, PartitionData = [new() { Index = 0, Records = bytes.Written.ToArray() }] }],
        };
    }

    // A segment may go while it is counted.
    private long OffsetsBytes() => broker.PartitionFolders("__consumer_offsets")
        .SelectMany(folder => new DirectoryInfo(folder).EnumerateFiles("*.log")).Sum(file => file.Exists ? file.Length : 0);

    private long ResidentMiB()
    {
        using var process = Process.GetProcessById(broker.Process.Id);
        return process.WorkingSet64 >> 20;
    }

    private static void Until(Func<bool> isSo)
    {
        for (var watch = Stopwatch.StartNew(); !isSo(); Thread.Sleep(50))
        {
            Assert.True(watch.Elapsed < Limit, $"not in {Limit.TotalSeconds} s");
        }
    }
}
