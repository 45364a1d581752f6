"""Usage: wire_answers.py WIRELAB HOST:PORT FILE

Sends the requests of a file of wire-diff (a tool in the folder WIRELAB) to one broker and prints one JSON line for each: line,
api, version, the codes in its answer, the code that the file expects, and the answer.
"""
import importlib.machinery
import importlib.util
import json
import sys

sys.dont_write_bytecode = True
wirelab, at, path = sys.argv[1:4]
sys.path.insert(0, wirelab)
loader = importlib.machinery.SourceFileLoader("wire_diff", f"{wirelab}/wire-diff")
wire_diff = importlib.util.module_from_spec(importlib.util.spec_from_loader("wire_diff", loader))
loader.exec_module(wire_diff)
from wirelab import codec  # noqa: E402


def codes(answer):
    """Every error code that is somewhere in an answer."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name in ("errorCode", "partitionErrorCode", "error") and isinstance(value, int):
                yield value
            else:
                yield from codes(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from codes(item)


broker = wire_diff.Broker(at, 15.0)
with open(path, encoding="utf-8") as lines:
    text = lines.read().splitlines()
for number, api, version, body, strict in wire_diff.requests(text):
    answer = broker.ask(api, version, body, strict)
    print(codec.to_json({"line": number, "api": api, "version": version, "codes": sorted(set(codes(answer))),
                         "expect": json.loads(text[number - 1]).get("expect"), "answer": answer}))
