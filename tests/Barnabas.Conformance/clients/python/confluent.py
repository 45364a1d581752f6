"""Usage: confluent.py BOOTSTRAP NAME-PREFIX

Admin work, a round trip per codec and a consumer group through confluent-kafka; exits 1 with what went wrong.
"""
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PER_CODEC = 2000
DEADLINE_S = 60

bootstrap, prefix = sys.argv[1:3]
topic, group = f"{prefix}-topic", f"{prefix}-group"


def check(condition, what):
    if not condition:
        raise SystemExit(f"confluent.py: {what}")


def until(seen, what):
    """Brokers learn what the controller decided a little later: asks again until it is so."""
    deadline = time.monotonic() + DEADLINE_S
    while not seen():
        check(time.monotonic() < deadline, what)
        time.sleep(0.02)


def admin_work(admin):
    for future in admin.create_topics([NewTopic(topic, 3, 1, config={"retention.ms": "3600000"})]).values():
        future.result(DEADLINE_S)
    try:
        admin.create_topics([NewTopic(topic, 3, 1)])[topic].result(DEADLINE_S)
        check(False, "a topic was created twice")
    except KafkaException as error:
        check(error.args[0].name() == "TOPIC_ALREADY_EXISTS", f"second creation: {error}")
    admin.create_partitions([NewPartitions(topic, 4)])[topic].result(DEADLINE_S)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={"retention.ms": "7200000"})
    admin.alter_configs([resource])[resource].result(DEADLINE_S)
    wanted = ConfigResource(ConfigResource.Type.TOPIC, topic)
    until(lambda: admin.describe_configs([wanted])[wanted].result(DEADLINE_S)["retention.ms"].value == "7200000", "retention.ms")
    metadata = admin.list_topics(timeout=DEADLINE_S)
    check(len(metadata.brokers) == 1, f"brokers {metadata.brokers}")
    until(lambda: len(admin.list_topics(topic, DEADLINE_S).topics[topic].partitions) == 4, "partitions after create_partitions")


def produce():
    sent, failures = {}, []
    for codec in CODECS:
        producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True,
                             "linger.ms": 20})
        for number in range(PER_CODEC):
            key, value = f"{codec}-{number}", f"{codec} value {number} " * 8
            sent[key] = value
            producer.produce(topic, value, key, headers=[("codec", codec.encode()), ("none", b"")],
                             on_delivery=lambda error, _: error and failures.append(error))
            producer.poll(0)
        check(producer.flush(DEADLINE_S) == 0, f"{codec}: unsent messages")
    check(not failures, f"failed deliveries: {failures[:3]}")
    return sent


def consume(sent):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.subscribe([topic])
    got, deadline = {}, time.monotonic() + DEADLINE_S
    while len(got) < len(sent) and time.monotonic() < deadline:
        for message in consumer.consume(500, 1.0):
            check(not message.error(), f"{message.error()}")
            key = message.key().decode()
            check(key not in got, f"twice: {key}")
            check(dict(message.headers())["codec"].decode() == key.split("-")[0], f"headers of {key}: {message.headers()}")
            got[key] = message.value().decode()
    check(got == sent, f"{len(got)} of {len(sent)} messages came back, or other ones")
    consumer.commit(asynchronous=False)
    committed = consumer.committed([TopicPartition(topic, p) for p in range(4)], DEADLINE_S)
    check(sum(max(0, p.offset) for p in committed) == len(sent), f"committed {committed}")
    middle = consumer.offsets_for_times([TopicPartition(topic, 0, int(time.time() * 1000) + 3_600_000)], DEADLINE_S)
    check(middle[0].offset == -1, f"the offset of a time to come is {middle[0].offset}")
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), DEADLINE_S)
    check(low == 0 and high == committed[0].offset, f"watermarks {low} {high}")
    consumer.close()
    again = Consumer({"bootstrap.servers": bootstrap, "group.id": group + "-assigned"})
    again.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    first = again.poll(DEADLINE_S)
    check(first is not None and not first.error() and first.offset() == 0, "the first record by assignment")
    again.close()


def main():
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin_work(admin)
    consume(produce())
    check(group in [g.id for g in admin.list_groups(timeout=DEADLINE_S)], "the group is not listed")
    admin.delete_topics([topic])[topic].result(DEADLINE_S)
    until(lambda: topic not in admin.list_topics(timeout=DEADLINE_S).topics, "the topic is still listed")
    print("ok", *CODECS)


main()
