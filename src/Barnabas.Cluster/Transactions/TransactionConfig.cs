namespace Barnabas.Cluster.Transactions;

/// <summary>What a transaction coordinator is told by the broker's configuration; Kafka's defaults. Immutable.</summary>
public sealed record TransactionConfig
{
    /// <summary><c>transaction.max.timeout.ms</c></summary>
    public int TimeoutMsMax { get; init; } = 900_000;

    /// <summary><c>transaction.abort.timed.out.transaction.cleanup.interval.ms</c></summary>
    public int TimeoutCheckIntervalMs { get; init; } = 10_000;

    /// <summary><c>transactional.id.expiration.ms</c></summary>
    public long IdExpirationMs { get; init; } = 604_800_000;

    /// <summary><c>transaction.remove.expired.transaction.cleanup.interval.ms</c></summary>
    public int ExpirationCheckIntervalMs { get; init; } = 3_600_000;

    /// <summary>How long after a marker could not be written it is tried again.</summary>
    public int MarkerRetryMs { get; init; } = 100;

    /// <summary>Tombstones of one decision; the rest follows in the next one.</summary>
    public int RecordsPerDecisionMax { get; init; } = 500;
}
