import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** A consumer that writes what it does to the history. One thread. */
final class LoggedConsumer implements ConsumerRebalanceListener {
    final String who;
    final String group;
    final KafkaConsumer<String, String> consumer;

    /** Behind the last record of each partition, since it was assigned. */
    final Map<TopicPartition, Long> next = new HashMap<>();

    private final Lab lab;
    private final boolean commitsWhatItGivesUp;

    /** A reader without a group. */
    LoggedConsumer(Lab lab, String who, boolean isCommitted) {
        this.lab = lab;
        this.who = who;
        group = "";
        commitsWhatItGivesUp = false;
        lab.journal.write(new Line("client", who).put("committed", isCommitted).end("ok"));
        consumer = new KafkaConsumer<>(lab.consumer(isCommitted));
    }

    /** A member of a group, static where it has an instance id. */
    LoggedConsumer(Lab lab, String who, String group, String protocol, String instance, boolean isCommitted, boolean commits) {
        this.lab = lab;
        this.who = who;
        this.group = group;
        commitsWhatItGivesUp = commits;
        lab.journal.write(new Line("client", who).put("group", group).put("protocol", protocol).put("committed", isCommitted)
            .put("instance", instance).put("sessionMs", Lab.SESSION_MS).put("pollIntervalMs", Lab.POLL_INTERVAL_MS).end("ok"));
        Map<String, Object> settings = lab.member(group, protocol, isCommitted);
        if (!instance.isEmpty())
            settings.put("group.instance.id", instance);
        consumer = new KafkaConsumer<>(settings);
    }

    ConsumerRecords<String, String> poll() {
        Line line = new Line("poll", who);
        ConsumerRecords<String, String> records = ConsumerRecords.empty();
        try {
            records = consumer.poll(Duration.ofMillis(100));
            return records;
        } finally {
            // Epochs are taken here and nowhere else: in a callback the old one may still be there, or the next one already.
            int epoch = group.isEmpty() ? 0 : consumer.groupMetadata().generationId();
            if (!group.isEmpty())
                line.partitions(consumer.assignment());
            lab.journal.write(line.put("epoch", epoch).records(records).end("ok"));
            for (ConsumerRecord<String, String> each : records)
                next.put(new TopicPartition(each.topic(), each.partition()), each.offset() + 1);
        }
    }

    void seek(Map<TopicPartition, Long> offsets) {
        Line line = new Line("seek", who).offsets(offsets);
        offsets.forEach(consumer::seek);
        offsets.forEach(next::put);
        lab.journal.write(line.end("ok"));
    }

    /** Commits behind what was read of some partitions; whether it was done is in the history only. */
    void commit(Collection<TopicPartition> partitions) {
        Map<TopicPartition, Long> offsets = new HashMap<>(next);
        offsets.keySet().retainAll(partitions);
        if (offsets.isEmpty())
            return;
        Line line = new Line("commitOffsets", who).put("group", group).offsets(offsets);
        try {
            consumer.commitSync(withMetadata(offsets), Duration.ofMillis(2_000));
            lab.journal.write(line.end("ok"));
        } catch (RuntimeException e) {
            lab.journal.write(line.end(e));
        }
    }

    static Map<TopicPartition, OffsetAndMetadata> withMetadata(Map<TopicPartition, Long> offsets) {
        Map<TopicPartition, OffsetAndMetadata> all = new HashMap<>();
        offsets.forEach((partition, offset) -> all.put(partition, new OffsetAndMetadata(offset)));
        return all;
    }

    /** Closes; a member that stays looks to its group as if it had crashed. */
    void close(boolean leaves) {
        lab.journal.write(new Line("closing", who).end("ok"));
        consumer.close(CloseOptions.timeout(Duration.ofMillis(3_000)).withGroupMembershipOperation(
            leaves ? CloseOptions.GroupMembershipOperation.LEAVE_GROUP : CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        Line line = new Line("assigned", who).partitions(partitions);
        next.keySet().removeAll(partitions);
        lab.journal.write(line.end("ok"));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        Line line = new Line("revoked", who).partitions(partitions);
        if (commitsWhatItGivesUp)
            commit(partitions);
        next.keySet().removeAll(partitions);
        lab.journal.write(line.end("ok"));
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        Line line = new Line("lost", who).partitions(partitions);
        next.keySet().removeAll(partitions);
        lab.journal.write(line.end("ok"));
    }
}
