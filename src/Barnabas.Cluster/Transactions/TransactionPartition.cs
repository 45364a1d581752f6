using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Transactions;

/// <summary>Which partition of <c>__transaction_state</c> a transactional id lives on.</summary>
public static class TransactionPartition
{
    /// <summary>The topic of all transactional ids.</summary>
    public const string Topic = "__transaction_state";

    /// <summary>The partition of a transactional id.</summary>
    public static int Of(string transactionalId, int partitions) => CoordinatorPartition.Of(transactionalId, partitions);
}
