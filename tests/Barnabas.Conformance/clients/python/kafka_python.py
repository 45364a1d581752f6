"""Usage: kafka_python.py BOOTSTRAP NAME-PREFIX

Admin work, a round trip per codec and a consumer group through kafka-python; exits 1 with what went wrong.
"""
import sys
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.codec import has_lz4, has_snappy, has_zstd
from kafka.errors import TopicAlreadyExistsError

CODECS = [None, "gzip"] + ["snappy"] * has_snappy() + ["lz4"] * has_lz4() + ["zstd"] * has_zstd()
PER_CODEC = 1000
DEADLINE_S = 60

bootstrap, prefix = sys.argv[1:3]
topic, group = f"{prefix}-topic", f"{prefix}-group"


def check(condition, what):
    if not condition:
        raise SystemExit(f"kafka_python.py: {what}")


def until(seen, what):
    """Brokers learn what the controller decided a little later: asks again until it is so."""
    deadline = time.monotonic() + DEADLINE_S
    while not seen():
        check(time.monotonic() < deadline, what)
        time.sleep(0.02)


def admin_work(admin):
    admin.create_topics([NewTopic(topic, 3, 1, topic_configs={"retention.ms": "3600000"})])
    try:
        admin.create_topics([NewTopic(topic, 3, 1)])
        check(False, "a topic was created twice")
    except TopicAlreadyExistsError:
        pass
    admin.create_partitions({topic: NewPartitions(4)})
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "7200000"})])
    wanted = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": None})
    until(lambda: admin.describe_configs([wanted])[0].resources[0][4][0][:2] == ("retention.ms", "7200000"), "retention.ms")
    check(topic in admin.list_topics(), "the topic is not listed")
    until(lambda: len(admin.describe_topics([topic])[0]["partitions"]) == 4, "partitions after create_partitions")
    check(len(admin.describe_cluster()["brokers"]) == 1, "brokers")


def produce():
    sent = {}
    for codec in CODECS:
        producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, acks="all", linger_ms=20)
        results = []
        for number in range(PER_CODEC):
            key, value = f"{codec}-{number}", f"{codec} value {number} " * 8
            sent[key] = value
            results.append(producer.send(topic, value.encode(), key.encode(), headers=[("codec", str(codec).encode())]))
        for result in results:
            result.get(DEADLINE_S)
        producer.close()
    return sent


def consume(sent):
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                             enable_auto_commit=False)
    got, deadline = {}, time.monotonic() + DEADLINE_S
    while len(got) < len(sent) and time.monotonic() < deadline:
        for records in consumer.poll(1000).values():
            for record in records:
                key = record.key.decode()
                check(key not in got, f"twice: {key}")
                check(record.headers == [("codec", key.split("-")[0].encode())], f"headers of {key}: {record.headers}")
                got[key] = record.value.decode()
    check(got == sent, f"{len(got)} of {len(sent)} messages came back, or other ones")
    consumer.commit()
    partitions = [TopicPartition(topic, p) for p in range(4)]
    check(sum(consumer.committed(p) or 0 for p in partitions) == len(sent), "committed offsets")
    check(sum(consumer.end_offsets(partitions).values()) == len(sent), "end offsets")
    check(set(consumer.beginning_offsets(partitions).values()) == {0}, "beginning offsets")
    check(consumer.offsets_for_times({partitions[0]: 0})[partitions[0]].offset == 0, "the offset of time 0")
    consumer.close()


def main():
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin_work(admin)
    consume(produce())
    check(group in [name for name, _ in admin.list_consumer_groups()], "the group is not listed")
    check(admin.describe_consumer_groups([group])[0].state == "Empty", "state of the group")
    offsets = admin.list_consumer_group_offsets(group)
    check(sum(o.offset for o in offsets.values()) == len(CODECS) * PER_CODEC, f"offsets of the group {offsets}")
    admin.delete_consumer_groups([group])
    admin.delete_topics([topic])
    until(lambda: topic not in admin.list_topics(), "the topic is still listed")
    print("ok", *CODECS)


main()
