"""Usage: member.py BOOTSTRAP TOPIC GROUP STRATEGY [INSTANCE-ID]

A member of a consumer group that prints one JSON line for each thing that happens to it: {"owned": [partitions]} after each
rebalance, {"partition": p, "values": [...]} for records, and {"committed": {partition: offset}} for what it committed after them.
It leaves the group when its standard input ends.
"""
import json
import sys
import threading

from confluent_kafka import Consumer, KafkaError, KafkaException

bootstrap, topic, group, strategy = sys.argv[1:5]
settings = {
    "bootstrap.servers": bootstrap, "group.id": group, "partition.assignment.strategy": strategy, "auto.offset.reset": "earliest",
    "enable.auto.commit": False, "session.timeout.ms": 3000, "heartbeat.interval.ms": 300, "fetch.wait.max.ms": 100,
}
if len(sys.argv) > 5:
    settings["group.instance.id"] = sys.argv[5]
consumer = Consumer(settings)
owned = set()
leaving = threading.Event()


def say(**what):
    print(json.dumps(what), flush=True)


def assigned(_, partitions):
    owned.update(p.partition for p in partitions)
    if strategy.startswith("cooperative"):
        consumer.incremental_assign(partitions)
    else:
        consumer.assign(partitions)
    say(owned=sorted(owned))


def revoked(_, partitions):
    owned.difference_update(p.partition for p in partitions)
    if strategy.startswith("cooperative"):
        consumer.incremental_unassign(partitions)
    else:
        consumer.unassign()
    say(owned=sorted(owned))


def wait_for_end():
    sys.stdin.read()
    leaving.set()


threading.Thread(target=wait_for_end, daemon=True).start()
consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
while not leaving.is_set():
    values = {}
    for message in consumer.consume(1000, 0.1):
        if message.error():
            say(error=str(message.error()))
            continue
        values.setdefault(message.partition(), []).append(int(message.value()))
    for partition, numbers in values.items():
        say(partition=partition, values=numbers)
    if values:
        try:
            say(committed={p.partition: p.offset for p in consumer.commit(asynchronous=False) if p.error is None})
        except KafkaException as error:
            # A rebalance came in between; who owns the partition now reads these records again.
            say(refused=error.args[0].name() if isinstance(error.args[0], KafkaError) else str(error))
consumer.close()
