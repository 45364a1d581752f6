using Barnabas.Base;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Log;

namespace Barnabas.Tests.Cluster.Transactions;

using static ProducerBeginTests;

/// <summary>AddPartitionsToTxn, by producers and brokers.</summary>
public sealed class PartitionJoinTests
{
    private readonly TransactionBench _bench = new();

    [Theory]
    [InlineData(TransactionState.Empty, ErrorCode.None)]
    [InlineData(TransactionState.Ongoing, ErrorCode.None)]
    [InlineData(TransactionState.PrepareCommit, ErrorCode.ConcurrentTransactions)]
    [InlineData(TransactionState.PrepareAbort, ErrorCode.ConcurrentTransactions)]
    [InlineData(TransactionState.CompleteCommit, ErrorCode.None)]
    [InlineData(TransactionState.CompleteAbort, ErrorCode.None)]
    public void Partitions_join_in_every_state_but_while_markers_are_written(TransactionState state, ErrorCode expected)
    {
        _bench.AutoMarkers = false;
        _bench.Found("a", Value(state, 4, state == TransactionState.Ongoing || state.IsPreparing() ? [9] : []));
        _bench.Advance(5);
        Assert.Equal(expected, _bench.Add("a", 5, 4, 2, 1));
        if (expected == ErrorCode.None)
        {
            var described = _bench.Describe("a");
            Assert.Equal("Ongoing", described.TransactionState);
            Assert.Equal(state == TransactionState.Ongoing ? [1, 9] : [1], described.Topics.Single().Partitions);
            Assert.Equal(state == TransactionState.Ongoing ? 1_000_000_000 : _bench.WallMs, described.TransactionStartTimeMs);
        }
    }

    [Fact]
    public void Whoever_is_not_its_producer_is_refused()
    {
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _bench.Add("a", 5, 4, 2, 0));
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _bench.Add("a", 6, 4, 2, 0));
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Add("a", 5, 3, 2, 0));
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Add("a", 5, 5, 2, 0));
        Assert.Equal(ErrorCode.InvalidRequest,
            new AddPartitionsOperation(new AddPartitions("", 5, 4, []), _ => { }).Precheck(new TransactionConfig()));
    }

    [Fact]
    public void What_is_in_already_is_not_written_again()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0, 1));
        var records = _bench.Log.Records.Count;
        Assert.Equal(ErrorCode.None, _bench.Add("a", 5, 4, 2, 0, 1));
        Assert.Equal(records, _bench.Log.Records.Count);
        Assert.Equal(ErrorCode.None, _bench.Add("a", 5, 4, 2, 0, 2));
        Assert.Equal(records + 1, _bench.Log.Records.Count);
    }

    [Fact]
    public void A_question_changes_nothing_and_names_what_is_not_in()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        var answer = Ask(5, 4, 0, 1);
        Assert.Equal((ErrorCode.None, ErrorCode.TransactionAbortable), (answer.Of(At(0)), answer.Of(At(1))));
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, Ask(6, 4, 0).Of(At(0)));
        Assert.Equal(ErrorCode.ProducerFenced, Ask(5, 3, 0).Of(At(0)));
        Assert.Single(_bench.Log.Records);

        _bench.AutoMarkers = false;
        _bench.End("a", 5, 4, commit: false);
        Assert.Equal(ErrorCode.ProducerFenced, Ask(5, 4, 0).Of(At(0)));
        Assert.Equal(ErrorCode.ConcurrentTransactions, Ask(5, 5, 0).Of(At(0)));
    }

    [Fact]
    public void A_broker_waits_for_the_markers_and_joins_the_next_transaction()
    {
        _bench.AutoMarkers = false;
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        _bench.End("a", 5, 4, commit: true);
        var waits = _bench.Add(new AddPartitions("a", 5, 5, [At(3)]) { ClientVersion = 2, WaitMs = 100 });
        _bench.Advance(50);
        Assert.False(waits.IsThere);
        _bench.Answer();
        Assert.Equal(ErrorCode.None, waits.Now.Error);
        Assert.Equal([3], _bench.Describe("a").Topics.Single().Partitions);
    }

    [Fact]
    public void A_broker_waits_no_longer_than_it_said()
    {
        _bench.AutoMarkers = false;
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        _bench.End("a", 5, 4, commit: true);
        var waits = _bench.Add(new AddPartitions("a", 5, 5, [At(3)]) { ClientVersion = 2, WaitMs = 100 });
        _bench.Advance(101);
        Assert.Equal(ErrorCode.ConcurrentTransactions, waits.Now.Error);
        Assert.Empty(_bench.Coordinator.Find("a")!.Waiting);
        _bench.Answer();
        Assert.Equal("CompleteCommit", _bench.StateOf("a"));
    }

    [Fact]
    public void A_broker_that_has_joined_is_not_told_that_its_wait_is_over()
    {
        _bench.AutoMarkers = false;
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        _bench.End("a", 5, 4, commit: true);
        var waits = _bench.Add(new AddPartitions("a", 5, 5, [At(3)]) { ClientVersion = 2, WaitMs = 100 });
        _bench.AutoCommit = false;
        _bench.Answer();
        _bench.Advance(200);
        Assert.False(waits.IsThere);
        _bench.Commit();
        Assert.Equal(ErrorCode.None, waits.Now.Error);
    }

    [Fact]
    public void A_broker_waits_once()
    {
        _bench.AutoMarkers = false;
        _bench.Found("a", Value(TransactionState.PrepareCommit, 5, 0));
        var answers = new List<ErrorCode>();
        var waits = new AddPartitionsOperation(
            new AddPartitions("a", 5, 5, [At(3)]) { ClientVersion = 2, WaitMs = 100 }, added => answers.Add(added.Error));
        _bench.Submit(waits);
        Assert.Empty(answers);

        // Its turn has come, but the id is at its next end already.
        _bench.Submit(waits);
        Assert.Equal([ErrorCode.ConcurrentTransactions], answers);
    }

    [Fact]
    public void A_request_that_has_its_answer_changes_nothing_any_more()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        var late = new AddPartitionsOperation(new AddPartitions("a", 5, 4, [At(1)]) { ClientVersion = 2 }, _ => { });
        _bench.Run(() =>
        {
            _bench.Coordinator.SubmitLater(late);
            late.Finish(ErrorCode.RequestTimedOut);
        });
        Assert.Single(_bench.Log.Records);
    }

    [Fact]
    public void A_transaction_begins_without_partitions_where_it_is_asked_for_none()
    {
        _bench.Init("a");
        Assert.Equal(ErrorCode.None, _bench.Add("a", 1000, 0));
        Assert.Equal("Ongoing", _bench.StateOf("a"));
    }

    [Fact]
    public void A_broker_that_waits_is_answered_when_the_coordinator_goes()
    {
        _bench.AutoMarkers = false;
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        _bench.End("a", 5, 4, commit: true);
        var waits = _bench.Add(new AddPartitions("a", 5, 5, [At(3)]) { ClientVersion = 2, WaitMs = 100 });
        _bench.Unload(ErrorCode.NotLeaderOrFollower);
        Assert.Equal(ErrorCode.NotCoordinator, waits.Now.Error);
        _bench.Advance(200);
    }

    [Fact]
    public void Ten_thousand_partitions_are_kept_in_order_each_once()
    {
        _bench.Init("a");
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(ErrorCode.None, _bench.Add("a", 1000, 0, 2, [.. Enumerable.Range(0, 1000).Select(p => (p * 10) + i)]));
        }

        Assert.Equal(Enumerable.Range(0, 10_000), _bench.Describe("a").Topics.Single().Partitions);
    }

    private AddedPartitions Ask(long producerId, short epoch, params int[] partitions) =>
        _bench.Add(new AddPartitions("a", producerId, epoch, TransactionBench.At(partitions)) { VerifyOnly = true }).Now;

    private static TopicPartition At(int partition) => new("t", partition);
}
