import java.util.Collection;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** One line of a history while it is put together: an operation of one client, which begins when this is made. One thread. */
final class Line {
    private final StringBuilder text = new StringBuilder(160);

    Line(String op, String who) {
        text.append("{\"op\":\"").append(op).append("\",\"who\":\"").append(who).append("\",\"from\":").append(Journal.nowUs());
    }

    Line put(String name, String value) {
        text.append(",\"").append(name).append("\":\"").append(value.replaceAll("[\"\\\\\\p{Cntrl}]", " ")).append('"');
        return this;
    }

    Line put(String name, long value) {
        text.append(",\"").append(name).append("\":").append(value);
        return this;
    }

    Line put(String name, boolean value) {
        text.append(",\"").append(name).append("\":").append(value);
        return this;
    }

    Line partitions(Collection<TopicPartition> partitions) {
        text.append(",\"partitions\":[");
        String between = "\"";
        for (TopicPartition partition : partitions) {
            text.append(between).append(partition).append('"');
            between = ",\"";
        }
        text.append(']');
        return this;
    }

    Line offsets(Map<TopicPartition, Long> offsets) {
        text.append(",\"offsets\":{");
        String between = "\"";
        for (Map.Entry<TopicPartition, Long> each : offsets.entrySet()) {
            text.append(between).append(each.getKey()).append("\":").append(each.getValue());
            between = ",\"";
        }
        text.append('}');
        return this;
    }

    Line records(Iterable<ConsumerRecord<String, String>> records) {
        text.append(",\"records\":[");
        String between = "";
        for (ConsumerRecord<String, String> each : records) {
            text.append(between).append("{\"p\":\"").append(each.topic()).append('-').append(each.partition());
            text.append("\",\"o\":").append(each.offset()).append(",\"v\":\"").append(each.value()).append("\"}");
            between = ",";
        }
        text.append(']');
        return this;
    }

    /** The line of an operation that ends now. */
    String end(String result) {
        return put("to", Journal.nowUs()).put("result", result).text.append('}').toString();
    }

    /** The line of an operation that ends now: done, or nobody knows, because of an error. */
    String end(Exception error) {
        return error == null ? end("ok") : put("error", error.toString()).end("unknown");
    }
}
