#!/usr/bin/python3
"""Hands messages to pulih and prints the receipts.

    publish.py [--door tcp://127.0.0.1:7400] [--client NAME] [--outbox DIR] < messages.jsonl

Each line is {"type": "complaint", "body": {"story": "...", "channel": "chat"}} or, about a complaint that is
stored already, {"type": "note", "complaint": "its UUID", "body": {...}}. Messages rest in the outbox folder,
written before they are sent and removed when they are receipted: whatever happens, call the program again
(with no input) and it goes on. Refused messages are moved to DIR/refused.
Exit status: 0 if all were receipted, 1 if some were refused."""
import argparse
import json
import os
import sys
import time
import uuid

import msgpack

import door


def new_id():
    """UUID version 7: milliseconds, then random bits."""
    b = bytearray((time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10))
    b[6], b[8] = b[6] & 0x0F | 0x70, b[8] & 0x3F | 0x80
    return bytes(b)


class Outbox:
    """A folder with a file per message that has no receipt, in the order in which they were put there."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(os.path.join(folder, "refused"), exist_ok=True)

    def put(self, event):
        name = f"{time.time_ns():020}-{event['id'].hex()}"
        with open(os.path.join(self.folder, "." + name), "wb") as f:
            f.write(msgpack.packb(event))
            f.flush()
            os.fsync(f.fileno())
        os.rename(os.path.join(self.folder, "." + name), os.path.join(self.folder, name))

    def all(self):
        """{id: (file name, event)}"""
        found = {}
        for name in sorted(os.listdir(self.folder)):
            if name[0].isdigit():
                with open(os.path.join(self.folder, name), "rb") as f:
                    event = msgpack.unpackb(f.read())
                found[event["id"]] = (name, event)
        return found

    def done(self, name):
        os.remove(os.path.join(self.folder, name))

    def refused(self, name):
        os.rename(os.path.join(self.folder, name), os.path.join(self.folder, "refused", name))


def read_messages(lines, outbox):
    for line in filter(str.strip, lines):
        given = json.loads(line)
        event = {"id": new_id(), "type": given["type"], "occurred_at": time.time_ns() // 1000, "body": given["body"]}
        if "complaint" in given:
            event["complaint"] = uuid.UUID(given["complaint"]).bytes
        outbox.put(event)


def readable(body):
    """For printing: ids as UUIDs."""
    return {k: str(uuid.UUID(bytes=v)) if isinstance(v, bytes) else v for k, v in body.items()}


class Publisher:
    def __init__(self, outbox):
        self.outbox = outbox
        self.waiting = outbox.all()  # without a receipt
        self.refusals = 0

    def work(self, session):
        """Sends all that waits, within the credit, until all is answered."""
        limit, sent, not_before = session.welcome["credit"], 0, 0
        to_send = list(self.waiting)
        while self.waiting:
            while to_send and sent < limit and time.monotonic() >= not_before:
                session.say("event", self.waiting[to_send.pop(0)][1])
                sent += 1
            name, body = session.hear() or (None, None)
            if name == "credit":
                limit = max(limit, body["limit"])
            elif name == "acks":
                for ack in body["items"]:
                    self.answered(ack)
            elif name == "nack" and "retry_after_ms" in body and body.get("id") in self.waiting:
                not_before = time.monotonic() + body["retry_after_ms"] / 1000
                to_send.append(body["id"])
            elif name == "nack":
                self.refused(body)
            elif name == "drain":
                limit = sent  # no more here; lost when the daemon goes, and what waits goes elsewhere

    def answered(self, ack):
        if ack["id"] in self.waiting:
            print(json.dumps(readable(ack), ensure_ascii=False), flush=True)
            self.outbox.done(self.waiting.pop(ack["id"])[0])

    def refused(self, nack):
        print(json.dumps(readable(nack), ensure_ascii=False), file=sys.stderr, flush=True)
        if nack.get("id") in self.waiting:
            self.outbox.refused(self.waiting.pop(nack["id"])[0])
            self.refusals += 1
        elif "retry_after_ms" not in nack:
            raise SystemExit("the daemon refuses what it cannot tell the id of")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--door", default="tcp://127.0.0.1:7400")
    parser.add_argument("--client", default="example-python")
    parser.add_argument("--outbox", default="outbox")
    args = parser.parse_args()
    outbox = Outbox(args.outbox)
    if not sys.stdin.isatty():
        read_messages(sys.stdin, outbox)
    publisher = Publisher(outbox)
    if publisher.waiting:
        door.keep_open(args.door, "hello", lambda: {"protocol": 1, "client": args.client}, publisher.work)
    return 1 if publisher.refusals else 0


if __name__ == "__main__":
    sys.exit(main())
