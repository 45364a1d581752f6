"""Usage: txn_decide.py WIRELAB DATA-DIRECTORY TRANSACTIONAL-ID commit|abort

Writes into the log of a broker that does not run what a coordinator would have written just before it was killed: that the transaction
of the id is decided. Prints the new value.
"""
import glob
import os
import sys

sys.dont_write_bytecode = True
wirelab, data, wanted, how = sys.argv[1:5]
sys.path.insert(0, wirelab)
from wirelab import codec  # noqa: E402

STATES = {"commit": 2, "abort": 3}
found = None
for path in glob.glob(os.path.join(data, "__transaction_state-*", "*.log")):
    with open(path, "rb") as log:
        for batch in codec.batches(log.read()):
            for record in batch["records"]:
                value = codec.decode_coordinator("__transaction_state", record["key"], record["value"])
                if value["key"]["transactionalId"] == wanted:
                    found = path, batch, record["key"], value["value"]
path, batch, key, value = found
assert value["data"]["transactionStatus"] == 1, value
value["data"]["transactionStatus"] = STATES[how]
if value["data"].get("clientTransactionVersion", 0) >= 2:
    value["data"]["producerEpoch"] += 1
body = codec.encode_versioned("TransactionLogValue", value["version"], value["data"])
with open(path, "rb") as log:
    last = list(codec.batches(log.read()))[-1]
with open(path, "ab") as log:
    log.write(codec.encode_batch({
        "baseOffset": last["baseOffset"] + last["lastOffsetDelta"] + 1, "partitionLeaderEpoch": last["partitionLeaderEpoch"],
        "baseTimestamp": last["maxTimestamp"], "records": [{"key": key, "value": body}]}))
print(codec.to_json(value["data"]))
