namespace Barnabas.Broker.Config.Tables;

/// <summary>
/// Keys of a group; the fourth column is the broker key that gives the default: rows as <see cref="ConfigTable"/> reads them.
/// </summary>
internal static class GroupEntityKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        consumer.assignment.interval.ms | int | 1000 | group.consumer.assignment.interval.ms | [0,...]
            The shortest time between two assignments of the group.
        consumer.heartbeat.interval.ms | int | 5000 | group.consumer.heartbeat.interval.ms | [1,...]
            Time between heartbeats that members of the group are told.
        consumer.session.timeout.ms | int | 45000 | group.consumer.session.timeout.ms | [1,...]
            A member that is silent for so long is removed.
        share.assignment.interval.ms | int | 1000 | group.share.assignment.interval.ms | [0,...]
            The shortest time between two assignments of the group.
        share.auto.offset.reset | string | latest | - | [latest, earliest, by_duration:PnDTnHnMn.nS]
            Where a share group begins: latest, earliest, or by_duration with a length of time.
        share.delivery.count.limit | int | 5 | group.share.delivery.count.limit | [2,...]
            How often a record is delivered to the group at most.
        share.heartbeat.interval.ms | int | 5000 | group.share.heartbeat.interval.ms | [1,...]
            Time between heartbeats that members of the group are told.
        share.isolation.level | string | read_uncommitted | - | [read_committed, read_uncommitted]
            Whether the group reads uncommitted records.
        share.partition.max.record.locks | int | 2000 | group.share.partition.max.record.locks | [100,...]
            The most records of a partition that are locked at a time.
        share.record.lock.duration.ms | int | 30000 | group.share.record.lock.duration.ms | [1000,...]
            How long a record stays locked for its consumer.
        share.renew.acknowledge.enable | boolean | true | -
            Whether consumers may prolong the lock of a record.
        share.session.timeout.ms | int | 45000 | group.share.session.timeout.ms | [1,...]
            A member that is silent for so long is removed.
        streams.assignment.interval.ms | int | 1000 | group.streams.assignment.interval.ms | [0,...]
            The shortest time between two assignments of the group.
        streams.heartbeat.interval.ms | int | 5000 | group.streams.heartbeat.interval.ms | [1,...]
            Time between heartbeats that members of the group are told.
        streams.initial.rebalance.delay.ms | int | 3000 | group.streams.initial.rebalance.delay.ms | [0,...]
            How long the first rebalance waits for more members.
        streams.num.standby.replicas | int | 0 | group.streams.num.standby.replicas | [0,...]
            Standby replicas of each task.
        streams.session.timeout.ms | int | 45000 | group.streams.session.timeout.ms | [1,...]
            A member that is silent for so long is removed.
        """u8;
}
