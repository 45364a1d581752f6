namespace Barnabas.Broker.Config.Tables;

/// <summary>Group coordinators, offsets and share state: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class GroupKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        group.coordinator.append.linger.ms | int | -1 | read-only | [-1,...]
            How long a coordinator gathers records before it appends them; -1 adapts to the load.
        group.coordinator.background.threads | int | 2 | read-only | [1,...]
            Threads for the slow tasks of group coordinators.
        group.coordinator.cached.buffer.max.bytes | int | 1048588 | cluster-wide | [524288,...]
            The largest append buffer that a group coordinator keeps for reuse.
        group.coordinator.rebalance.protocols | list | classic,consumer,streams | read-only | [consumer, classic, share, streams]
            The group protocols that are offered.
        group.coordinator.threads | int | 4 | read-only | [1,...]
            Threads that run group coordinators.
        group.initial.rebalance.delay.ms | int | 3000 | read-only
            How long the first rebalance of a classic group waits for more members.
        group.max.session.timeout.ms | int | 1800000 | read-only
            The longest session timeout that a member of a classic group may ask for.
        group.max.size | int | 2147483647 | read-only | [1,...]
            The most members of a classic group.
        group.min.session.timeout.ms | int | 6000 | read-only
            The shortest session timeout that a member of a classic group may ask for.
        group.consumer.assignment.interval.ms | int | 1000 | cluster-wide | [0,...]
            The shortest time between two assignments of a consumer group.
        group.consumer.assignors | list | uniform,range | read-only
            Assignors of consumer groups, the default first.
        group.consumer.heartbeat.interval.ms | int | 5000 | read-only | [1,...]
            Time between heartbeats that members of consumer groups are told.
        group.consumer.max.assignment.interval.ms | int | 15000 | read-only | [0,...]
            The largest value that a group may set for its assignment interval.
        group.consumer.max.heartbeat.interval.ms | int | 15000 | read-only | [1,...]
            The largest heartbeat interval that a consumer group may set.
        group.consumer.max.session.timeout.ms | int | 60000 | read-only | [1,...]
            The largest session timeout that a consumer group may set.
        group.consumer.max.size | int | 2147483647 | read-only | [1,...]
            The most members of a consumer group.
        group.consumer.migration.policy | string | bidirectional | read-only | any case [DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL]
            Whether groups may change between the classic and the consumer protocol, and in which direction.
        group.consumer.min.assignment.interval.ms | int | 0 | read-only | [0,...]
            The smallest value that a group may set for its assignment interval.
        group.consumer.min.heartbeat.interval.ms | int | 5000 | read-only | [1,...]
            The smallest heartbeat interval that a consumer group may set.
        group.consumer.min.session.timeout.ms | int | 45000 | read-only | [1,...]
            The smallest session timeout that a consumer group may set.
        group.consumer.regex.refresh.interval.ms | int | 600000 | read-only internal | [10000,...]
            How often subscriptions by pattern are matched with the topics again.
        group.consumer.session.timeout.ms | int | 45000 | read-only | [1,...]
            A member of a consumer group that is silent for so long is removed.
        group.share.assignment.interval.ms | int | 1000 | cluster-wide | [0,...]
            The shortest time between two assignments of a share group.
        group.share.assignors | list | simple | read-only
            Assignors of share groups.
        group.share.delivery.count.limit | int | 5 | read-only | [2,...,10]
            How often a record is delivered to a share group at most.
        group.share.heartbeat.interval.ms | int | 5000 | read-only | [1,...]
            Time between heartbeats that members of share groups are told.
        group.share.initialize.retry.interval.ms | int | 30000 | read-only internal | [1,...]
            How long until the initialization of share state is tried again.
        group.share.max.assignment.interval.ms | int | 15000 | read-only | [0,...]
            The largest assignment interval that a share group may set.
        group.share.max.delivery.count.limit | int | 10 | read-only | [5,...,25]
            The largest delivery limit that a share group may set.
        group.share.max.heartbeat.interval.ms | int | 15000 | read-only | [1,...]
            The largest heartbeat interval that a share group may set.
        group.share.max.partition.max.record.locks | int | 4000 | read-only | [2000,...,10000]
            The most locked records per partition that a share group may set.
        group.share.max.record.lock.duration.ms | int | 60000 | read-only | [30000,...,3600000]
            The longest lock of a record that a share group may set.
        group.share.max.session.timeout.ms | int | 60000 | read-only | [1,...]
            The largest session timeout that a share group may set.
        group.share.max.share.sessions | int | 2000 | read-only | [1,...]
            The most share sessions of this broker.
        group.share.max.size | int | 200 | read-only | [1,...,1000]
            The most members of a share group.
        group.share.min.assignment.interval.ms | int | 0 | read-only | [0,...]
            The smallest assignment interval that a share group may set.
        group.share.min.delivery.count.limit | int | 2 | read-only | [2,...,5]
            The smallest delivery limit that a share group may set.
        group.share.min.heartbeat.interval.ms | int | 5000 | read-only | [1,...]
            The smallest heartbeat interval that a share group may set.
        group.share.min.partition.max.record.locks | int | 100 | read-only | [100,...,2000]
            The fewest locked records per partition that a share group may set.
        group.share.min.record.lock.duration.ms | int | 15000 | read-only | [1000,...,30000]
            The shortest lock of a record that a share group may set.
        group.share.min.session.timeout.ms | int | 45000 | read-only | [1,...]
            The smallest session timeout that a share group may set.
        group.share.partition.max.record.locks | int | 2000 | read-only | [100,...,10000]
            The most records of a partition that are locked at a time.
        group.share.persister.class.name | string | org.apache.kafka.server.share.persister.DefaultStatePersister | read-only internal
            What keeps the state of share partitions.
        group.share.record.lock.duration.ms | int | 30000 | read-only | [1000,...,3600000]
            How long a record stays locked for its consumer.
        group.share.session.timeout.ms | int | 45000 | read-only | [1,...]
            A member of a share group that is silent for so long is removed.
        group.streams.assignment.interval.ms | int | 1000 | cluster-wide | [0,...]
            The shortest time between two assignments of a streams group.
        group.streams.heartbeat.interval.ms | int | 5000 | read-only | [1,...]
            Time between heartbeats that members of streams groups are told.
        group.streams.initial.rebalance.delay.ms | int | 3000 | read-only | [0,...]
            How long the first rebalance of a streams group waits for more members.
        group.streams.max.assignment.interval.ms | int | 15000 | read-only | [0,...]
            The largest assignment interval that a streams group may set.
        group.streams.max.heartbeat.interval.ms | int | 15000 | read-only | [1,...]
            The largest heartbeat interval that a streams group may set.
        group.streams.max.session.timeout.ms | int | 60000 | read-only | [1,...]
            The largest session timeout that a streams group may set.
        group.streams.max.size | int | 2147483647 | read-only | [1,...]
            The most members of a streams group.
        group.streams.max.standby.replicas | int | 2 | read-only | [0,...]
            The most standby replicas of a task that a streams group may set.
        group.streams.min.assignment.interval.ms | int | 0 | read-only | [0,...]
            The smallest assignment interval that a streams group may set.
        group.streams.min.heartbeat.interval.ms | int | 5000 | read-only | [1,...]
            The smallest heartbeat interval that a streams group may set.
        group.streams.min.session.timeout.ms | int | 45000 | read-only | [1,...]
            The smallest session timeout that a streams group may set.
        group.streams.num.standby.replicas | int | 0 | read-only | [0,...]
            Standby replicas of each task of a streams group.
        group.streams.session.timeout.ms | int | 45000 | read-only | [1,...]
            A member of a streams group that is silent for so long is removed.
        offset.metadata.max.bytes | int | 4096 | read-only
            The longest text that may be committed beside an offset.
        offsets.commit.timeout.ms | int | 5000 | read-only | [1,...]
            How long a commit of offsets waits for the replicas.
        offsets.load.buffer.size | int | 5242880 | read-only | [1,...]
            Bytes read at a time when offsets are loaded.
        offsets.retention.check.interval.ms | long | 600000 | read-only | [1,...]
            How often it is looked for expired offsets.
        offsets.retention.minutes | int | 10080 | read-only | [1,...]
            How long the offsets of a group without members are kept.
        offsets.topic.compression.codec | int | 0 | read-only
            The codec of the offsets topic, by its number; 0 is none.
        offsets.topic.num.partitions | int | 50 | read-only | [1,...]
            Partitions of the offsets topic.
        offsets.topic.replication.factor | short | 3 | read-only | [1,...]
            Replicas of the offsets topic.
        offsets.topic.segment.bytes | int | 104857600 | read-only | [1,...]
            Segment size of the offsets topic.
        share.coordinator.append.linger.ms | int | -1 | read-only | [-1,...]
            How long a share coordinator gathers records; -1 adapts to the load.
        share.coordinator.cached.buffer.max.bytes | int | 1048588 | cluster-wide | [524288,...]
            The largest append buffer that a share coordinator keeps for reuse.
        share.coordinator.cold.partition.snapshot.interval.ms | int | 300000 | read-only internal | [1,...]
            How often the state of idle share partitions is written in full.
        share.coordinator.load.buffer.size | int | 5242880 | read-only | [1,...]
            Bytes read at a time when share state is loaded.
        share.coordinator.snapshot.update.records.per.snapshot | int | 500 | read-only | [0,...,500]
            Changes of a share partition between two full records of its state.
        share.coordinator.state.topic.compression.codec | int | 0 | read-only
            The codec of the share state topic, by its number; 0 is none.
        share.coordinator.state.topic.min.isr | short | 2 | read-only | [1,...]
            Minimum in-sync replicas of the share state topic.
        share.coordinator.state.topic.num.partitions | int | 50 | read-only | [1,...]
            Partitions of the share state topic.
        share.coordinator.state.topic.prune.interval.ms | int | 300000 | read-only internal | [1,...]
            How often records of the share state topic that are no longer needed are deleted.
        share.coordinator.state.topic.replication.factor | short | 3 | read-only | [1,...]
            Replicas of the share state topic.
        share.coordinator.state.topic.segment.bytes | int | 104857600 | read-only | [1,...]
            Segment size of the share state topic.
        share.coordinator.threads | int | 1 | read-only | [1,...]
            Threads that run share coordinators.
        share.coordinator.write.timeout.ms | int | 5000 | read-only | [1,...]
            How long a write of share state waits for the replicas.
        """u8;
}
