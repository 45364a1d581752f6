using Barnabas.Broker.Config;
using Barnabas.Cluster.Transactions;

namespace Barnabas.Broker.Coordinators;

/// <summary>From the broker's configuration to the transaction coordinators'.</summary>
public static class TransactionConfigs
{
    /// <summary>What the coordinators are told.</summary>
    public static TransactionConfig Of(TransactionsConfig config) => new()
    {
        TimeoutMsMax = config.TimeoutMsMax,
        TimeoutCheckIntervalMs = config.TimeoutCheckIntervalMs,
        IdExpirationMs = config.IdExpirationMs,
        ExpirationCheckIntervalMs = config.ExpirationCheckIntervalMs,
    };
}
