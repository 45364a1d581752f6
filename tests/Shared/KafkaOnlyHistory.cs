using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Xunit;

namespace Barnabas.Shared;

/// <summary>
/// What a <see cref="BrokerHistory"/> cannot ask of every broker: transactions through their coordinator, one of them left open, with
/// offsets in them; groups of the newer protocol. One thread.
/// </summary>
public sealed class KafkaOnlyHistory(int port) : IDisposable
{
    private const string Topic = "transactional", Group = "transactional-group", NewGroup = "newer-group";
    private readonly WireClient _client = new(port);
    private long _nowMs = DateTimeOffset.UtcNow.AddMinutes(-20).ToUnixTimeMilliseconds();

    /// <summary>Commits, aborts, and leaves one transaction open; joins, commits and leaves a group.</summary>
    public void Run()
    {
        using (var brokers = new HistoryBrokers([port]))
        {
            brokers.CreateTopic(Topic, 2, [("segment.ms", "20000")]);
            brokers.Produce(Topic, 0, Batch(new BatchOptions()), null);
            brokers.Produce(Topic, 1, Batch(new BatchOptions()), null);
        }

        for (var i = 0; i < 6; i++)
        {
            Transaction($"id-{i % 2}", isCommit: i % 3 != 1);
        }

        Transaction("open", isCommit: null);
        ConsumerGroup();
    }

    public void Dispose() => _client.Dispose();

    private void Transaction(string id, bool? isCommit)
    {
        var producer = Patiently.Ask(
            () => _client.Call<InitProducerIdResponse>(
                new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = 600_000, ProducerId = -1, ProducerEpoch = -1 }, 4),
            answer => IsTooEarly(answer.ErrorCode) && FindsCoordinator(id, 1));
        Assert.Equal(ErrorCode.None, producer.ErrorCode);
        for (var i = 0; i < 4; i++)
        {
            _nowMs += 6000;
            Produce(id, producer, partition: i % 2, sequence: i / 2);
        }

        CommitOffset(id, producer);
        if (isCommit is { } committed)
        {
            var request = new EndTxnRequest
            {
                TransactionalId = id, ProducerId = producer.ProducerId, ProducerEpoch = producer.ProducerEpoch, Committed = committed,
            };
            var ended = Patiently.Ask(() => _client.Call<EndTxnResponse>(request, 4), answer => IsTooEarly(answer.ErrorCode));
            Assert.Equal(ErrorCode.None, ended.ErrorCode);
        }
    }

    private void Produce(string id, InitProducerIdResponse producer, int partition, int sequence)
    {
        var added = new AddPartitionsToTxnRequest
        {
            V3AndBelowTransactionalId = id,
            V3AndBelowProducerId = producer.ProducerId,
            V3AndBelowProducerEpoch = producer.ProducerEpoch,
            V3AndBelowTopics = [new AddPartitionsToTxnRequest.AddPartitionsToTxnTopic { Name = Topic, Partitions = [partition] }],
        };
        var answer = Patiently.Ask(
            () => _client.Call<AddPartitionsToTxnResponse>(added, 3).ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode,
            IsTooEarly);
        Assert.Equal(ErrorCode.None, answer);
        using var brokers = new HistoryBrokers([port]);
        var options = new BatchOptions
        {
            ProducerId = producer.ProducerId, ProducerEpoch = producer.ProducerEpoch, BaseSequence = sequence * 3, IsTransactional = true,
            Compression = (CompressionType)(sequence % 5),
        };
        brokers.Produce(Topic, partition, Batch(options), id);
    }

    private void CommitOffset(string id, InitProducerIdResponse producer)
    {
        var added = Patiently.Ask(
            () => _client.Call<AddOffsetsToTxnResponse>(
                new AddOffsetsToTxnRequest
                {
                    TransactionalId = id, ProducerId = producer.ProducerId, ProducerEpoch = producer.ProducerEpoch, GroupId = Group,
                },
                3),
            answer => IsTooEarly(answer.ErrorCode) && FindsCoordinator(Group, 0));
        Assert.Equal(ErrorCode.None, added.ErrorCode);
        var offset = new TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition
        {
            PartitionIndex = 0, CommittedOffset = _nowMs % 97, CommittedMetadata = id,
        };
        var request = new TxnOffsetCommitRequest
        {
            TransactionalId = id, GroupId = Group, ProducerId = producer.ProducerId, ProducerEpoch = producer.ProducerEpoch, MemberId = "",
            Topics = [new TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic { Name = Topic, Partitions = [offset] }],
        };
        var committed = Patiently.Ask(
            () => _client.Call<TxnOffsetCommitResponse>(request, 3).Topics[0].Partitions[0].ErrorCode,
            error => IsTooEarly(error) && FindsCoordinator(Group, 0));
        Assert.Equal(ErrorCode.None, committed);
    }

    /// <summary>A member of the newer protocol that joins, commits and leaves.</summary>
    private void ConsumerGroup()
    {
        var member = "AAAAAAAAAAAAAAAAAAAAAw";
        var joined = Patiently.Ask(() => Heartbeat(member, 0), answer => IsTooEarly(answer.ErrorCode) && FindsCoordinator(NewGroup, 0));
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        var offset = new OffsetCommitRequest.OffsetCommitRequestPartition
        {
            PartitionIndex = 1, CommittedOffset = 3, CommittedLeaderEpoch = 0, CommittedMetadata = "newer",
        };
        var request = new OffsetCommitRequest
        {
            GroupId = NewGroup, MemberId = member, GenerationIdOrMemberEpoch = joined.MemberEpoch,
            Topics = [new OffsetCommitRequest.OffsetCommitRequestTopic { Name = Topic, Partitions = [offset] }],
        };
        Assert.Equal(ErrorCode.None, _client.Call<OffsetCommitResponse>(request, 9).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.None, Heartbeat(member, -1).ErrorCode);
    }

    private ConsumerGroupHeartbeatResponse Heartbeat(string member, int epoch) => _client.Call<ConsumerGroupHeartbeatResponse>(
        new ConsumerGroupHeartbeatRequest
        {
            GroupId = NewGroup, MemberId = member, MemberEpoch = epoch, RebalanceTimeoutMs = 60_000, SubscribedTopicNames = [Topic],
            TopicPartitions = [],
        },
        1);

    private bool FindsCoordinator(string key, sbyte kind)
    {
        _client.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = kind, CoordinatorKeys = [key] }, 6);
        return true;
    }

    private static bool IsTooEarly(ErrorCode error) => error is ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator
        or ErrorCode.CoordinatorLoadInProgress or ErrorCode.ConcurrentTransactions or ErrorCode.UnknownTopicOrPartition;

    private byte[] Batch(BatchOptions options)
    {
        using var output = new ByteWriter();
        using var builder = new RecordBatchBuilder(output);
        builder.Begin(options);
        for (var i = 0; i < 3; i++)
        {
            builder.Append(_nowMs + i, "k"u8.ToArray(), new byte[] { (byte)('a' + i) });
        }

        builder.End();
        return output.Written.ToArray();
    }
}
