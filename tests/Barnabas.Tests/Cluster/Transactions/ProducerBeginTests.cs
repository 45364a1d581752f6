using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions;
using Barnabas.Messages;

namespace Barnabas.Tests.Cluster.Transactions;

/// <summary>InitProducerId in every state of a transactional id.</summary>
public sealed class ProducerBeginTests
{
    private readonly TransactionBench _bench = new();

    [Fact]
    public void A_new_id_gets_a_producer_id_and_epoch_0_and_the_same_producer_id_with_the_next_epoch_after_that()
    {
        Assert.Equal((1000, 0), Gets(_bench.Init("a").Now));
        Assert.Equal((1000, 1), Gets(_bench.Init("a").Now));
        Assert.Equal((1001, 0), Gets(_bench.Init("b").Now));
        Assert.Equal("Empty", _bench.StateOf("a"));
    }

    [Fact]
    public void A_new_id_takes_a_new_producer_id_whatever_its_producer_believes() =>
        Assert.Equal((1000, 0), Gets(_bench.Init("a", producerId: 55, epoch: 3).Now));

    [Fact]
    public void Two_producers_that_begin_with_a_new_id_at_once_get_the_same_producer_id()
    {
        _bench.AutoIds = false;
        var (first, second) = (_bench.Init("a"), _bench.Init("a"));
        Assert.False(first.IsThere || second.IsThere);
        _bench.Bring();
        _bench.Bring();
        Assert.Equal((1000, 0), Gets(first.Now));
        Assert.Equal((1000, 1), Gets(second.Now));
    }

    [Fact]
    public void Without_a_producer_id_to_give_it_is_told_to_come_again()
    {
        _bench.AutoIds = false;
        var asked = _bench.Init("a");
        _bench.Bring(ErrorCode.CoordinatorLoadInProgress);
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, asked.Now.ErrorCode);
        Assert.Empty(_bench.Log.Records);
    }

    [Fact]
    public void A_coordinator_that_goes_answers_who_waits_for_a_producer_id_and_takes_none_that_comes_late()
    {
        _bench.AutoIds = false;
        var asked = _bench.Init("a");
        _bench.Unload(ErrorCode.NotCoordinator);
        Assert.Equal(ErrorCode.NotCoordinator, asked.Now.ErrorCode);
        _bench.Bring();
        _bench.Load();
        Assert.Empty(_bench.Log.Records);
        _bench.Init("a");
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        _bench.Bring();
        Assert.Empty(_bench.Log.Records);
    }

    [Fact]
    public void A_producer_that_knows_its_epoch_raises_it_once_and_its_retry_gets_the_same()
    {
        _bench.Init("a");
        Assert.Equal((1000, 1), Gets(_bench.Init("a", 1000, 0).Now));
        Assert.Equal((1000, 1), Gets(_bench.Init("a", 1000, 0).Now));
        Assert.Equal((1000, 2), Gets(_bench.Init("a", 1000, 1).Now));
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 1000, 0).Now.ErrorCode);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 1000, 3).Now.ErrorCode);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 1001, 2).Now.ErrorCode);
    }

    [Fact]
    public void Whoever_begins_without_knowing_an_epoch_fences_the_one_before()
    {
        _bench.Init("a");
        _bench.Init("a");
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 1000, 0).Now.ErrorCode);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    [InlineData(0)]
    public void A_transaction_under_way_is_aborted_first_and_its_producer_fenced(short level)
    {
        _bench.Level = level;
        var client = level == 2 ? (short)2 : (short)0;
        _bench.Init("a");
        _bench.AutoMarkers = false;
        Assert.Equal(ErrorCode.None, _bench.Add("a", 1000, 0, client, 0, 1));
        Assert.Equal(ErrorCode.ConcurrentTransactions, _bench.Init("a").Now.ErrorCode);
        Assert.Equal("PrepareAbort", _bench.StateOf("a"));
        Assert.Equal(ErrorCode.ConcurrentTransactions, _bench.Init("a").Now.ErrorCode);

        var order = _bench.Answer();
        Assert.False(order.IsCommit);
        Assert.Equal((1000L, 1, 7), (order.ProducerId, (int)order.Epoch, order.CoordinatorEpoch));
        Assert.Equal((client, 2), (order.TransactionVersion, order.Partitions.Count));
        Assert.Equal("CompleteAbort", _bench.StateOf("a"));
        Assert.Equal((1000, 2), Gets(_bench.Init("a").Now));
    }

    [Fact]
    public void The_producer_of_an_aborted_transaction_that_begins_again_keeps_the_epoch_that_the_abort_gave_it()
    {
        _bench.Init("a");
        _bench.Add("a", 1000, 0, 2, 0);
        Assert.Equal(ErrorCode.ConcurrentTransactions, _bench.Init("a", 1000, 0).Now.ErrorCode);
        Assert.Equal((1000, 1), Gets(_bench.Init("a", 1000, 0).Now));
    }

    [Fact]
    public void Below_level_2_the_producer_of_an_aborted_transaction_is_fenced_for_good()
    {
        _bench.Level = 1;
        _bench.Init("a");
        _bench.Add("a", 1000, 0, 0, 0);
        Assert.Equal(ErrorCode.ConcurrentTransactions, _bench.Init("a", 1000, 0).Now.ErrorCode);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 1000, 0).Now.ErrorCode);
    }

    [Fact]
    public void A_producer_that_does_not_know_the_id_aborts_nothing()
    {
        _bench.Init("a");
        _bench.Add("a", 1000, 0, 2, 0);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 1001, 0).Now.ErrorCode);
        Assert.Equal("Ongoing", _bench.StateOf("a"));
    }

    [Fact]
    public void When_the_epochs_are_used_up_there_is_a_new_producer_id_and_a_retry_gets_it_too()
    {
        _bench.Found("a", Value(TransactionState.CompleteCommit, short.MaxValue - 1));
        Assert.Equal((1000, 0), Gets(_bench.Init("a", 5, short.MaxValue - 1).Now));
        Assert.Equal((1000, 0), Gets(_bench.Init("a", 5, short.MaxValue - 1).Now));
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 5, 7).Now.ErrorCode);
        Assert.Equal((1000, 1), Gets(_bench.Init("a").Now));
    }

    [Fact]
    public void Whoever_is_fenced_takes_no_new_producer_id_and_has_no_part_in_it()
    {
        _bench.Found("a", Value(TransactionState.Empty, TransactionValue.LastEpochGiven));
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 5, 3).Now.ErrorCode);
        Assert.Equal((1000, 0), Gets(_bench.Init("a", 5, TransactionValue.LastEpochGiven).Now));
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Init("a", 5, 0).Now.ErrorCode);
    }

    [Fact]
    public void A_producer_begins_without_the_partitions_of_the_transaction_before()
    {
        _bench.Found("a", Value(TransactionState.CompleteCommit, 4, 1));
        _bench.Init("a");
        Assert.Empty(_bench.Describe("a").Topics);
    }

    [Fact]
    public void The_epoch_that_only_fences_is_given_to_nobody()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, short.MaxValue - 1, 0));
        Assert.Equal(ErrorCode.ConcurrentTransactions, _bench.Init("a").Now.ErrorCode);
        Assert.Equal(short.MaxValue, _bench.Written.Single().Epoch);
        Assert.Equal((1000, 0), Gets(_bench.Init("a").Now));
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidTransactionTimeout)]
    [InlineData(-1, ErrorCode.InvalidTransactionTimeout)]
    [InlineData(900_001, ErrorCode.InvalidTransactionTimeout)]
    [InlineData(900_000, ErrorCode.None)]
    [InlineData(1, ErrorCode.None)]
    public void The_timeout_has_a_limit(int timeoutMs, ErrorCode expected)
    {
        var request = new InitProducerIdRequest { TransactionalId = "a", TransactionTimeoutMs = timeoutMs };
        var operation = new Barnabas.Cluster.Transactions.Requests.InitProducerIdOperation(request, _ => { });
        Assert.Equal(expected, operation.Precheck(new TransactionConfig()));
    }

    [Theory]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.NotLeaderOrFollower, ErrorCode.NotCoordinator)]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError)]
    public void What_the_log_refuses_changes_nothing(ErrorCode log, ErrorCode told)
    {
        _bench.Log.Fails = new JournalAppend(log, -1);
        Assert.Equal(told, _bench.Init("a").Now.ErrorCode);
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _bench.Describe("a").ErrorCode);
    }

    [Fact]
    public void Nothing_is_answered_before_it_is_committed()
    {
        _bench.AutoCommit = false;
        var first = _bench.Init("a");
        Assert.False(first.IsThere);
        _bench.Commit();
        Assert.Equal((1000, 0), Gets(first.Now));
    }

    internal static TransactionValue Value(TransactionState state, short epoch, params int[] partitions) => new()
    {
        ProducerId = 5,
        PreviousProducerId = 5,
        Epoch = epoch,
        TimeoutMs = 60_000,
        State = state,
        Partitions = PartitionList.Of(TransactionBench.At(partitions)),
        LastUpdateMs = 1_000_000_000,
        StartMs = 1_000_000_000,
        ClientVersion = 2,
    };

    private static (long ProducerId, int Epoch) Gets(InitProducerIdResponse response)
    {
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return (response.ProducerId, response.ProducerEpoch);
    }
}
