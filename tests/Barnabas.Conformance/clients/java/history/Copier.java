import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;

/** Reads committed records as a member of a group and writes a copy of each, with the group's offsets, in one transaction. */
final class Copier extends Actor {
    private final String protocol;
    private LoggedConsumer reader;
    private LoggedProducer producer;

    Copier(Lab lab, String name, String protocol) {
        super(lab, name);
        this.protocol = protocol;
    }

    @Override
    protected void open(String who) {
        producer = new LoggedProducer(lab, who, true, getName(), Lab.COPIERS);
        reader = new LoggedConsumer(lab, "reader-of-" + who, Lab.COPIERS, protocol, "", true, false);
        reader.consumer.subscribe(List.of("a"), reader);
    }

    @Override
    protected boolean step() {
        ConsumerRecords<String, String> records = reader.poll();
        if (records.isEmpty())
            return true;
        Map<TopicPartition, Long> first = new HashMap<>(), next = new HashMap<>();
        producer.begin();
        for (ConsumerRecord<String, String> each : records) {
            TopicPartition from = new TopicPartition(each.topic(), each.partition());
            first.putIfAbsent(from, each.offset());
            next.put(from, each.offset() + 1);
            producer.send(new TopicPartition("copies", random.nextInt(Lab.TOPICS.get("copies"))), from + "@" + each.offset());
        }
        if (chance(0.02))
            return false;
        if (chance(0.5))
            producer.flush();
        boolean commits = !chance(0.1);
        try {
            producer.addOffsets(next, LoggedConsumer.withMetadata(next), reader.consumer.groupMetadata());
        } catch (CommitFailedException e) {
            commits = false;
        }
        if (commits) {
            producer.commit();
        } else {
            producer.abort();
            first.keySet().retainAll(reader.consumer.assignment());
            reader.seek(first);
        }
        return true;
    }

    @Override
    protected void close() {
        if (reader != null)
            reader.close(lab.hasEnded || chance(0.5));
        if (producer != null)
            producer.close(0);
        reader = null;
        producer = null;
    }
}
