import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** Asks for committed offsets and for the ends of partitions all the time. */
final class Watcher extends Actor {
    private Admin admin;
    private String who;

    Watcher(Lab lab) {
        super(lab, "watcher");
    }

    @Override
    protected void open(String who) {
        this.who = who;
        lab.journal.write(new Line("client", who).end("ok"));
        Map<String, Object> settings = lab.client();
        settings.put("default.api.timeout.ms", 20_000);
        admin = Admin.create(settings);
    }

    @Override
    protected boolean step() throws Exception {
        for (String group : Lab.GROUPS)
            readCommitted(admin, lab, who, group);
        readEnds(IsolationLevel.READ_COMMITTED);
        readEnds(IsolationLevel.READ_UNCOMMITTED);
        pause(100);
        return true;
    }

    @Override
    protected void close() {
        if (admin != null)
            admin.close();
        admin = null;
    }

    /** Reads what a group has committed; nothing where there is no such group yet. */
    static void readCommitted(Admin admin, Lab lab, String who, String group) throws Exception {
        Line line = new Line("committed", who).put("group", group);
        Map<TopicPartition, Long> offsets = new HashMap<>();
        try {
            Map<TopicPartition, OffsetAndMetadata> read = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
            read.forEach((partition, offset) -> {
                if (offset != null)
                    offsets.put(partition, offset.offset());
            });
            lab.journal.write(line.offsets(offsets).end("ok"));
        } catch (ExecutionException e) {
            lab.journal.write(line.end(e));
        }
    }

    private void readEnds(IsolationLevel level) throws Exception {
        Line line = new Line("ends", who).put("committed", level == IsolationLevel.READ_COMMITTED);
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        Lab.partitions().forEach(partition -> latest.put(partition, OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        try {
            admin.listOffsets(latest, new ListOffsetsOptions(level)).all().get()
                .forEach((partition, end) -> ends.put(partition, end.offset()));
            lab.journal.write(line.offsets(ends).end("ok"));
        } catch (ExecutionException e) {
            // Nobody was told anything.
        }
    }
}
