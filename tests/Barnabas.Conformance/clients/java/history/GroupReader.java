import java.util.List;

/** A member of a group that commits what it has read, stops in the middle now and then, leaves, crashes, and is silent for too long. */
final class GroupReader extends Actor {
    private final String group, protocol, instance;
    private final boolean isCommitted;
    private LoggedConsumer reader;

    GroupReader(Lab lab, String name, String protocol, String instance, boolean isCommitted) {
        super(lab, name);
        group = protocol;
        this.protocol = protocol;
        this.instance = instance;
        this.isCommitted = isCommitted;
    }

    @Override
    protected void open(String who) {
        reader = new LoggedConsumer(lab, who, group, protocol, instance, isCommitted, true);
        reader.consumer.subscribe(List.of("a", "b"), reader);
    }

    @Override
    protected boolean step() {
        reader.poll();
        if (chance(0.2))
            reader.commit(reader.consumer.assignment());
        if (chance(0.001)) {
            pause(Lab.POLL_INTERVAL_MS + 1_500);
            reader.commit(reader.consumer.assignment());
        }
        return !chance(0.006);
    }

    @Override
    protected void close() {
        if (reader != null)
            reader.close(lab.hasEnded || chance(0.7));
        reader = null;
    }
}
