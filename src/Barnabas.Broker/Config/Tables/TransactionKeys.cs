namespace Barnabas.Broker.Config.Tables;

/// <summary>Transactions and producers: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class TransactionKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        add.partitions.to.txn.retry.backoff.max.ms | int | 100 | read-only | [0,...]
            The longest that the broker retries on its own while a transaction is being completed.
        add.partitions.to.txn.retry.backoff.ms | int | 20 | read-only | [1,...]
            The wait between such retries.
        producer.id.expiration.check.interval.ms | int | 600000 | read-only internal | [1,...]
            How often it is looked for producers that have gone silent.
        producer.id.expiration.ms | int | 86400000 | cluster-wide | [1,...]
            How long a partition remembers a silent producer.
        transaction.abort.timed.out.transaction.cleanup.interval.ms | int | 10000 | read-only | [1,...]
            How often it is looked for transactions past their timeout.
        transaction.max.timeout.ms | int | 900000 | read-only | [1,...]
            The longest timeout that a transaction may ask for.
        transaction.partition.verification.enable | boolean | true | cluster-wide
            Whether a partition asks the coordinator that a transaction is under way before it appends.
        transaction.remove.expired.transaction.cleanup.interval.ms | int | 3600000 | read-only | [1,...]
            How often it is looked for transactional ids past their expiry.
        transaction.state.log.load.buffer.size | int | 5242880 | read-only | [1,...]
            Bytes read at a time when transactions are loaded.
        transaction.state.log.min.isr | int | 2 | read-only | [1,...]
            Minimum in-sync replicas of the transactions topic.
        transaction.state.log.num.partitions | int | 50 | read-only | [1,...]
            Partitions of the transactions topic.
        transaction.state.log.replication.factor | short | 3 | read-only | [1,...]
            Replicas of the transactions topic.
        transaction.state.log.segment.bytes | int | 104857600 | read-only | [1,...]
            Segment size of the transactions topic.
        transaction.two.phase.commit.enable | boolean | false | read-only
            Whether transactions may take part in a two-phase commit.
        transactional.id.expiration.ms | int | 604800000 | read-only | [1,...]
            How long the coordinator remembers a silent transactional id.
        """u8;
}
