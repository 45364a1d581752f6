using Barnabas.Base;
using Barnabas.Cluster.Transactions;

namespace Barnabas.Tests.Cluster.Transactions;

using static ProducerBeginTests;

/// <summary>EndTxn in every state, with and without an epoch for every transaction.</summary>
public sealed class EndTests
{
    private const ErrorCode Ok = ErrorCode.None, Invalid = ErrorCode.InvalidTxnState, Fenced = ErrorCode.ProducerFenced;
    private const ErrorCode Busy = ErrorCode.ConcurrentTransactions, Mapping = ErrorCode.InvalidProducerIdMapping;

    private readonly TransactionBench _bench = new();

    /// <summary>State, epoch of the request (the id has 4), commit, expected, state after it where markers are not written.</summary>
    public static TheoryData<TransactionState, short, bool, ErrorCode, TransactionState> WithEpochs => new()
    {
        { TransactionState.Empty, 4, true, Invalid, TransactionState.Empty },
        { TransactionState.Empty, 4, false, Ok, TransactionState.PrepareAbort },
        { TransactionState.Empty, 3, true, Fenced, TransactionState.Empty },
        { TransactionState.Empty, 3, false, Fenced, TransactionState.Empty },
        { TransactionState.Ongoing, 4, true, Ok, TransactionState.PrepareCommit },
        { TransactionState.Ongoing, 4, false, Ok, TransactionState.PrepareAbort },
        { TransactionState.Ongoing, 3, true, Fenced, TransactionState.Ongoing },
        { TransactionState.Ongoing, 5, true, Fenced, TransactionState.Ongoing },
        { TransactionState.PrepareCommit, 3, true, Busy, TransactionState.PrepareCommit },
        { TransactionState.PrepareCommit, 4, false, Busy, TransactionState.PrepareCommit },
        { TransactionState.PrepareAbort, 3, false, Busy, TransactionState.PrepareAbort },
        { TransactionState.PrepareAbort, 4, true, Busy, TransactionState.PrepareAbort },
        { TransactionState.CompleteCommit, 3, true, Ok, TransactionState.CompleteCommit },
        { TransactionState.CompleteCommit, 3, false, Invalid, TransactionState.CompleteCommit },
        { TransactionState.CompleteCommit, 4, true, Invalid, TransactionState.CompleteCommit },
        { TransactionState.CompleteCommit, 4, false, Ok, TransactionState.PrepareAbort },
        { TransactionState.CompleteCommit, 2, true, Fenced, TransactionState.CompleteCommit },
        { TransactionState.CompleteCommit, TransactionValue.LastEpochGiven, true, Fenced, TransactionState.CompleteCommit },
        { TransactionState.CompleteAbort, 3, false, Ok, TransactionState.CompleteAbort },
        { TransactionState.CompleteAbort, 3, true, Invalid, TransactionState.CompleteAbort },
        { TransactionState.CompleteAbort, 4, true, Invalid, TransactionState.CompleteAbort },
        { TransactionState.CompleteAbort, 4, false, Ok, TransactionState.PrepareAbort },
        { TransactionState.CompleteAbort, 5, false, Fenced, TransactionState.CompleteAbort },
    };

    public static TheoryData<TransactionState, short, bool, ErrorCode, TransactionState> WithoutEpochs => new()
    {
        { TransactionState.Empty, 4, true, Invalid, TransactionState.Empty },
        { TransactionState.Empty, 4, false, Invalid, TransactionState.Empty },
        { TransactionState.Ongoing, 4, true, Ok, TransactionState.PrepareCommit },
        { TransactionState.Ongoing, 4, false, Ok, TransactionState.PrepareAbort },
        { TransactionState.Ongoing, 3, true, Fenced, TransactionState.Ongoing },
        { TransactionState.Ongoing, 5, true, Fenced, TransactionState.Ongoing },
        { TransactionState.PrepareCommit, 4, true, Busy, TransactionState.PrepareCommit },
        { TransactionState.PrepareCommit, 3, true, Fenced, TransactionState.PrepareCommit },
        { TransactionState.PrepareAbort, 4, false, Busy, TransactionState.PrepareAbort },
        { TransactionState.CompleteCommit, 4, true, Ok, TransactionState.CompleteCommit },
        { TransactionState.CompleteCommit, 4, false, Invalid, TransactionState.CompleteCommit },
        { TransactionState.CompleteCommit, 3, true, Fenced, TransactionState.CompleteCommit },
        { TransactionState.CompleteAbort, 4, false, Ok, TransactionState.CompleteAbort },
        { TransactionState.CompleteAbort, 4, true, Invalid, TransactionState.CompleteAbort },
    };

    [Theory]
    [MemberData(nameof(WithEpochs))]
    public void With_epochs(TransactionState state, short epoch, bool commit, ErrorCode expected, TransactionState after) =>
        Ends(state, epoch, commit, raises: true, expected, after);

    [Theory]
    [MemberData(nameof(WithoutEpochs))]
    public void Without_epochs(TransactionState state, short epoch, bool commit, ErrorCode expected, TransactionState after) =>
        Ends(state, epoch, commit, raises: false, expected, after);

    /// <summary>The epoch that is one behind is then not that of the transaction that has ended: its producer was fenced.</summary>
    [Theory]
    [InlineData(TransactionState.CompleteCommit, true)]
    [InlineData(TransactionState.CompleteAbort, false)]
    public void With_epochs_nothing_is_a_retry_of_an_end_that_raised_none(TransactionState state, bool commit)
    {
        _bench.Found("a", Value(state, 4) with { ClientVersion = 0 });
        Assert.Equal(Fenced, _bench.End("a", 5, 3, commit, raises: true).Now.ErrorCode);
        Assert.Equal($"{state}", _bench.StateOf("a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_id_that_is_not_there_and_a_producer_id_that_is_not_its_own_are_refused(bool raises)
    {
        Assert.Equal(Mapping, _bench.End("nobody", 5, 4, commit: true, raises).Now.ErrorCode);
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 0));
        Assert.Equal(Mapping, _bench.End("a", 6, 4, commit: true, raises).Now.ErrorCode);
        Assert.Equal("Ongoing", _bench.StateOf("a"));
    }

    [Fact]
    public void A_commit_raises_the_epoch_tells_it_and_writes_markers_with_it()
    {
        _bench.Init("a");
        _bench.Add("a", 1000, 0, 2, 2, 0);
        var told = _bench.End("a", 1000, 0, commit: true).Now;
        Assert.Equal((1000L, 1), (told.ProducerId, (int)told.ProducerEpoch));
        var order = _bench.Written.Single();
        Assert.True(order.IsCommit);
        Assert.Equal((1000L, 1, 2, 7), (order.ProducerId, (int)order.Epoch, (int)order.TransactionVersion, order.CoordinatorEpoch));
        Assert.Equal(TransactionBench.At(0, 2), order.Partitions);
        Assert.Equal("CompleteCommit", _bench.StateOf("a"));
        Assert.Equal(Fenced, _bench.Add("a", 1000, 0, 2, 1));
        Assert.Equal(Ok, _bench.Add("a", 1000, 1, 2, 1));

        // The end of the transaction before, come late, does not end this one.
        Assert.Equal(Fenced, _bench.End("a", 1000, 0, commit: true).Now.ErrorCode);
        Assert.Equal("Ongoing", _bench.StateOf("a"));
    }

    [Fact]
    public void Without_epochs_nothing_is_raised_and_markers_have_the_epoch_of_the_records()
    {
        _bench.Init("a");
        _bench.Add("a", 1000, 0, 0, 0);
        var told = _bench.End("a", 1000, 0, commit: true, raises: false).Now;
        Assert.Equal((-1L, -1), (told.ProducerId, (int)told.ProducerEpoch));
        Assert.Equal((0, 0), ((int)_bench.Written.Single().Epoch, (int)_bench.Written.Single().TransactionVersion));
        Assert.Equal(0, _bench.Describe("a").ProducerEpoch);
    }

    [Fact]
    public void The_last_epoch_is_followed_by_a_new_producer_id_which_the_retry_is_told_too()
    {
        const short Last = short.MaxValue - 1;
        _bench.Found("a", Value(TransactionState.Ongoing, Last, 0));
        _bench.AutoMarkers = false;
        var told = _bench.End("a", 5, Last, commit: true).Now;
        Assert.Equal((1000L, 0), (told.ProducerId, (int)told.ProducerEpoch));

        // Until the markers are written the producer waits with its new id.
        Assert.Equal(Busy, _bench.Add("a", 1000, 0, 2, 1));
        Assert.Equal((5L, short.MaxValue), (_bench.Orders.Peek().Order.ProducerId, _bench.Orders.Peek().Order.Epoch));
        _bench.Answer();
        Assert.Equal(-1, _bench.Log.Records[^1].Value!.NextProducerId);
        Assert.Equal(Mapping, _bench.End("a", 5, 3, commit: true).Now.ErrorCode);
        var retry = _bench.End("a", 5, Last, commit: true).Now;
        Assert.Equal((Ok, 1000L, 0), (retry.ErrorCode, retry.ProducerId, (int)retry.ProducerEpoch));
        Assert.Equal(Invalid, _bench.End("a", 5, Last, commit: false).Now.ErrorCode);
        Assert.Equal(Ok, _bench.Add("a", 1000, 0, 2, 1));
        Assert.Equal(Mapping, _bench.Add("a", 5, Last, 2, 1));
    }

    /// <summary>Whoever was told it would have a transaction that no marker can end.</summary>
    [Fact]
    public void The_epoch_above_the_last_one_is_told_nobody_whose_end_comes_after_another_has_fenced_it()
    {
        _bench.Found("a", Value(TransactionState.CompleteAbort, short.MaxValue));
        Assert.Equal(Fenced, _bench.End("a", 5, TransactionValue.LastEpochGiven, commit: false).Now.ErrorCode);
        _bench.Found("b", Value(TransactionState.CompleteAbort, TransactionValue.LastEpochGiven));
        Assert.Equal(Ok, _bench.End("b", 5, TransactionValue.LastEpochGiven - 1, commit: false).Now.ErrorCode);
    }

    [Fact]
    public void At_level_0_a_client_with_epochs_is_refused()
    {
        _bench.Level = 0;
        _bench.Init("a");
        Assert.Equal(ErrorCode.UnsupportedVersion, _bench.Add("a", 1000, 0, 2, 0));
        Assert.Equal(Ok, _bench.Add("a", 1000, 0, 0, 0));
        Assert.Equal(ErrorCode.UnsupportedVersion, _bench.End("a", 1000, 0, commit: true).Now.ErrorCode);
        Assert.Equal(Ok, _bench.End("a", 1000, 0, commit: true, raises: false).Now.ErrorCode);
    }

    [Fact]
    public void Nobody_is_told_and_no_marker_is_written_before_the_decision_is_committed()
    {
        _bench.Init("a");
        _bench.Add("a", 1000, 0, 2, 0);
        _bench.AutoCommit = false;
        var told = _bench.End("a", 1000, 0, commit: true);
        Assert.False(told.IsThere);
        Assert.Empty(_bench.Written);
        _bench.Commit();
        Assert.Equal(Ok, told.Now.ErrorCode);
        Assert.Single(_bench.Written);
    }

    [Fact]
    public void A_decision_that_is_lost_with_the_leadership_writes_no_marker()
    {
        _bench.Init("a");
        _bench.Add("a", 1000, 0, 2, 0);
        _bench.AutoCommit = false;
        var told = _bench.End("a", 1000, 0, commit: true);
        _bench.Unload(ErrorCode.NotLeaderOrFollower);
        Assert.Equal(ErrorCode.NotCoordinator, told.Now.ErrorCode);
        _bench.Commit();
        Assert.Empty(_bench.Written);
    }

    private void Ends(TransactionState state, short epoch, bool commit, bool raises, ErrorCode expected, TransactionState after)
    {
        _bench.AutoMarkers = false;
        _bench.Found("a", Value(state, 4, state is TransactionState.Ongoing or TransactionState.PrepareCommit
            or TransactionState.PrepareAbort ? [0] : []));
        _bench.AutoCommit = true;
        var told = _bench.End("a", 5, epoch, commit, raises).Now;
        Assert.Equal(expected, told.ErrorCode);

        // One without partitions is over at once.
        var left = after == TransactionState.PrepareAbort && state is not (TransactionState.Ongoing or TransactionState.PrepareAbort)
            ? TransactionState.CompleteAbort
            : after;
        Assert.Equal(left.ToString(), _bench.StateOf("a"));
        if (raises && expected == Ok)
        {
            Assert.Equal(epoch + 1, told.ProducerEpoch);
        }
    }
}
