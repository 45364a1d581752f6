using Barnabas.Base;
using Barnabas.Conformance.Operator;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Shared;

namespace Barnabas.Conformance.Transactions;

/// <summary>Who may commit offsets in a transaction for a group of the consumer protocol: Kafka is asked the same.</summary>
public sealed class MemberCommitTests
{
    private static readonly Dictionary<string, string> Settings = new() { ["offsets.topic.num.partitions"] = "2" };

    [BrokerTheory(Need.Program, Need.Peer, Apis = [Api.TxnOffsetCommit, Api.ConsumerGroupHeartbeat])]
    [InlineData("Barnabas")]
    [InlineData("Kafka")]
    [Trait("Category", "Slow")]
    public void A_member_commits_in_its_epoch_and_nobody_else_does(string kind)
    {
        using var broker = BrokerProcess.Start(Enum.Parse<BrokerKind>(kind), Settings);
        using var connection = new MessageConnection(broker.Port);
        MovedGroup.CreateTopic(connection);
        var (epoch, _) = MovedGroup.Follow(connection, "m1", 0, []);
        var producer = new TransactionProducer(connection).Begin("p");
        ErrorCode Commit(string member, int generation) => connection.Call<TxnOffsetCommitResponse>(
            new TxnOffsetCommitRequest
            {
                TransactionalId = "p",
                GroupId = "moved-group",
                ProducerId = producer.ProducerId,
                ProducerEpoch = producer.ProducerEpoch,
                MemberId = member,
                GenerationId = generation,
                Topics = [new() { Name = "moved", Partitions = [new() { PartitionIndex = 0, CommittedOffset = 7 }] }],
            },
            5).Topics[0].Partitions[0].ErrorCode;

        Assert.Equal(ErrorCode.None, Commit("m1", epoch));
        Assert.Equal(ErrorCode.IllegalGeneration, Commit("m1", epoch - 1));
        Assert.Equal(ErrorCode.IllegalGeneration, Commit("m1", epoch + 1));
        Assert.Equal(ErrorCode.IllegalGeneration, Commit("m1", -1));
        Assert.Equal(ErrorCode.UnknownMemberId, Commit("m2", epoch));

        // Of a producer that says nothing of a group, Kafka believes that it needs none.
        Assert.Equal(ErrorCode.None, Commit("", -1));
    }
}
