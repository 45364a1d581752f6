"""Usage: confluent_txn.py BOOTSTRAP NAME-PREFIX

Copies a topic in transactions that commit or abort, with the offsets of its group in them, through confluent-kafka; each record
arrives once. Then a second producer of the same id fences the first. Exits 1 with what went wrong.
"""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

RECORDS, PARTITIONS, DEADLINE_S = 2000, 2, 60
bootstrap, prefix = sys.argv[1:3]
source, target, group = f"{prefix}-source", f"{prefix}-target", f"{prefix}-group"


def check(condition, what):
    if not condition:
        raise SystemExit(f"confluent_txn.py: {what}")


def producer():
    made = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"{prefix}-id"})
    made.init_transactions(DEADLINE_S)
    return made


def copy(out):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.subscribe([source])
    copied, transactions, deadline = 0, 0, time.monotonic() + DEADLINE_S
    while copied < RECORDS:
        check(time.monotonic() < deadline, f"only {copied} records copied")
        messages = consumer.consume(150, 1.0)
        if not messages:
            continue
        out.begin_transaction()
        for message in messages:
            check(not message.error(), f"{message.error()}")
            out.produce(target, message.value(), partition=message.partition())
        positions = consumer.position(consumer.assignment())
        out.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), DEADLINE_S)
        transactions += 1
        if transactions % 3 == 0:
            check(out.flush(DEADLINE_S) == 0, "unsent records")  # an abort drops what is not sent yet
            out.abort_transaction(DEADLINE_S)
            for at in consumer.committed(consumer.assignment(), DEADLINE_S):
                check(not at.error, f"{at.error}")
                consumer.seek(TopicPartition(at.topic, at.partition, max(at.offset, 0)))
        else:
            out.commit_transaction(DEADLINE_S)
            copied += len(messages)
    consumer.close()
    check(transactions >= 6, f"only {transactions} transactions")


def read(isolation):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"{group}-{isolation}", "isolation.level": isolation,
                         "enable.partition.eof": True})
    consumer.assign([TopicPartition(target, partition, 0) for partition in range(PARTITIONS)])
    values, ends = [], 0
    while ends < PARTITIONS:
        message = consumer.poll(DEADLINE_S)
        check(message is not None, "no end of the target")
        if message.error():
            ends += 1
        else:
            values.append(message.value())
    consumer.close()
    return values


admin = AdminClient({"bootstrap.servers": bootstrap})
for future in admin.create_topics([NewTopic(source, PARTITIONS, 1), NewTopic(target, PARTITIONS, 1)]).values():
    future.result(DEADLINE_S)
plain = Producer({"bootstrap.servers": bootstrap})
sent = [b"record %d" % number for number in range(RECORDS)]
for number, value in enumerate(sent):
    plain.produce(source, value, partition=number % PARTITIONS)
check(plain.flush(DEADLINE_S) == 0, "unsent records")

first = producer()
copy(first)
check(sorted(read("read_committed")) == sorted(sent), "the committed copy is not the source")
check(len(read("read_uncommitted")) > RECORDS, "nothing of what was aborted is there")

second = producer()
try:
    first.begin_transaction()
    first.produce(target, b"from the dead", partition=0)
    first.commit_transaction(DEADLINE_S)
    check(False, "the first producer was not fenced")
except KafkaException as error:
    check(error.args[0].name() == "_FENCED", f"{error}")
second.begin_transaction()
second.produce(target, b"from the living", partition=0)
second.commit_transaction(DEADLINE_S)
check(sorted(read("read_committed")) == sorted(sent + [b"from the living"]), "not what the second producer left")
print("ok transactions")
