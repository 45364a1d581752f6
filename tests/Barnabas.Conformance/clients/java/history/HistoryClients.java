import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Clients that use a broker in every way that histories are about, and write what they did and were told to a file, a line each
 * (docs/internals/history.md). Arguments: the broker, the file, a seed. Prints "ready" when all of them are at work, works until a
 * line comes from standard input, then ends everything that is open and reads all of it.
 */
public final class HistoryClients {
    public static void main(String[] arguments) throws Exception {
        try (Journal journal = new Journal(arguments[1])) {
            Lab lab = new Lab(arguments[0], journal, Long.parseLong(arguments[2]));
            try (Admin admin = Admin.create(lab.client())) {
                List<NewTopic> topics = new ArrayList<>();
                Lab.TOPICS.forEach((name, partitions) -> topics.add(new NewTopic(name, partitions, (short) 1)));
                admin.createTopics(topics).all().get();
            }
            List<Actor> actors = actors(lab);
            actors.forEach(Thread::start);
            System.out.println("ready");
            new BufferedReader(new InputStreamReader(System.in)).readLine();
            lab.hasEnded = true;
            for (Actor actor : actors)
                actor.join();
            new Ending(lab).write();
        }
        System.out.println("done");
        System.exit(0);
    }

    private static List<Actor> actors(Lab lab) {
        List<Actor> all = new ArrayList<>();
        for (int i = 1; i <= 3; i++)
            all.add(new TransactionWriter(lab, "transactions-" + i));
        all.add(new Writer(lab, "idempotent", true));
        all.add(new Writer(lab, "loose", false));
        for (Map.Entry<String, String> member : Map.of("cooperative", "", "eager", "", "consumer", "static").entrySet()) {
            all.add(new GroupReader(lab, member.getKey() + "-1", member.getKey(), "", true));
            all.add(new GroupReader(lab, member.getKey() + "-2", member.getKey(), "", false));
            if (!member.getValue().isEmpty())
                all.add(new GroupReader(lab, member.getKey() + "-3", member.getKey(), member.getValue(), true));
        }
        String protocol = List.of("consumer", "eager", "cooperative").get((int) Math.floorMod(lab.seed, 3L));
        all.add(new Copier(lab, "copier-1", protocol));
        all.add(new Copier(lab, "copier-2", protocol));
        all.add(new Tail(lab, "tail-1", true));
        all.add(new Tail(lab, "tail-2", false));
        all.add(new Watcher(lab));
        return all;
    }
}
