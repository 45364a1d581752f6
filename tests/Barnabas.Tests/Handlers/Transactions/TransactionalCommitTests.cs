using Barnabas.Base;
using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Messages;
using Barnabas.Tests.Cluster.Partitions;

namespace Barnabas.Tests.Handlers.Transactions;

/// <summary>
/// A commit of offsets in a transaction goes to the group only if nothing has ended a transaction of its producer on the group's partition
/// while the coordinator was asked; else its client is told to come again.
/// </summary>
public sealed class TransactionalCommitTests : IDisposable
{
    private readonly ReplicaBench _bench = new(inSync: [1]);
    private AddPartitionsOperation? _asked;
    private ErrorCode? _answer;
    private int _submitted;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(77, ErrorCode.CoordinatorLoadInProgress)]
    [InlineData(78, ErrorCode.NotCoordinator)] // what there is no coordinator of in this test, where the commit then goes
    public void A_marker_of_the_producer_that_came_meanwhile_has_the_client_ask_again(long producerId, ErrorCode answer)
    {
        Begin();
        Assert.NotNull(_asked);
        var marker = TransactionGuardTests.Marker(_bench.Replica, producerId);
        _bench.Turn(() => _bench.Replica.Append(marker));
        _bench.Turn(() => _asked.Answer(new AddedPartitions(ErrorCode.None, [])));
        Assert.Equal((answer, 1), (_answer, _submitted));
    }

    [Fact]
    public void What_the_coordinator_refuses_is_refused()
    {
        Begin();
        _bench.Turn(() => _asked!.Answer(new AddedPartitions(ErrorCode.InvalidTxnState, [])));
        Assert.Equal((ErrorCode.InvalidTxnState, 1), (_answer, _submitted));
    }

    private void Begin()
    {
        var request = new TxnOffsetCommitRequest
        {
            TransactionalId = "x",
            GroupId = "g",
            ProducerId = 77,
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = 5 }] }],
        };
        var operation = new CommitInTransactionOperation(request, answer => _answer = answer.Topics[0].Partitions[0].ErrorCode);
        var commit = new TransactionalCommit(_bench.Replica, request, operation, () => _submitted++, version: 5);
        _bench.Turn(() => commit.Begin(new TransactionVerifier((_, question) => _asked = question, () => true, 100)));
    }
}
