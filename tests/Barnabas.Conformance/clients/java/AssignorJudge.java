import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.*;
import org.apache.kafka.coordinator.group.assignor.*;
import org.apache.kafka.coordinator.group.modern.*;

/**
 * Has Kafka's own assignors assign groups. A group is some lines: "G assignor", then a "T id racks" for each topic, where racks are those of
 * each partition ("r0,r1;r1"), a "M id instance rack topics partitions" for each member, where topics are their positions ("0,2") and
 * partitions what it had before ("0:3,2:1"), and "E". A dash is nothing. The answer is one line: what each member gets, in the same form.
 */
public final class AssignorJudge {
    private record Topic(Uuid id, List<Set<String>> racks) { }

    public static void main(String[] ignored) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String assignor = "";
        List<Topic> topics = new ArrayList<>();
        Map<String, MemberSubscriptionAndAssignmentImpl> members = new LinkedHashMap<>();
        Map<Uuid, Map<Integer, String>> inverted = new HashMap<>();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "G" -> {
                    assignor = words[1];
                    topics.clear();
                    members.clear();
                    inverted.clear();
                }
                case "T" -> {
                    List<Set<String>> racks = new ArrayList<>();
                    for (String each : words[2].split(";"))
                        racks.add(each.equals("-") ? Set.of() : new HashSet<>(Arrays.asList(each.split(","))));
                    topics.add(new Topic(Uuid.fromString(words[1]), racks));
                }
                case "M" -> {
                    Set<Uuid> subscribed = new HashSet<>();
                    if (!words[4].equals("-"))
                        for (String at : words[4].split(","))
                            subscribed.add(topics.get(Integer.parseInt(at)).id());
                    Map<Uuid, Set<Integer>> had = new HashMap<>();
                    if (!words[5].equals("-"))
                        for (String at : words[5].split(",")) {
                            Uuid id = topics.get(Integer.parseInt(at.split(":")[0])).id();
                            int partition = Integer.parseInt(at.split(":")[1]);
                            had.computeIfAbsent(id, k -> new HashSet<>()).add(partition);
                            inverted.computeIfAbsent(id, k -> new HashMap<>()).put(partition, words[1]);
                        }
                    members.put(words[1], new MemberSubscriptionAndAssignmentImpl(
                        optional(words[3]), optional(words[2]), subscribed, new Assignment(had)));
                }
                default -> System.out.println(assign(assignor, topics, members, inverted));
            }
        }
    }

    private static String assign(String assignor, List<Topic> topics, Map<String, MemberSubscriptionAndAssignmentImpl> members,
            Map<Uuid, Map<Integer, String>> inverted) {
        Map<Uuid, Topic> byId = new HashMap<>();
        for (Topic topic : topics)
            byId.put(topic.id(), topic);
        Set<Set<Uuid>> subscriptions = new HashSet<>();
        for (MemberSubscriptionAndAssignmentImpl member : members.values())
            subscriptions.add(member.subscribedTopicIds());
        SubscriptionType type = subscriptions.size() == 1 ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS;
        SubscribedTopicDescriber describer = new SubscribedTopicDescriber() {
            @Override
            public int numPartitions(Uuid id) {
                return byId.containsKey(id) ? byId.get(id).racks().size() : -1;
            }

            @Override
            public Set<String> racksForPartition(Uuid id, int partition) {
                return byId.get(id).racks().get(partition);
            }
        };
        ConsumerGroupPartitionAssignor judge = assignor.equals("range") ? new RangeAssignor() : new UniformAssignor();
        Map<String, MemberAssignment> assigned = judge.assign(new GroupSpecImpl(members, type, inverted), describer).members();
        StringBuilder line = new StringBuilder();
        for (String member : members.keySet()) {
            MemberAssignment got = assigned.get(member);
            List<String> parts = new ArrayList<>();
            for (int i = 0; i < topics.size(); i++)
                if (got != null && got.partitions().containsKey(topics.get(i).id()))
                    for (int partition : new TreeSet<>(got.partitions().get(topics.get(i).id())))
                        parts.add(i + ":" + partition);
            line.append(line.isEmpty() ? "" : " ").append(parts.isEmpty() ? "-" : String.join(",", parts));
        }
        return line.toString();
    }

    private static Optional<String> optional(String word) {
        return word.equals("-") ? Optional.empty() : Optional.of(word);
    }
}
