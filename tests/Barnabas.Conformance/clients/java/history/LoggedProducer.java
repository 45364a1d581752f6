import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/** A producer that writes what it does to the history. One thread, and the producer's own for answers. */
final class LoggedProducer {
    private static final int COMMIT_TRIES = 4;

    final String who;
    private final Lab lab;
    private final KafkaProducer<String, String> producer;
    private final Map<String, Line> unanswered = new ConcurrentHashMap<>();
    private String txn = "";
    private int sends, transactions;

    /** A producer; with a transactional id it takes that over, and with a group it is a copier of that. */
    LoggedProducer(Lab lab, String who, boolean isIdempotent, String transactionalId, String group) {
        this.lab = lab;
        this.who = who;
        Map<String, Object> settings = lab.producer(isIdempotent);
        if (!transactionalId.isEmpty()) {
            settings.put("transactional.id", transactionalId);
            settings.put("transaction.timeout.ms", 5_000);
            lab.transactionalIds.add(transactionalId);
        }
        lab.journal.write(new Line("client", who).put("idempotent", isIdempotent).put("transactionalId", transactionalId)
            .put("group", group).end("ok"));
        producer = new KafkaProducer<>(settings);
        try {
            if (!transactionalId.isEmpty())
                log(new Line("init", who), producer::initTransactions);
        } catch (RuntimeException e) {
            close(0);
            throw e;
        }
    }

    int unanswered() {
        return unanswered.size();
    }

    void flush() {
        producer.flush();
    }

    void begin() {
        txn = who + "#" + ++transactions;
        producer.beginTransaction();
    }

    /** Sends a record of its own kind; a place that it copies is TOPIC-NUMBER@OFFSET. */
    void send(TopicPartition to, String copyOf) {
        String value = who + "." + ++sends;
        Line line = new Line("send", who).put("txn", txn).put("partition", to.toString()).put("value", value).put("copyOf", copyOf);
        unanswered.put(value, line);
        try {
            producer.send(new ProducerRecord<>(to.topic(), to.partition(), null, value), (place, error) -> {
                if (unanswered.remove(value) != null)
                    lab.journal.write(error == null ? line.put("offset", place.offset()).end("ok") : line.end(error));
            });
        } catch (RuntimeException e) {
            if (unanswered.remove(value) != null)
                lab.journal.write(line.put("error", e.toString()).end("failed"));
            throw e;
        }
    }

    void addOffsets(Map<TopicPartition, Long> next, Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
        log(new Line("offsets", who).put("txn", txn).put("group", group.groupId()).offsets(next),
            () -> producer.sendOffsetsToTransaction(offsets, group));
    }

    void commit() {
        log(new Line("commit", who).put("txn", txn), () -> {
            for (int tries = 1; ; tries++) {
                try {
                    producer.commitTransaction();
                    return;
                } catch (TimeoutException e) {
                    if (tries == COMMIT_TRIES)
                        throw e;
                }
            }
        });
        txn = "";
    }

    void abort() {
        log(new Line("abort", who).put("txn", txn), producer::abortTransaction);
        txn = "";
    }

    /** Closes, and with no time to do so leaves everything as it is. */
    void close(int limitMs) {
        producer.close(Duration.ofMillis(limitMs));
        unanswered.forEach((value, line) -> {
            if (unanswered.remove(value) != null)
                lab.journal.write(line.end("unknown"));
        });
    }

    private void log(Line line, Runnable work) {
        try {
            work.run();
            lab.journal.write(line.end("ok"));
        } catch (RuntimeException e) {
            lab.journal.write(line.end(e));
            throw e;
        }
    }
}
