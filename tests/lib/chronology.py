"""Complaints as tests look at them: what happened, whether the chain of hashes holds, and one driven along."""
import collections
import hashlib
import struct

import msgpack

import pulihtest as t
from doors import Publisher, a_complaint
from tables import MESSAGE, STATE_NAME

__all__ = ["Case", "Event", "events_of", "verify_chains", "an_offer"]

Event = collections.namedtuple("Event", "version name prior state body message occurred recorded")

_COLUMNS = "version, type, prior, state, message, (extract(epoch from occurred_at) * 1000000)::int8, " \
           "(extract(epoch from recorded_at) * 1000000)::int8, body"


def events_of(db, complaint):
    """The chronology of a complaint."""
    found = db.query(f"SELECT {_COLUMNS} FROM pulih.event WHERE complaint = %s ORDER BY version", complaint.hex())
    return [Event(v, MESSAGE[type], STATE_NAME[prior], STATE_NAME[state],
                  msgpack.unpackb(bytes(body), raw=False), message and bytes.fromhex(message.replace("-", "")),
                  occurred, recorded)
            for v, type, prior, state, message, occurred, recorded, body in found]


def _hash(before, complaint, shard, version, type, prior, state, message, occurred, recorded, body, digest):
    """BLAKE2b-256 over the hash before and every column but the hash; numbers big-endian, bytes after their
    length."""
    text = before + bytes.fromhex(complaint.replace("-", ""))
    text += struct.pack(">hihhh", shard, version, type, prior, state)
    text += bytes.fromhex(message.replace("-", "")) if message else bytes(16)
    text += struct.pack(">qq", occurred, recorded)
    for part in (bytes(body), bytes(digest or b"")):
        text += struct.pack(">I", len(part)) + part
    return hashlib.blake2b(text, digest_size=32).digest()


def verify_chains(db):
    """Computes every hash of every chronology anew, and that versions and states follow each other and the
    complaint's row ends where the chain does. Returns the number of events."""
    last = {}  # complaint: (version, state, hash)
    cursor = db.connect().cursor()
    cursor.execute("SELECT complaint, shard, version, type, prior, state, message, "
                   "(extract(epoch from occurred_at) * 1000000)::int8, "
                   "(extract(epoch from recorded_at) * 1000000)::int8, body, digest, hash "
                   "FROM pulih.event ORDER BY complaint, version")
    n = 0
    for *columns, stored in cursor:
        complaint, version, prior, state = columns[0], columns[2], columns[4], columns[5]
        before = last.get(complaint, (0, 0, bytes(32)))
        assert version == before[0] + 1, f"{complaint}: version {version} after {before[0]}"
        assert prior == before[1], f"{complaint}: version {version} starts from another state"
        computed = _hash(before[2], *columns)
        assert computed == bytes(stored), f"{complaint}: the hash of version {version} is wrong"
        last[complaint] = (version, state, computed)
        n += 1
    cursor.execute("SELECT id, version, state, hash FROM pulih.complaint")
    for complaint, version, state, stored in cursor:
        assert last.pop(complaint) == (version, state, bytes(stored)), f"{complaint}: row and chronology differ"
    assert not last, f"chronology without a complaint: {list(last)[:3]}"
    return n


def an_offer(**changes):
    """An offer within the authority of an agent."""
    body = {"remedy": "compensation", "solution": "Tagihan bulan ini kami potong Rp100.000.", "amount": 100000,
            "currency": "IDR", "role": "agent", "actor": "A-001"}
    body.update(changes)
    return {k: v for k, v in body.items() if v is not None}


class Case:
    """One complaint, driven from the outside: do() says something about it and waits until that has taken effect."""

    # state: what was said to get there from `acknowledged`
    _WAYS = {
        "acknowledged": [],
        "approving": [("offer_made", an_offer(amount=300000))],
        "offered": [("offer_made", an_offer())],
        "accepted": [("offer_made", an_offer()), ("offer_answered", {"answer": "accepted"})],
        "verifying": [("offer_made", an_offer()), ("offer_answered", {"answer": "accepted"}), ("executed", {})],
        "closed": [("withdrawn", {})],
    }

    def __init__(self, chain, state="acknowledged", publisher=None, **changes):
        self.chain = chain
        self.db = chain.db
        self.publisher = publisher or chain.publisher()
        assert isinstance(self.publisher, Publisher)
        self.body = a_complaint(**changes)
        self.ack = self.publisher.call("complaint", self.body)
        self.id = self.ack["complaint"]
        self.settle()
        for type, body in self._WAYS[state]:
            self.do(type, **body)
        assert self.state == state, (self.state, state)

    def send(self, type, /, **body):
        """Says something about the complaint; returns the message's id."""
        return self.publisher.send(type, body, self.id)

    def do(self, type, /, **body):
        """Says something and waits until it has taken effect; returns the events that are new."""
        before = self.row("version")
        self.publisher.call(type, body, self.id)
        self.settle()
        return [e for e in self.events() if e.version > before]

    def settle(self):
        """Waits until nobody works on the complaint."""
        self.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND holder = 0 AND waiting = 0", self.id.hex())

    def row(self, column):
        return self.db.one(f"SELECT {column} FROM pulih.complaint WHERE id = %s", self.id.hex())

    @property
    def state(self):
        return STATE_NAME[self.row("state")]

    def events(self, name=None):
        return [e for e in events_of(self.db, self.id) if name in (None, e.name)]

    def last(self, name):
        """Body of the last event of that name."""
        found = self.events(name)
        assert found, f"no {name} in {[e.name for e in self.events()]}"
        return found[-1].body

    def names(self):
        return [e.name for e in self.events()]

    def letter(self, number):
        """(kind, post, subject, body) of a letter as stored."""
        found = self.db.query("SELECT kind, post, subject, body FROM pulih.letter WHERE complaint = %s AND n = %s",
                              self.id.hex(), number)
        assert len(found) == 1, f"letter {number}: {found}"
        return (t.word_name("letter", found[0][0]), *found[0][1:])
