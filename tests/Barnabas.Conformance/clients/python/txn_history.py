"""Usage: txn_history.py WIRELAB HOST:PORT SEED PHASE NOW_MS

Plays one phase of a seeded history on a broker and prints, as JSON lines, what it answered and what it then serves at every
offset. The same SEED and NOW_MS give the same requests; phases before PHASE are played through without sending anything, so
that broker and script may be restarted in between. What hangs on the broker's clock is left out of the lines.
"""
import json
import random
import sys

sys.dont_write_bytecode = True
wirelab, at, seed, phase, now = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
sys.path.insert(0, wirelab)
from wirelab import client, codec  # noqa: E402

OPERATIONS = 220
MINUTE = 60_000
TOPICS = {
    "h-plain": {"internal.segment.bytes": "12000", "index.interval.bytes": "700"},
    "h-time": {"message.timestamp.type": "LogAppendTime", "index.interval.bytes": "1200"},
    "h-gzip": {"compression.type": "gzip", "compression.gzip.level": "1", "index.interval.bytes": "10000000"},
}
# Batches that are refused or known already are the smallest there are: Kafka may roll a segment for them all the same.
# Producer ids, and which of them write transactions.
PRODUCERS = {100: False, 101: False, 200: True, 201: True, 202: True, 203: True, 204: True}
PRODUCE, MARKERS, FETCH = 11, 1, 11


class Producer:
    """What a producer knows of itself, with its last batches for retries."""

    def __init__(self, transactional):
        self.transactional, self.epoch, self.sequence, self.sent = transactional, 0, 0, []
        self.open, self.ended = False, False


class Log:
    """What the log of one topic should hold by now, as far as the history has to know it."""

    def __init__(self):
        self.end, self.start, self.producers = 0, 0, {pid: Producer(kind) for pid, kind in PRODUCERS.items()}


class Broker:
    """Sends, or only pretends to, in phases that are over."""

    def __init__(self):
        self.live, self.connection = False, client.Client(at, timeout=30)

    def call(self, api, version, body):
        return self.connection.call(api, version, body) if self.live else None


broker = Broker()
logs = {name: Log() for name in TOPICS}
rng = random.Random(seed)


def say(**line):
    if broker.live:
        print(json.dumps(codec_safe(line), sort_keys=True))


def codec_safe(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: codec_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [codec_safe(item) for item in value]
    return value


def a_time():
    """Well before or well after everything that a broker's clock may say during a test."""
    return now + (rng.randint(-50 * MINUTE, -20 * MINUTE) if rng.random() < 0.7 else rng.randint(20 * MINUTE, 50 * MINUTE))


def is_chosen(time):
    return time == -1 or abs(time - now) >= 20 * MINUTE


def send(topic, pid, epoch, sequence, count, transactional, what, attributes=0, acks=-1, sizes=(5,), is_sure=True):
    records = [{"key": b"k%d" % i, "value": bytes([65 + rng.randrange(26)]) * rng.choice(sizes),
                "timestampDelta": rng.randrange(5)} for i in range(count)]
    base = a_time()
    batch = codec.encode_batch({
        "attributes": attributes | (16 if transactional else 0), "producerId": pid, "producerEpoch": epoch, "baseSequence": sequence,
        "baseTimestamp": base, "maxTimestamp": base + max(r["timestampDelta"] for r in records), "records": records})
    answer = broker.call("Produce", PRODUCE, {
        "transactionalId": "t-%d" % pid if transactional else None, "acks": acks, "timeoutMs": 30000,
        "topicData": [{"name": topic, "partitionData": [{"index": 0, "records": batch}]}]})
    if answer:
        part = answer["responses"][0]["partitionResponses"][0]
        found = (part["errorCode"], part["baseOffset"], part["logAppendTimeMs"] >= 0) if is_sure else part["errorCode"] in (0, 45)
        say(what=what, topic=topic, answer=found, start=part["logStartOffset"], message=part["errorMessage"])


def produce(topic, log, pid):
    """One batch in order; sometimes across the wrap of sequence numbers."""
    producer, count = log.producers[pid], rng.choice((1, 1, 2, 3, 7))
    send(topic, pid, producer.epoch, producer.sequence, count, producer.transactional, "produce", attributes=rng.choice((0, 0, 1)),
         sizes=(5, 40, 300))
    producer.sent.append((producer.epoch, producer.sequence, count, current))
    producer.sequence = (producer.sequence + count) % (1 << 31)
    producer.open |= producer.transactional
    log.end += count


def retry(topic, log, pid):
    producer = log.producers[pid]
    back = rng.randint(1, 7)
    if len(producer.sent) >= back and producer.sent[-back][0] == producer.epoch:
        epoch, sequence, count, when = producer.sent[-back]
        # Of what was sent before a restart the last is known for sure, and more of it where that was a crash: here Kafka forgets.
        is_sure = when == current or back == 1 or producer.sent[-back + 1][3] == current
        send(topic, pid, epoch, sequence, count, producer.transactional, "retry %d" % back, is_sure=is_sure)


def wrong(topic, log, pid):
    producer = log.producers[pid]
    kind = rng.choice(("gap", "old epoch", "new epoch", "other kind"))
    known = len(producer.sent) > 0
    if kind == "gap" and known:
        send(topic, pid, producer.epoch, (producer.sequence + 3) % (1 << 31), 1, producer.transactional, kind)
    elif kind == "old epoch" and known and producer.epoch > 0:
        send(topic, pid, producer.epoch - 1, producer.sequence, 1, producer.transactional, kind)
    elif kind == "new epoch" and known:
        send(topic, pid, producer.epoch + 1, 5, 1, producer.transactional, kind)
    elif kind == "other kind" and producer.open:
        send(topic, pid, producer.epoch, producer.sequence, 1, False, kind)


def mark(topic, pid, epoch, commit, coordinator, version, tv, what):
    marker = {"producerId": pid, "producerEpoch": epoch, "transactionResult": commit, "coordinatorEpoch": coordinator,
              "topics": [{"name": topic, "partitionIndexes": [0]}]}
    if version > 1:
        marker["transactionVersion"] = tv
    answer = broker.call("WriteTxnMarkers", version, {"markers": [marker]})
    if answer:
        say(what=what, topic=topic, answer=answer["markers"])


def end(topic, log, pid):
    producer, commit = log.producers[pid], rng.random() < 0.5
    if not producer.open and rng.random() < 0.8:
        return
    if rng.random() < 0.4:
        producer.epoch += 1
        producer.sequence, producer.sent = 0, []
        mark(topic, pid, producer.epoch, commit, 3, 2, 2, "end v2")
    else:
        mark(topic, pid, producer.epoch, commit, 3, 1, 0, "end")
    producer.open, producer.ended = False, True
    log.end += 1


def wrong_end(topic, log, pid):
    producer = log.producers[pid]
    if not producer.sent:
        return
    kind = rng.choice(("fenced", "old epoch", "same epoch v2", "no topic", "no producer"))
    if kind == "fenced" and producer.ended:
        mark(topic, pid, producer.epoch, True, 1, 1, 0, kind)
    elif kind == "old epoch" and producer.epoch > 0:
        mark(topic, pid, producer.epoch - 1, True, 3, 1, 0, kind)
    elif kind == "same epoch v2" and producer.open:
        mark(topic, pid, producer.epoch, True, 3, 2, 2, kind)
    elif kind == "no topic":
        mark("h-none", pid, 0, True, 3, 1, 0, kind)
    elif kind == "no producer":
        mark(topic, -1, 0, True, 3, 1, 0, kind)


def bump(topic, log, pid):
    """A producer that begins again with its next epoch, in the middle of a transaction or outside."""
    producer = log.producers[pid]
    if producer.sent:
        producer.epoch += 1
        producer.sequence, producer.sent = 0, []
        produce(topic, log, pid)


def near_wrap(topic, log, pid):
    """A new id that begins shortly before the largest sequence number and goes over it, between and inside of batches."""
    new = 1000 + len(log.producers)
    log.producers[new] = Producer(log.producers[pid].transactional)
    log.producers[new].sequence = (1 << 31) - rng.randint(1, 6)
    for _ in range(3):
        produce(topic, log, new)


def plain(topic, log, _):
    count = rng.choice((1, 4))
    send(topic, -1, -1, -1, count, False, "plain", acks=rng.choice((1, -1)))
    log.end += count


def delete(topic, log, _):
    if log.end - log.start < 40:
        return
    log.start = rng.randint(log.start, log.end - 20)
    answer = broker.call("DeleteRecords", 2, {"topics": [{"name": topic, "partitions": [
        {"partitionIndex": 0, "offset": log.start}]}], "timeoutMs": 30000})
    if answer:
        part = answer["topics"][0]["partitions"][0]
        say(what="delete", topic=topic, code=part["errorCode"], low=part["lowWatermark"])


def fetch(wanted, isolation, version=FETCH):
    """[(topic, offset, bytes)] to what is there, batches taken apart."""
    answer = broker.call("Fetch", version, {
        "replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 1 << 22, "isolationLevel": isolation, "sessionId": 0,
        "sessionEpoch": -1, "forgottenTopicsData": [], "rackId": "", "topics": [{"topic": topic, "partitions": [
            {"partition": 0, "currentLeaderEpoch": -1, "fetchOffset": offset, "lastFetchedEpoch": -1, "logStartOffset": -1,
             "partitionMaxBytes": size}]} for topic, offset, size in wanted]})
    return {topic["topic"]: topic["partitions"][0] for topic in answer["responses"]}


def shown(batch):
    """A batch without what comes from the broker's clock or its compressor."""
    kept = {name: batch[name] for name in ("baseOffset", "attributes", "lastOffsetDelta", "producerId", "producerEpoch", "baseSequence",
                                           "count", "crcValid")}
    kept["records"] = [{name: record[name] for name in ("offsetDelta", "timestampDelta", "key", "value", "headers")}
                       for record in batch.get("records", ())]
    if is_chosen(batch["maxTimestamp"]):
        kept["times"] = [batch["baseTimestamp"], batch["maxTimestamp"]]
    return kept


def tell(name, topic, offset, part, **more):
    say(what=name, topic=topic, offset=offset, code=part["errorCode"], high=part["highWatermark"], stable=part["lastStableOffset"],
        start=part["logStartOffset"], aborted=part["abortedTransactions"], **more)


def observe(topic):
    # What the log begins and ends with, from the broker: both have to say the same.
    head = fetch([(topic, 0, 100)], 0)[topic]
    low, high = max(0, ask(topic, -2, 0)[1]), ask(topic, -1, 0)[1]
    say(what="log", topic=topic, low=low, high=high, head=head["errorCode"])
    for offset in range(max(0, low - 2), high + 2):
        for isolation in (0, 1):
            part = fetch([(topic, offset, 1 << 20)], isolation)[topic]
            found = [shown(b) for b in codec.batches(codec.as_bytes(part["records"] or b""), check_crc=True) if "partial" not in b]
            # All of it once in a while, else only where it begins and ends.
            more = found if offset % 40 == 0 or offset == low else [b["baseOffset"] for b in found[:1] + found[-1:]]
            tell("fetch %d" % isolation, topic, offset, part, batches=more)
        for size in (rng.choice((1, 200, 500)), rng.choice((900, 2000, 5000))):
            tell("fetch within %d" % size, topic, offset, fetch([(topic, offset, size)], 1)[topic])
    for isolation in (0, 1):
        # Where the broker's clock gives the times, the newest is not the history's to say.
        for time in (-1, -2, -4, -5, *([-3] if topic != "h-time" else []), *(a_time() for _ in range(15)), now - 60 * MINUTE, now + 59 * MINUTE):
            code, offset, found, epoch = ask(topic, time, isolation)
            say(what="offset %d" % isolation, topic=topic, time=time - now if time > 0 else time, code=code, offset=offset,
                found=found - now if is_chosen(found) else "clock")
    say(what="producers", topic=topic, producers=producers(topic))


def ask(topic, time, isolation):
    part = broker.call("ListOffsets", 10, {"replicaId": -1, "isolationLevel": isolation, "timeoutMs": 30000, "topics": [
        {"name": topic, "partitions": [{"partitionIndex": 0, "currentLeaderEpoch": -1, "timestamp": time}]}]})["topics"][0]["partitions"][0]
    return part["errorCode"], part["offset"], part["timestamp"], part["leaderEpoch"]


def producers(topic):
    part = broker.call("DescribeProducers", 0, {"topics": [{"name": topic, "partitionIndexes": [0]}]})["topics"][0]["partitions"][0]
    for producer in part["activeProducers"]:
        if not is_chosen(producer["lastTimestamp"]):
            producer["lastTimestamp"] = "clock"
    return sorted(part["activeProducers"], key=lambda producer: producer["producerId"])


def make_topics():
    answer = broker.call("CreateTopics", 7, {"timeoutMs": 30000, "validateOnly": False, "topics": [
        {"name": name, "numPartitions": 1, "replicationFactor": 1, "assignments": [],
         "configs": [{"name": key, "value": value} for key, value in configs.items()]} for name, configs in TOPICS.items()]})
    for topic in answer["topics"]:
        assert topic["errorCode"] == 0, topic


def wait_for_topics():
    """Until there is a leader for each; a broker that was started again takes a moment."""
    import time
    for _ in range(600):
        if all(ask(name, -1, 0)[0] == 0 for name in TOPICS):
            return
        time.sleep(0.05)
    raise SystemExit("no leader")


ACTIONS = [(produce, 50), (end, 22), (retry, 10), (wrong, 8), (wrong_end, 8), (bump, 4), (near_wrap, 1), (plain, 4), (delete, 2)]
for current in range(phase + 1):
    broker.live = current == phase
    if broker.live and current == 0:
        make_topics()
    if broker.live:
        wait_for_topics()
    for _ in range(OPERATIONS):
        action = rng.choices([a for a, _ in ACTIONS], [w for _, w in ACTIONS])[0]
        name = rng.choice(sorted(TOPICS))
        pid = rng.choice(sorted(logs[name].producers))
        if action is not end or logs[name].producers[pid].transactional:
            action(name, logs[name], pid)
    observing = random.Random(seed * 31 + current)
    rng, saved = observing, rng
    if broker.live:
        for name in sorted(TOPICS):
            observe(name)
        mixed = fetch([("h-plain", logs["h-plain"].start, 1 << 20), ("h-time", logs["h-time"].start, 1), ("h-gzip", 1 << 40, 10)], 1)
        for name in sorted(mixed):
            tell("mixed", name, logs[name].start, mixed[name], bytes=len(codec.as_bytes(mixed[name]["records"] or b"")) > 0)
    rng = saved
