import java.util.List;
import org.apache.kafka.common.TopicPartition;

/**
 * Writes transactions over several partitions, ends them or leaves them open, and now and then goes on with an old life after a new one has
 * taken over its transactional id.
 */
final class TransactionWriter extends Actor {
    private final List<TopicPartition> partitions;
    private LoggedProducer producer, zombie;
    private int ids = 1;

    TransactionWriter(Lab lab, String name) {
        super(lab, name);
        partitions = Lab.partitions().stream().filter(partition -> !partition.topic().equals("copies")).toList();
    }

    @Override
    protected void open(String who) {
        // A new id now and then: what was open under the old one has to time out.
        if (zombie == null && chance(0.2))
            ids++;
        producer = new LoggedProducer(lab, who, true, getName() + "-" + ids, "");
        if (zombie != null)
            wake();
    }

    @Override
    protected boolean step() {
        producer.begin();
        for (int i = random.nextInt(6); i >= 0; i--)
            producer.send(partitions.get(random.nextInt(partitions.size())), "");
        if (chance(0.3))
            producer.flush();
        if (chance(0.006)) {
            zombie = producer;
            producer = null;
            return false;
        }
        if (chance(0.01))
            return false;
        if (chance(0.2))
            producer.abort();
        else
            producer.commit();
        pause(random.nextInt(80));
        return true;
    }

    @Override
    protected void close() {
        if (producer != null)
            producer.close(0);
        if (zombie != null && lab.hasEnded)
            zombie.close(0);
        producer = null;
    }

    private void wake() {
        try {
            zombie.send(partitions.get(random.nextInt(partitions.size())), "");
            zombie.commit();
        } catch (RuntimeException e) {
            // As it should be: it is fenced.
        }
        zombie.close(0);
        zombie = null;
    }
}
