import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** Reads everything without a group as soon as it is there, and goes back now and then. */
final class Tail extends Actor {
    private final boolean isCommitted;
    private LoggedConsumer reader;

    Tail(Lab lab, String name, boolean isCommitted) {
        super(lab, name);
        this.isCommitted = isCommitted;
    }

    @Override
    protected void open(String who) {
        Map<TopicPartition, Long> begin = new HashMap<>();
        if (reader != null)
            begin.putAll(reader.next);
        reader = new LoggedConsumer(lab, who, isCommitted);
        Lab.partitions().forEach(partition -> begin.putIfAbsent(partition, 0L));
        reader.consumer.assign(begin.keySet());
        reader.seek(begin);
    }

    @Override
    protected boolean step() {
        reader.poll();
        if (chance(0.01)) {
            List<TopicPartition> all = List.copyOf(reader.next.keySet());
            TopicPartition partition = all.get(random.nextInt(all.size()));
            reader.seek(Map.of(partition, Math.max(0, reader.next.get(partition) - random.nextInt(300))));
        }
        return !chance(0.002);
    }

    @Override
    protected void close() {
        if (reader != null)
            reader.close(true);
    }
}
