using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Handlers;
using Barnabas.Tests.Handlers.Transactions;

namespace Barnabas.Tests.Embedded;

/// <summary>Keys of the transaction coordinator, and what a producer then meets; time is the test's.</summary>
public sealed class TransactionKeyTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    [Fact]
    [ConfigKey("transaction.max.timeout.ms")]
    public async Task A_producer_may_not_ask_for_more_time_than_there_is()
    {
        await using var broker = await KeyBroker.Start("transaction.max.timeout.ms=5000");
        Assert.Equal(
            [ErrorCode.NotCoordinator, ErrorCode.InvalidTransactionTimeout],
            new[] { 5_000, 5_001 }.Select(ms => broker.Client.Call<InitProducerIdResponse>(
                new InitProducerIdRequest { TransactionalId = "a", TransactionTimeoutMs = ms }, 5).ErrorCode));
    }

    [Theory]
    [InlineData(1_000, 4_000)]
    [InlineData(60_000, 60_000)]
    [ConfigKey("transaction.abort.timed.out.transaction.cleanup.interval.ms")]
    public async Task A_transaction_past_its_timeout_is_aborted_at_the_next_look(int intervalMs, int afterMs)
    {
        await using var broker = await KeyBroker.Start(
            $"transaction.abort.timed.out.transaction.cleanup.interval.ms={intervalMs} transaction.state.log.num.partitions=1");
        broker.Create("t");
        var begun = broker.Client.Begin("a", timeoutMs: 4_000);
        Assert.Equal(ErrorCode.None, broker.Client.Join("a", begun.ProducerId, 0));
        var passed = await broker.Passes(() => broker.Client.Describe("a").TransactionState == "CompleteAbort", Step);
        Assert.InRange(passed.TotalMilliseconds, afterMs - 1_000, double.MaxValue);
        Assert.Equal(ErrorCode.InvalidTxnState, broker.Client.End("a", begun.ProducerId, 0, commit: true).ErrorCode);
    }

    [Fact]
    [ConfigKey("transactional.id.expiration.ms")]
    [ConfigKey("transaction.remove.expired.transaction.cleanup.interval.ms")]
    public async Task An_id_that_nobody_uses_is_forgotten()
    {
        await using var broker = await KeyBroker.Start(
            "transactional.id.expiration.ms=30000 transaction.remove.expired.transaction.cleanup.interval.ms=5000");
        broker.Client.Begin("a");
        var passed = await broker.Passes(() => broker.Client.Describe("a").ErrorCode == ErrorCode.TransactionalIdNotFound, Step);
        Assert.InRange(passed.TotalMilliseconds, 30_000, double.MaxValue);
    }

    [Fact]
    [ConfigKey("transaction.state.log.num.partitions")]
    [ConfigKey("transaction.state.log.segment.bytes")]
    [ConfigKey("transaction.state.log.min.isr")]
    [ConfigKey("transaction.state.log.replication.factor")]
    public async Task The_topic_of_transactions_is_made_as_the_keys_say()
    {
        await using var broker = await KeyBroker.Start(
            "transaction.state.log.num.partitions=3 transaction.state.log.segment.bytes=2097152 transaction.state.log.min.isr=1");
        broker.Client.Begin("a");
        Assert.Equal(3, broker.Directories("__transaction_state-*").Length);
        var configs = broker.Client.Call<DescribeConfigsResponse>(
            new DescribeConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = "__transaction_state" }] }, 4)
            .Results[0].Configs.ToDictionary(each => each.Name, each => each.Value);
        Assert.Equal(("2097152", "1", "compact", "false"), (configs["segment.bytes"], configs["min.insync.replicas"],
            configs["cleanup.policy"], configs["unclean.leader.election.enable"]));

        // More replicas than there are brokers cannot be had, so there is no coordinator.
        await using var lacking = await KeyBroker.Start("transaction.state.log.replication.factor=2");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ErrorCode.CoordinatorNotAvailable, lacking.Client.Call<FindCoordinatorResponse>(
                new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = ["a"] }, 4).Coordinators[0].ErrorCode);
        }

        Assert.Empty(lacking.Directories("__transaction_state-*"));
    }
}
