namespace Barnabas.Broker.Config;

/// <summary>Transactions and what partitions remember of producers. Immutable, for any thread.</summary>
public sealed class TransactionsConfig
{
    internal TransactionsConfig(BrokerConfig config)
    {
        ProducerIdExpirationMs = config.Int("producer.id.expiration.ms");
        ProducerIdCheckIntervalMs = config.Int("producer.id.expiration.check.interval.ms");
        VerifiesPartitions = config.Boolean("transaction.partition.verification.enable");
        TimeoutMsMax = config.Int("transaction.max.timeout.ms");
        IdExpirationMs = config.Int("transactional.id.expiration.ms");
        TimeoutCheckIntervalMs = config.Int("transaction.abort.timed.out.transaction.cleanup.interval.ms");
        ExpirationCheckIntervalMs = config.Int("transaction.remove.expired.transaction.cleanup.interval.ms");
        JoinWaitMs = config.Int("add.partitions.to.txn.retry.backoff.max.ms");
        TopicPartitions = config.Int("transaction.state.log.num.partitions");
        TopicReplicationFactor = (short)config.Int("transaction.state.log.replication.factor");
        TopicMinInsyncReplicas = config.Int("transaction.state.log.min.isr");
        TopicSegmentBytes = config.Int("transaction.state.log.segment.bytes");
    }

    /// <summary>How long a partition remembers a silent producer.</summary>
    public int ProducerIdExpirationMs { get; }

    /// <summary>How often silent producers are looked for.</summary>
    public int ProducerIdCheckIntervalMs { get; }

    /// <summary>Whether a batch of a transaction is taken only if the coordinator knows that the transaction is under way.</summary>
    public bool VerifiesPartitions { get; }

    /// <summary>Longest timeout that a transaction may ask for.</summary>
    public int TimeoutMsMax { get; }

    /// <summary>How long a silent transactional id is remembered.</summary>
    public int IdExpirationMs { get; }

    /// <summary>How often transactions past their timeout are looked for.</summary>
    public int TimeoutCheckIntervalMs { get; }

    /// <summary>How often transactional ids past their expiry are looked for.</summary>
    public int ExpirationCheckIntervalMs { get; }

    /// <summary>How long a produce waits for the markers of its producer's last transaction.</summary>
    public int JoinWaitMs { get; }

    /// <summary>Partitions of the transactions topic when it is created.</summary>
    public int TopicPartitions { get; }

    /// <summary>Replicas of the transactions topic when it is created.</summary>
    public short TopicReplicationFactor { get; }

    /// <summary>Minimum in-sync replicas of the transactions topic.</summary>
    public int TopicMinInsyncReplicas { get; }

    /// <summary>Segment size of the transactions topic.</summary>
    public int TopicSegmentBytes { get; }
}
