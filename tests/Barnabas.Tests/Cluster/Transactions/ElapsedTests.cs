using Barnabas.Base;
using Barnabas.Cluster.Transactions;

namespace Barnabas.Tests.Cluster.Transactions;

using static ProducerBeginTests;

/// <summary>What time does to transactions and to ids that nobody uses.</summary>
public sealed class ElapsedTests
{
    private static readonly TransactionConfig Config = new()
    {
        TimeoutCheckIntervalMs = 1000, ExpirationCheckIntervalMs = 60_000, IdExpirationMs = 600_000, RecordsPerDecisionMax = 3,
    };

    private readonly TransactionBench _bench = new(Config);

    [Fact]
    public void A_transaction_past_its_timeout_is_aborted_and_its_producer_fenced()
    {
        _bench.Init("a", timeoutMs: 5_000);
        _bench.Advance(3_000);
        _bench.Add("a", 1000, 0, 2, 0);
        _bench.Advance(4_000);
        _bench.Add("a", 1000, 0, 2, 1);
        Assert.Equal("Ongoing", _bench.StateOf("a"));
        _bench.Advance(2_000);
        Assert.Equal("CompleteAbort", _bench.StateOf("a"));
        var order = _bench.Written.Single();
        Assert.Equal((false, 1, 2), (order.IsCommit, (int)order.Epoch, order.Partitions.Count));

        // The commit that comes too late is refused; that of an abort is what has happened.
        Assert.Equal(ErrorCode.InvalidTxnState, _bench.End("a", 1000, 0, commit: true).Now.ErrorCode);
        Assert.Equal(ErrorCode.None, _bench.End("a", 1000, 0, commit: false).Now.ErrorCode);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.Add("a", 1000, 0, 2, 0));
    }

    [Fact]
    public void The_next_transaction_has_all_its_time()
    {
        _bench.Init("a", timeoutMs: 5_000);
        short epoch = 0;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(ErrorCode.None, _bench.Add("a", 1000, epoch, 2, 0));
            _bench.Advance(4_000);
            epoch = _bench.End("a", 1000, epoch, commit: true).Now.ProducerEpoch;
        }

        Assert.Equal(5, epoch);
    }

    [Fact]
    public void A_new_coordinator_gives_a_transaction_what_it_has_left()
    {
        _bench.Init("a", timeoutMs: 60_000);
        _bench.Add("a", 1000, 0, 2, 0);
        _bench.Advance(50_000);
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        _bench.Advance(8_000);
        Assert.Equal("Ongoing", _bench.StateOf("a"));
        _bench.Advance(4_000);
        Assert.Equal("CompleteAbort", _bench.StateOf("a"));
    }

    [Fact]
    public void A_wall_clock_that_jumps_times_nothing_out()
    {
        _bench.Init("a", timeoutMs: 60_000);
        _bench.Add("a", 1000, 0, 2, 0);
        _bench.WallMs += 3_600_000;
        _bench.Advance(30_000);
        Assert.Equal("Ongoing", _bench.StateOf("a"));
        _bench.Advance(31_000);
        Assert.Equal("CompleteAbort", _bench.StateOf("a"));
    }

    [Fact]
    public void Ids_that_nobody_uses_are_forgotten_with_tombstones_some_at_a_time()
    {
        for (var i = 0; i < 10; i++)
        {
            _bench.Init($"id-{i}");
        }

        _bench.Init("busy", timeoutMs: 900_000);
        _bench.Add("busy", 1010, 0, 2, 0);
        _bench.Advance(300_000);
        _bench.Init("id-7");
        _bench.Advance(400_000);
        Assert.Equal(["busy", "id-7"], _bench.List(new()).TransactionStates.Select(each => each.TransactionalId));
        Assert.Equal((9, 3), (_bench.Log.Records.Count(record => record.Value is null), _bench.Log.AppendMax));
        _bench.Advance(300_000);
        Assert.Equal(["busy"], _bench.List(new()).TransactionStates.Select(each => each.TransactionalId));

        // A new coordinator does not know them either, and the id begins anew.
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _bench.Describe("id-1").ErrorCode);
        Assert.Equal(1011, _bench.Init("id-1").Now.ProducerId);
    }

    [Fact]
    public void An_id_that_is_forgotten_had_a_transaction_once()
    {
        _bench.Init("a", timeoutMs: 5_000);
        _bench.Add("a", 1000, 0, 2, 0);
        _bench.End("a", 1000, 0, commit: true);
        _bench.Advance(700_000);
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _bench.Describe("a").ErrorCode);
        _bench.Advance(10_000);
    }

    [Fact]
    public void What_a_new_coordinator_does_not_find_in_its_log_has_never_been()
    {
        _bench.Init("a");
        _bench.Init("b");
        _bench.Add("b", 1001, 0, 2, 0);
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Log.Records.Clear();
        _bench.Log.HighWatermark = 0;
        _bench.Load();
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _bench.Describe("a").ErrorCode);
        _bench.Advance(800_000);
        Assert.Empty(_bench.Log.Records);
    }

    [Fact]
    public void Where_the_wall_clock_was_set_back_a_transaction_has_no_more_than_it_was_given()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0) with { StartMs = _bench.WallMs + 3_600_000 });
        _bench.Advance(59_000);
        Assert.Equal("Ongoing", _bench.StateOf("a"));
        _bench.Advance(3_000);
        Assert.Equal("CompleteAbort", _bench.StateOf("a"));
    }

    [Fact]
    public void The_epoch_that_only_fences_is_not_raised()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, short.MaxValue, 0));
        _bench.Advance(62_000);
        Assert.Equal(short.MaxValue, _bench.Written.Single().Epoch);
    }

    [Fact]
    public void A_wall_clock_that_jumps_forgets_nothing()
    {
        _bench.Init("a");
        _bench.WallMs += 86_400_000;
        _bench.Advance(120_000);
        Assert.Equal("Empty", _bench.StateOf("a"));
    }

    [Fact]
    public void A_transaction_that_is_being_ended_is_not_forgotten()
    {
        _bench.AutoMarkers = false;
        _bench.Found("a", Value(TransactionState.PrepareCommit, 4, 0));
        _bench.Advance(2_000_000);
        Assert.Equal("PrepareCommit", _bench.StateOf("a"));
    }
}
