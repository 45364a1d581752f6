"""Usage: read_committed.py BOOTSTRAP TOPIC PARTITION

Prints the values that a reader of committed records sees, one a line, up to the last stable offset.
"""
import sys

from confluent_kafka import Consumer, KafkaError, TopicPartition

bootstrap, topic, partition = sys.argv[1], sys.argv[2], int(sys.argv[3])
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "isolation.level": "read_committed",
                     "enable.partition.eof": True})
consumer.assign([TopicPartition(topic, partition, 0)])
while True:
    message = consumer.poll(60)
    if message is None:
        raise SystemExit("no end")
    if message.error():
        if message.error().code() == KafkaError._PARTITION_EOF:
            break
        continue
    print(message.value().decode())
consumer.close()
