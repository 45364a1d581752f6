import java.util.List;
import org.apache.kafka.common.TopicPartition;

/** Writes records outside of transactions, with or without idempotence. */
final class Writer extends Actor {
    private static final int UNANSWERED_MAX = 1_000;

    private final boolean isIdempotent;
    private final List<TopicPartition> partitions;
    private LoggedProducer producer;

    Writer(Lab lab, String name, boolean isIdempotent) {
        super(lab, name);
        this.isIdempotent = isIdempotent;
        partitions = Lab.partitions().stream().filter(partition -> !partition.topic().equals("copies")).toList();
    }

    @Override
    protected void open(String who) {
        producer = new LoggedProducer(lab, who, isIdempotent, "", "");
    }

    @Override
    protected boolean step() {
        for (int i = random.nextInt(8); i >= 0; i--)
            producer.send(partitions.get(random.nextInt(partitions.size())), "");
        if (producer.unanswered() > UNANSWERED_MAX || chance(0.02))
            producer.flush();
        pause(random.nextInt(60));
        return !chance(0.004);
    }

    @Override
    protected void close() {
        if (producer != null)
            producer.close(chance(0.5) || lab.hasEnded ? 10_000 : 0);
        producer = null;
    }
}
