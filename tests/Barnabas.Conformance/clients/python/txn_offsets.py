"""Usage: txn_offsets.py WIRELAB HOST:PORT write|read

write: commits offsets inside and outside of transactions, of which some are committed, some aborted and some left open.
read: prints the offsets that can be seen, ends the transactions that are open, and prints them again, as JSON lines.
"""
import json
import sys
import time

sys.dont_write_bytecode = True
wirelab, at, what = sys.argv[1:4]
sys.path.insert(0, wirelab)
from wirelab import client  # noqa: E402

GROUP, TOPIC, PARTITIONS = "txn-group", "txn-topic", 6
broker = client.Client(at, timeout=30)


def until(ask):
    for _ in range(600):
        found = ask()
        if found is not None:
            return found
        time.sleep(0.05)
    raise SystemExit("gave up waiting")


def coordinator():
    answer = broker.call("FindCoordinator", 4, {"keyType": 0, "coordinatorKeys": [GROUP]})["coordinators"][0]
    return True if answer["errorCode"] == 0 else None


def plain(partition, offset):
    def ask():
        answer = broker.call("OffsetCommit", 7, {"groupId": GROUP, "generationIdOrMemberEpoch": -1, "memberId": "", "topics": [
            {"name": TOPIC, "partitions": [{"partitionIndex": partition, "committedOffset": offset, "committedMetadata": ""}]}]})
        code = answer["topics"][0]["partitions"][0]["errorCode"]
        assert code in (0, 3, 14, 15, 16), answer  # also until the new topic is known
        return True if code == 0 else None
    until(ask)


def inside(producer, partition, offset):
    def ask():
        answer = broker.call("TxnOffsetCommit", 3, {
            "transactionalId": f"t-{producer}", "groupId": GROUP, "producerId": producer, "producerEpoch": 0, "generationId": -1,
            "memberId": "", "topics": [{"name": TOPIC, "partitions": [
                {"partitionIndex": partition, "committedOffset": offset, "committedMetadata": "in"}]}]})
        code = answer["topics"][0]["partitions"][0]["errorCode"]
        assert code in (0, 3, 14, 15, 16), answer  # also until the new topic is known
        return True if code == 0 else None
    until(ask)


def end(producer, commit, version=1):
    markers = {"markers": [{"producerId": producer, "producerEpoch": 0, "transactionResult": commit, "coordinatorEpoch": 1,
                            "topics": [{"name": "__consumer_offsets", "partitionIndexes": [0]}]}]}
    return broker.call("WriteTxnMarkers", version, markers)["markers"][0]["topics"][0]["partitions"][0]["errorCode"]


def seen(stable):
    def ask():
        answer = broker.call("OffsetFetch", 7, {"groupId": GROUP, "requireStable": stable, "topics": [
            {"name": TOPIC, "partitionIndexes": list(range(PARTITIONS))}]})
        return None if answer["errorCode"] in (14, 15, 16) else answer
    answer = until(ask)
    return [[p["partitionIndex"], p["committedOffset"], p["metadata"], p["errorCode"]] for p in answer["topics"][0]["partitions"]]


def tell(what):
    print(json.dumps({"what": what, "offsets": seen(False), "stable": seen(True)}))


until(coordinator)
if what == "write":
    broker.call("CreateTopics", 7, {"timeoutMs": 30000, "validateOnly": False, "topics": [
        {"name": TOPIC, "numPartitions": PARTITIONS, "replicationFactor": 1, "assignments": [], "configs": []}]})
    plain(0, 5)
    inside(1, 0, 10)
    inside(1, 1, 11)
    assert end(1, True) == 0
    plain(2, 6)
    inside(2, 2, 20)
    assert end(2, False) == 0
    inside(3, 3, 30)
    inside(4, 4, 40)
    plain(4, 41)
    inside(5, 5, 50)
    tell("written")
else:
    tell("begun")
    print(json.dumps({"what": "ends", "codes": [end(3, True), end(5, False)]}))
    tell("two ended")
    print(json.dumps({"what": "ends", "codes": [end(4, True), end(3, True)]}))
    tell("all ended")
