using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Log;

namespace Barnabas.Tests.Cluster.Transactions;

using static ProducerBeginTests;

/// <summary>From the decision to the last marker, through failures and changes of the coordinator.</summary>
public sealed class MarkerTests
{
    private readonly TransactionBench _bench = new() { AutoMarkers = false };

    [Fact]
    public void What_fails_is_tried_again_alone_until_it_is_written()
    {
        Decide(0, 1, 2);
        _bench.Answer((At(1), ErrorCode.NotLeaderOrFollower), (At(2), ErrorCode.RequestTimedOut));
        Assert.Empty(_bench.Orders);
        Assert.Equal("PrepareCommit", _bench.StateOf("a"));
        _bench.Advance(100);
        Assert.Equal(TransactionBench.At(1, 2), _bench.Answer((At(2), ErrorCode.NotLeaderOrFollower)).Partitions);
        _bench.Advance(100);
        Assert.Equal(TransactionBench.At(2), _bench.Answer().Partitions);
        Assert.Equal("CompleteCommit", _bench.StateOf("a"));
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void A_new_coordinator_writes_no_marker_of_its_own_decision_when_only_what_it_has_found_is_committed()
    {
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.AutoCommit = false;
        _bench.Log.Append([new TransactionRecord("a", Value(TransactionState.Ongoing, 4, 0))], _bench.WallMs);
        _bench.Load();
        var told = _bench.End("a", 5, 4, commit: true);
        _bench.Log.HighWatermark = 1;
        _bench.Run(_bench.Host.Release);
        Assert.Empty(_bench.Orders);
        Assert.False(told.IsThere);
        _bench.Commit();
        Assert.True(Assert.Single(_bench.Orders).Order.IsCommit);
    }

    [Fact]
    public void A_partition_that_has_gone_past_the_epoch_needs_none_and_the_operator_is_told()
    {
        Decide(0);
        _bench.Answer((At(0), ErrorCode.InvalidProducerEpoch));
        Assert.Equal("CompleteCommit", _bench.StateOf("a"));
        Assert.Contains("t-0", Assert.Single(_bench.Reports));
    }

    [Fact]
    public void A_partition_that_has_seen_a_later_coordinator_is_asked_again_and_the_operator_told_once()
    {
        Decide(0);
        _bench.Answer((At(0), ErrorCode.TransactionCoordinatorFenced));
        _bench.Advance(100);
        _bench.Answer((At(0), ErrorCode.TransactionCoordinatorFenced));
        Assert.Single(_bench.Reports);
        Assert.Equal("PrepareCommit", _bench.StateOf("a"));
    }

    [Fact]
    public void An_end_that_cannot_be_recorded_is_recorded_later_without_new_markers()
    {
        Decide(0);
        _bench.Log.Fails = new JournalAppend(ErrorCode.NotEnoughReplicas, -1);
        _bench.Answer();
        Assert.Equal("PrepareCommit", _bench.StateOf("a"));
        _bench.Advance(100);
        Assert.Empty(_bench.Orders);
        _bench.Log.Fails = null;
        _bench.Advance(100);
        Assert.Equal("CompleteCommit", _bench.StateOf("a"));
    }

    [Theory]
    [InlineData(TransactionState.PrepareCommit, "CompleteCommit")]
    [InlineData(TransactionState.PrepareAbort, "CompleteAbort")]
    public void A_new_coordinator_goes_on_with_what_was_decided(TransactionState state, string after)
    {
        _bench.Found("a", Value(state, 4, 0, 1));
        var order = _bench.Answer();
        Assert.Equal((state == TransactionState.PrepareCommit, 4), (order.IsCommit, (int)order.Epoch));
        Assert.Equal(TransactionBench.At(0, 1), order.Partitions);
        Assert.Equal(after, _bench.StateOf("a"));
    }

    [Fact]
    public void A_new_coordinator_writes_no_marker_before_all_it_has_read_is_committed()
    {
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Log.Append([new("a", Value(TransactionState.PrepareCommit, 4, 0))], 1);
        _bench.AutoCommit = false;
        _bench.Load();
        Assert.Empty(_bench.Orders);
        _bench.Commit();
        Assert.Single(_bench.Orders);
    }

    [Fact]
    public void A_coordinator_that_has_gone_writes_nothing_more()
    {
        Decide(0, 1);
        _bench.Unload(ErrorCode.NotLeaderOrFollower);
        var records = _bench.Log.Records.Count;
        _bench.Answer((At(1), ErrorCode.NotLeaderOrFollower));
        _bench.Advance(1000);
        Assert.Empty(_bench.Orders);
        Assert.Equal(records, _bench.Log.Records.Count);

        // The next one begins anew, with all of them.
        _bench.Load();
        Assert.Equal(TransactionBench.At(0, 1), _bench.Answer().Partitions);
        Assert.Equal("CompleteCommit", _bench.StateOf("a"));
    }

    [Fact]
    public void An_answer_to_the_coordinator_before_does_not_count_for_the_new_one()
    {
        Decide(0);
        _bench.Unload(ErrorCode.NotLeaderOrFollower);
        _bench.Load();
        Assert.Equal(2, _bench.Orders.Count);
        _bench.Answer();
        Assert.Equal("PrepareCommit", _bench.StateOf("a"));
        _bench.Answer();
        Assert.Equal("CompleteCommit", _bench.StateOf("a"));
    }

    [Fact]
    public void A_transaction_without_partitions_is_over_at_once()
    {
        _bench.Init("a");
        Assert.Equal(1, _bench.End("a", 1000, 0, commit: false).Now.ProducerEpoch);
        Assert.Empty(_bench.Orders);
        Assert.Equal("CompleteAbort", _bench.StateOf("a"));
    }

    private void Decide(params int[] partitions)
    {
        _bench.Init("a");
        Assert.Equal(ErrorCode.None, _bench.Add("a", 1000, 0, 2, partitions));
        Assert.Equal(ErrorCode.None, _bench.End("a", 1000, 0, commit: true).Now.ErrorCode);
    }

    private static TopicPartition At(int partition) => new("t", partition);
}
