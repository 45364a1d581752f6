"""Usage: watch_offsets.py BOOTSTRAP TOPIC GROUP PARTITIONS

Asks for the committed offsets of a group again and again until its standard input ends. Says "watching" after the first answer and
"watched" after eleven; ends with 1 when one has gone back, and prints how often it asked and the last offsets.
"""
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

bootstrap, topic, group, partitions = sys.argv[1:5]
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
wanted = [TopicPartition(topic, p) for p in range(int(partitions))]
last, asked = {}, 0
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
while True:
    final = ended.is_set()
    try:
        for p in consumer.committed(wanted, 10):
            if p.offset < last.get(p.partition, -1001):
                sys.exit(f"partition {p.partition} went back from {last[p.partition]} to {p.offset}")
            last[p.partition] = p.offset
        asked += 1
        if asked in (1, 11):
            print("watching" if asked == 1 else "watched", flush=True)
    except KafkaException as error:
        print(error, file=sys.stderr)
    if final:
        break
    time.sleep(0.02)
print(asked, *(last[p] for p in sorted(last)))
