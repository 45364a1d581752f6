using Barnabas.Base;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Messages;

namespace Barnabas.Tests.Cluster.Transactions;

using static ProducerBeginTests;

/// <summary>What tools are told, and what stands in the log.</summary>
public sealed class TransactionListTests
{
    private readonly TransactionBench _bench = new();

    [Fact]
    public void Filters_by_state_producer_id_duration_and_name_are_and_ed()
    {
        _bench.Init("a");
        _bench.Init("b");
        _bench.Init("c");
        _bench.Add("a", 1000, 0, 2, 0);
        _bench.Advance(100);
        _bench.Add("b", 1001, 0, 2, 0);
        Assert.Equal(["a", "b", "c"], List(new()));
        Assert.Equal(["a", "b"], List(new() { StateFilters = ["Ongoing", "nonsense"] }));
        Assert.Equal([], List(new() { StateFilters = ["ongoing"] }));
        Assert.Equal([], List(new() { StateFilters = ["Dead"] }));
        Assert.Equal(["b", "c"], List(new() { ProducerIdFilters = [1001, 1002, 77] }));
        Assert.Equal(["a"], List(new() { StateFilters = ["Ongoing"], DurationFilter = 50 }));
        Assert.Equal(["b"], List(new() { ProducerIdFilters = [1000, 1001] }, id => id != "a"));
    }

    [Fact]
    public void A_description_says_all_of_a_transaction()
    {
        _bench.Found("a", Value(TransactionState.Ongoing, 4, 3, 1));
        var described = _bench.Describe("a");
        Assert.Equal((ErrorCode.None, "Ongoing", 60_000, 1_000_000_000L, 5L, (short)4), (described.ErrorCode, described.TransactionState,
            described.TransactionTimeoutMs, described.TransactionStartTimeMs, described.ProducerId, described.ProducerEpoch));
        Assert.Equal([1, 3], described.Topics.Single().Partitions);
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _bench.Describe("b").ErrorCode);
    }

    [Fact]
    public void Every_field_comes_back_from_the_log_but_for_the_last_epoch()
    {
        var value = Value(TransactionState.PrepareAbort, 4, 3, 1) with
        {
            PreviousProducerId = 3, NextProducerId = 9, LastEpoch = 3, StartMs = 17, LastUpdateMs = 18, TimeoutMs = 19,
        };
        var read = RoundTrip(new TransactionRecord("a", value)).Value!;
        Assert.Equal(value.Partitions.All, read.Partitions.All);
        Assert.Equal(value with { LastEpoch = -1, Partitions = PartitionList.Empty }, read with { Partitions = PartitionList.Empty });

        var old = RoundTrip(new TransactionRecord("a", value, Version: 0)).Value!;
        Assert.Equal((-1L, -1L, 0), (old.PreviousProducerId, old.NextProducerId, (int)old.ClientVersion));
        Assert.Null(RoundTrip(new TransactionRecord("a", null)).Value);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    public void The_version_of_a_record_follows_the_level_as_it_is_now(short level, short version)
    {
        _bench.Level = level;
        _bench.Init("a");
        Assert.Equal(version, _bench.Log.Records.Single().Version);
    }

    [Fact]
    public void A_reload_finds_everything_as_it_was()
    {
        _bench.Init("a");
        _bench.Init("b");
        _bench.Add("a", 1000, 0, 2, 0, 5);
        _bench.Add("b", 1001, 0, 2, 1);
        _bench.End("b", 1001, 0, commit: true);
        var before = new[] { _bench.Describe("a"), _bench.Describe("b") }.Select(each => MessageCodec.Encode(Of(each), 0)).ToList();
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
        var after = new[] { _bench.Describe("a"), _bench.Describe("b") }.Select(each => MessageCodec.Encode(Of(each), 0)).ToList();
        Assert.Equal(before, after);
    }

    private static DescribeTransactionsResponse Of(DescribeTransactionsResponse.TransactionStateData state) =>
        new() { TransactionStates = [state] };

    private TransactionRecord RoundTrip(TransactionRecord record) => _bench.Log.RoundTrip([record], 1).Single();

    private List<string> List(ListTransactionsRequest request, Predicate<string>? matches = null) =>
        [.. _bench.List(request, matches).TransactionStates.Select(each => each.TransactionalId)];
}
