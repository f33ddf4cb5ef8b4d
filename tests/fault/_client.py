"""A client as a process of its own, which torture kills and starts again:

    _client.py publish JOURNAL SEED RATE PORT...    publishes so many messages a second; with 0 nothing new, and
                                                    it ends when all that it ever sent is answered
    _client.py follow JOURNAL SEED PORT...          follows the feed

All it does and is told stands in its journal, and it goes on from there. When a session ends it goes to another
port."""
import glob
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from journal import *
from load import *

HOT = 6  # complaints that much is said about, so that their mailboxes fill


class Platform(Load):
    """A publishing platform that comes back from its journal."""

    def __init__(self, addresses, journal, seed, rate):
        self._addresses = addresses
        self._pick = random.Random(seed)
        super().__init__(addresses[0], os.path.basename(journal.path), later=0.6, window=100, seed=seed, log=journal)
        self._every = 1 / rate if rate else None
        self._due = self._hear_at = time.monotonic()
        self._others = [Journal(p) for p in glob.glob(os.path.join(os.path.dirname(journal.path), "platform*"))
                        if p != journal.path]
        for r in journal.records():
            self._remember(r)

    def _remember(self, r):
        if isinstance(r, Sent):
            self.unacked[r.id] = {"id": r.id, "type": r.type, "occurred_at": now_us(), "body": msgpack.unpackb(r.body)}
            if r.complaint != r.id:
                self.unacked[r.id]["complaint"] = r.complaint
        elif isinstance(r, (Acked, Refusal)):
            if self.unacked.pop(r.id, None) and isinstance(r, Acked) and r.id == r.complaint:
                self.cases.append(r.complaint)

    def connect(self):
        self.address = f"tcp://127.0.0.1:{self._pick.choice(self._addresses)}"
        super().connect()

    def case(self):
        near = self._random.random() < 0.8
        return self._random.choice(self.cases[-HOT:] if near else self.cases[-500:])

    def wants(self):
        """As many as the rate allows; what an outage held back is not made up for at once."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = max(self._due, now - 1) + self._every
        return True

    def hear(self):
        """Complaints of the other platforms: one may speak about what another one brought."""
        if time.monotonic() < self._hear_at:
            return
        self._hear_at = time.monotonic() + 0.3
        for other in self._others:
            self.cases += [r.complaint for r in other.records() if isinstance(r, Acked) and r.id == r.complaint]


class Reader(Subscriber):
    """A subscriber that writes down what it sees as it comes and leaves the judging to the checker."""

    def __init__(self, addresses, journal, seed):
        super().__init__(addresses[0], os.path.basename(journal.path), open=False)
        self._addresses = addresses
        self._pick = random.Random(seed)
        self._journal = journal
        for i in journal.records():
            self.positions[i.stream] = max(i.seq, self.positions.get(i.stream, 0))

    def connect(self):
        self.address = f"tcp://127.0.0.1:{self._pick.choice(self._addresses)}"
        super().connect()

    def take(self, name, body):
        if name != "events":
            return super().take(name, body)
        stream = body["stream"]
        items = [Item(stream, i["seq"], bytes(i["complaint"]), i["version"], i["type"], i["state"])
                 for i in body["items"]]
        self._journal.append(*items)
        self.positions[stream] = body["to"]
        self._taken += len(items)
        if self._granted - self._taken < self.credit // 2:
            self._granted = self._taken + self.credit
            self.say("credit", limit=self._granted)
        return True

    def step(self):
        try:
            if not self.alive or self.draining:
                self.open(3)
            self.pump(0.05)
        except (TooLate, zmq.Again):  # gone: another one, from the position reached
            self.disconnect()


def main():
    kind, path, seed, *more = sys.argv[1:]
    if kind == "publish":
        rate = float(more[0])
        platform = Platform(more[1:], Journal(path), seed, rate)
        while rate or platform.unacked:
            platform.step(more=rate > 0)
            platform.hear()
    else:
        reader = Reader(more, Journal(path), seed)
        while True:
            reader.step()


main()
