namespace Barnabas.Cluster.Transactions;

/// <summary>Where transactional ids live.</summary>
public static class TransactionPartition
{
    /// <summary>The topic of all transactional ids.</summary>
    public const string Topic = "__transaction_state";
}
