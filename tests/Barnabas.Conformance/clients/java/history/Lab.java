import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What all clients of a history share. Any thread. */
final class Lab {
    /** Topics and how many partitions they have: two that are written, and one that copiers write. */
    static final Map<String, Integer> TOPICS = Map.of("a", 3, "b", 2, "copies", 2);

    static final String COPIERS = "copiers";
    static final List<String> GROUPS = List.of("eager", "cooperative", "consumer", COPIERS);
    static final int SESSION_MS = 3_000;
    static final int POLL_INTERVAL_MS = 3_000;

    final String bootstrap;
    final Journal journal;
    final long seed;

    /** Every transactional id that was used. */
    final Set<String> transactionalIds = new ConcurrentSkipListSet<>();

    volatile boolean hasEnded;

    Lab(String bootstrap, Journal journal, long seed) {
        this.bootstrap = bootstrap;
        this.journal = journal;
        this.seed = seed;
    }

    static Set<TopicPartition> partitions() {
        Set<TopicPartition> all = new TreeSet<>((x, y) -> x.toString().compareTo(y.toString()));
        TOPICS.forEach((topic, count) -> {
            for (int i = 0; i < count; i++)
                all.add(new TopicPartition(topic, i));
        });
        return all;
    }

    /** Clients find a broker that is back at once, and never give a request up while their connection lasts. */
    Map<String, Object> client() {
        Map<String, Object> all = new HashMap<>();
        all.put("bootstrap.servers", bootstrap);
        all.put("reconnect.backoff.ms", 20);
        all.put("reconnect.backoff.max.ms", 200);
        all.put("retry.backoff.ms", 20);
        all.put("retry.backoff.max.ms", 200);
        all.put("request.timeout.ms", 20_000);
        all.put("enable.metrics.push", false);
        return all;
    }

    Map<String, Object> producer(boolean isIdempotent) {
        Map<String, Object> all = client();
        all.put("key.serializer", StringSerializer.class);
        all.put("value.serializer", StringSerializer.class);
        all.put("enable.idempotence", isIdempotent);
        all.put("acks", isIdempotent ? "all" : "1");
        all.put("delivery.timeout.ms", 30_000);
        all.put("max.block.ms", 20_000);
        all.put("linger.ms", 2);
        return all;
    }

    Map<String, Object> consumer(boolean isCommitted) {
        Map<String, Object> all = client();
        all.put("key.deserializer", StringDeserializer.class);
        all.put("value.deserializer", StringDeserializer.class);
        all.put("isolation.level", isCommitted ? "read_committed" : "read_uncommitted");
        all.put("enable.auto.commit", false);
        all.put("auto.offset.reset", "earliest");
        all.put("default.api.timeout.ms", 10_000);
        all.put("fetch.max.wait.ms", 100);
        return all;
    }

    Map<String, Object> member(String group, String protocol, boolean isCommitted) {
        Map<String, Object> all = consumer(isCommitted);
        all.put("group.id", group);
        all.put("max.poll.interval.ms", POLL_INTERVAL_MS);
        all.put("fetch.min.bytes", 2_000);
        if (protocol.equals("consumer")) {
            all.put("group.protocol", "consumer");
        } else {
            String name = protocol.equals("eager") ? "RangeAssignor" : "CooperativeStickyAssignor";
            all.put("group.protocol", "classic");
            all.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + name);
            all.put("session.timeout.ms", SESSION_MS);
            all.put("heartbeat.interval.ms", 500);
        }
        return all;
    }
}
