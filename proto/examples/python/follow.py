#!/usr/bin/python3
"""Follows the feed of pulih and prints what happens, one JSON object a line; letters with their text.

    follow.py [--door tcp://127.0.0.1:7410] [--client NAME] [--positions FILE] [--from-now] [--count N]

The positions reached are kept in FILE, so the next call goes on where this one ended. Here an item is handled
when it is printed; a real subscriber stores the position in the same transaction as what it does about the
item. With --count it ends after N items (and their letters), else with Ctrl-C."""
import argparse
import json
import os
import sys
import uuid

import door

CREDIT = 200  # items that may be under way


def readable(value):
    """For printing: ids as UUIDs, other binary as hex."""
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()
    if isinstance(value, dict):
        return {k: readable(v) for k, v in value.items()}
    return [readable(v) for v in value] if isinstance(value, list) else value


def letter_of(item):
    """Number of the letter that an item announces, or None."""
    if item["type"] == "letter_written":
        return item["body"]["number"]
    return None if item["type"] == "letter_delivered" else item["body"].get("letter")


class Follower:
    def __init__(self, client, path, from_now, count):
        self.client, self.path, self.from_now, self.left = client, path, from_now, count
        self.positions = {}  # stream -> number of the last item handled
        self.letters = []  # (complaint, number) of letters to fetch, one after the other
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                kept = json.load(f)
            self.positions = {int(stream): seq for stream, seq in kept["positions"].items()}
            self.letters = [(bytes.fromhex(complaint), number) for complaint, number in kept["letters"]]

    def save(self):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            json.dump({"positions": self.positions, "letters": [(c.hex(), n) for c, n in self.letters]}, f)
            f.flush()
            os.fsync(f.fileno())
        os.rename(self.path + ".new", self.path)

    def subscribe(self):
        return {"protocol": 1, "client": self.client, "credit": CREDIT, "from_now": self.from_now,
                "positions": [{"stream": s, "seq": n} for s, n in sorted(self.positions.items())]}

    def work(self, session):
        taken, granted = 0, CREDIT
        self.ask_letter(session)
        while self.left is None or self.left > 0 or self.letters:
            name, body = session.hear() or (None, None)
            if name == "events" and (self.left is None or self.left > 0):
                self.take(session, body)
                taken += len(body["items"])
                if granted - taken < CREDIT / 2:
                    granted = taken + CREDIT
                    session.say("credit", {"limit": granted})
            elif name == "letter" or name == "nack" and body["refusal"] == "no_such_letter":
                print(json.dumps({name: readable(body)}, ensure_ascii=False), flush=True)
                self.letters.pop(0)
                self.save()
                self.ask_letter(session)
            elif name == "nack":
                raise SystemExit(f"refused: {readable(body)}")
            elif name == "too_old":
                raise SystemExit(f"stream {body['stream']} is kept from {body['oldest']} on only")
            elif name == "drain":
                raise door.Lost("the daemon stops")

    def ask_letter(self, session):
        if self.letters:
            complaint, number = self.letters[0]
            session.say("letter_get", {"complaint": complaint, "number": number})

    def take(self, session, events):
        stream, was_asking = events["stream"], bool(self.letters)
        if stream not in self.positions and self.from_now:
            self.positions[stream] = events["from"]  # where the stream's end was
        if events["from"] != self.positions.get(stream, 0):
            raise door.Lost(f"stream {stream} goes on at {events['from']}, not at {self.positions.get(stream, 0)}")
        for item in events["items"]:
            print(json.dumps({"stream": stream, **readable(item)}, ensure_ascii=False), flush=True)
            if letter_of(item):
                self.letters.append((item["complaint"], letter_of(item)))
            if self.left is not None:
                self.left -= 1
        self.positions[stream] = events["to"]
        self.save()
        if not was_asking:
            self.ask_letter(session)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--door", default="tcp://127.0.0.1:7410")
    parser.add_argument("--client", default="example-python")
    parser.add_argument("--positions", default="positions.json")
    parser.add_argument("--from-now", action="store_true")
    parser.add_argument("--count", type=int)
    args = parser.parse_args()
    follower = Follower(args.client, args.positions, args.from_now, args.count)
    try:
        door.keep_open(args.door, "subscribe", follower.subscribe, follower.work)
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
