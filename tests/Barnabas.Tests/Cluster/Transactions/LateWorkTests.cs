using Barnabas.Base;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Chores;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Log;

namespace Barnabas.Tests.Cluster.Transactions;

using static ProducerBeginTests;

/// <summary>
/// What comes when it does not apply any more: chores behind their time, and all that a coordinator had under way when it went.
/// </summary>
public sealed class LateWorkTests
{
    private static readonly TransactionConfig Config = new()
    {
        TimeoutCheckIntervalMs = 1000, ExpirationCheckIntervalMs = 60_000, IdExpirationMs = 600_000,
    };

    private readonly TransactionBench _bench = new(Config) { AutoMarkers = false };

    [Fact]
    public void An_abort_for_the_time_does_nothing_to_a_transaction_that_has_some_or_is_decided()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        _bench.Submit(new AbortChore(_bench.Coordinator, "a"));
        Assert.Equal(("Ongoing", 0), (_bench.StateOf("a"), _bench.Orders.Count));
        _bench.End("a", 5, 4, commit: true);
        _bench.Advance(61_000);
        _bench.Submit(new AbortChore(_bench.Coordinator, "a"));
        Assert.Equal(("PrepareCommit", 1), (_bench.StateOf("a"), _bench.Orders.Count));
    }

    [Fact]
    public void An_end_is_recorded_for_the_decision_it_carried_out_and_no_other()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        var before = Value(TransactionState.PrepareCommit, 3, 0);
        _bench.Submit(new CompleteChore(_bench.Coordinator, "a", before, new MarkerRound(_bench.Coordinator, "a", before)));
        Assert.Equal("Ongoing", _bench.StateOf("a"));
    }

    [Fact]
    public void An_abort_that_is_lost_with_the_leadership_writes_no_marker()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        _bench.AutoCommit = false;
        _bench.Advance(62_000);
        Assert.Equal(TransactionState.PrepareAbort, _bench.Log.Records[^1].Value!.State);
        _bench.Unload(ErrorCode.NotLeaderOrFollower);
        Assert.Empty(_bench.Orders);
    }

    [Fact]
    public void What_was_read_and_is_lost_before_it_is_committed_writes_no_marker()
    {
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Log.Append([new("a", Value(TransactionState.PrepareCommit, 4, 0))], 1);
        _bench.AutoCommit = false;
        _bench.Load();
        _bench.Unload(ErrorCode.NotLeaderOrFollower);
        Assert.Empty(_bench.Orders);
    }

    [Fact]
    public void A_coordinator_that_goes_leaves_no_timer()
    {
        _bench.Found("a", Value(TransactionState.PrepareCommit, 4, 0));
        _bench.Add(new AddPartitions("a", 5, 4, [At(1)]) { ClientVersion = 2, WaitMs = 100 });
        _bench.Answer((At(0), ErrorCode.RequestTimedOut));
        Leave();
    }

    [Fact]
    public void An_end_that_is_not_committed_when_its_coordinator_goes_is_left_to_the_next()
    {
        _bench.Found("a", Value(TransactionState.PrepareCommit, 4, 0));
        _bench.AutoCommit = false;
        _bench.Answer();
        Assert.Equal(TransactionState.CompleteCommit, _bench.Log.Records[^1].Value!.State);
        Leave();
    }

    [Fact]
    public void Ids_whose_end_is_not_committed_when_their_coordinator_goes_are_left_to_the_next()
    {
        _bench.Init("a");
        _bench.AutoCommit = false;
        _bench.Advance(700_000);
        Assert.Null(_bench.Log.Records[^1].Value);
        Leave();
    }

    [Fact]
    public void A_coordinator_that_has_gone_says_nothing_of_markers_that_are_refused_for_the_next_one()
    {
        _bench.Found("a", Value(TransactionState.PrepareCommit, 4, 0));
        _bench.Unload(ErrorCode.NotLeaderOrFollower);
        _bench.Answer((At(0), ErrorCode.TransactionCoordinatorFenced));
        Assert.Empty(_bench.Reports);
    }

    private void Leave()
    {
        _bench.Unload(ErrorCode.NotLeaderOrFollower);
        Assert.Equal(0, _bench.Loop.Timers.Count);
        _bench.Advance(1_000);
        Assert.Empty(_bench.Orders);
    }

    private static TopicPartition At(int partition) => new("t", partition);
}
