import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** What is found when everybody has ended: the truth, against which the rest is judged. One thread. */
final class Ending {
    private static final String WHO = "ending/1";
    private static final long READING_MS_MAX = 60_000;

    private final Lab lab;

    Ending(Lab lab) {
        this.lab = lab;
    }

    void write() throws Exception {
        int number = 0;
        for (String id : lab.transactionalIds)
            new LoggedProducer(lab, "heir/" + ++number, true, id, "").close(10_000);
        lab.journal.write(new Line("client", WHO).end("ok"));
        try (Admin admin = Admin.create(lab.client())) {
            for (String group : Lab.GROUPS)
                Watcher.readCommitted(admin, lab, WHO, group);
        }
        read(true);
        read(false);
    }

    private void read(boolean isCommitted) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(lab.consumer(isCommitted));
                KafkaConsumer<String, String> any = new KafkaConsumer<>(lab.consumer(false))) {
            Map<TopicPartition, Long> ends = any.endOffsets(Lab.partitions());
            Map<TopicPartition, List<ConsumerRecord<String, String>>> records = new HashMap<>();
            consumer.assign(ends.keySet());
            consumer.seekToBeginning(ends.keySet());
            long limit = System.nanoTime() + READING_MS_MAX * 1_000_000;
            while (ends.keySet().stream().anyMatch(each -> consumer.position(each) < ends.get(each)) && System.nanoTime() < limit)
                for (ConsumerRecord<String, String> each : consumer.poll(Duration.ofMillis(200)))
                    records.computeIfAbsent(new TopicPartition(each.topic(), each.partition()), k -> new ArrayList<>()).add(each);
            for (TopicPartition each : ends.keySet())
                lab.journal.write(new Line("final", WHO).put("partition", each.toString()).put("committed", isCommitted)
                    .put("offset", consumer.position(each)).put("end", ends.get(each))
                    .records(records.getOrDefault(each, List.of())).end("ok"));
        }
    }
}
