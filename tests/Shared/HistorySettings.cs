namespace Barnabas.Shared;

/// <summary>Settings of brokers that <see cref="BrokerHistory"/> drives. Stateless.</summary>
public static class HistorySettings
{
    /// <summary>
    /// Few partitions of the internal topics, small indexes, nothing removed by time, and markers and transactional batches from anybody.
    /// </summary>
    public static IReadOnlyDictionary<string, string> OfBroker { get; } = new Dictionary<string, string>
    {
        ["offsets.topic.num.partitions"] = "3",
        ["offsets.topic.replication.factor"] = "1",
        ["group.initial.rebalance.delay.ms"] = "0",
        ["log.index.size.max.bytes"] = "65536",
        ["log.retention.ms"] = "-1",
        ["log.retention.check.interval.ms"] = "300",
        ["log.initial.task.delay.ms"] = "100",
        ["log.flush.start.offset.checkpoint.interval.ms"] = "200",
        ["log.flush.offset.checkpoint.interval.ms"] = "200",
        ["log.segment.delete.delay.ms"] = "1000",
        ["log.cleaner.enable"] = "false",
        ["transaction.partition.verification.enable"] = "false",
    };
}
