using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Handlers.Producing;
using Barnabas.Broker.Network;

namespace Barnabas.Broker.Handlers.Transactions;

/// <summary>The APIs of transactions.</summary>
internal static class TransactionHandlers
{
    /// <summary>Serves them all but InitProducerId, which is not only for transactions.</summary>
    /// <param name="table">Of a client listener.</param>
    /// <param name="transactions">The broker's.</param>
    /// <param name="groups">The broker's, for offsets in transactions.</param>
    /// <param name="verifier">Asks about producers.</param>
    /// <param name="offsetsPartitionsDefault">Partitions of the offsets topic where it is not made yet.</param>
    public static HandlerTable AddTransactions(
        this HandlerTable table, TransactionCoordinators transactions, GroupCoordinators groups, TransactionVerifier verifier,
        int offsetsPartitionsDefault) => table
        .Add(new AddPartitionsToTxnHandler(transactions))
        .Add(new AddOffsetsToTxnHandler(transactions, offsetsPartitionsDefault))
        .Add(new EndTxnHandler(transactions))
        .Add(new TxnOffsetCommitHandler(groups, verifier))
        .Add(new DescribeTransactionsHandler(transactions))
        .Add(new ListTransactionsHandler(transactions));
}
