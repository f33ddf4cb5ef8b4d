"""Clients of the two doors, written against the tables alone: a second implementation of the protocol."""
import itertools
import os
import time
import uuid

import msgpack
import zmq

import pulihtest as t
from tables import MESSAGE, WIRE

__all__ = ["Publisher", "Subscriber", "Refused", "Gap", "new_id", "now_us", "a_complaint", "msgpack", "zmq"]

_counter = itertools.count(int.from_bytes(os.urandom(2), "big"))
_people = itertools.count(1)


class Refused(AssertionError):
    """The door refused a message; .nack says why."""

    def __init__(self, nack):
        super().__init__(str(nack))
        self.nack = nack


class Gap(AssertionError):
    """The feed skipped or repeated something."""


def now_us():
    return time.time_ns() // 1000


def new_id():
    """A time-ordered id of 16 bytes (UUID version 7)."""
    head = (time.time_ns() // 1_000_000).to_bytes(6, "big")
    count = next(_counter) & 0xFFF
    tail = bytearray(os.urandom(8))
    tail[0] = tail[0] & 0x3F | 0x80
    return head + (0x7000 | count).to_bytes(2, "big") + bytes(tail)


def a_complaint(**changes):
    """A complete, ordinary complaint; changes replace or (with None) remove fields."""
    n = next(_people)
    body = {
        "story": "Internet di rumah saya mati sejak kemarin pagi. Saya sudah menelepon dua kali, tetapi belum "
                 "ada teknisi yang datang. Tolong segera diperbaiki.",
        "expected_outcome": "Internet menyala kembali hari ini.",
        "channel": "phone",
        "name": f"Sri Wahyuni {n}",
        "phone": f"+62812{n:08d}",
        "email": f"sri.{n}@example.com",
        "customer_ref": f"C-{n:06d}",
        "case_ref": f"CC-{n:06d}",
    }
    body.update(changes)
    return {k: v for k, v in body.items() if v is not None}


class _Session:
    """One DEALER and one session. ZeroMQ never reconnects by itself: a lost session is opened anew."""

    def __init__(self, address, client, curve=None):
        self.address = address if "://" in str(address) else f"tcp://127.0.0.1:{address}"
        self.client = client
        self.curve = curve  # (server's public key, own public key, own secret key)
        self.welcome = None
        self.draining = False
        self.others = []  # messages nobody asked for: (name, body)
        self._socket = None
        self._context = zmq.Context()
        self._last_sent = self._last_heard = 0.0
        t.undo(f"session of {client}", self.close)

    def connect(self):
        self.disconnect()
        s = self._context.socket(zmq.DEALER)
        s.setsockopt(zmq.LINGER, 0)
        s.setsockopt(zmq.RECONNECT_IVL, -1)
        s.setsockopt(zmq.RCVHWM, 0)
        s.setsockopt(zmq.SNDHWM, 0)
        s.setsockopt(zmq.SNDTIMEO, 5000)  # a peer that is gone takes nothing: zmq.Again
        if self.curve:
            s.curve_serverkey, s.curve_publickey, s.curve_secretkey = self.curve
        s.connect(self.address)
        self._socket = s
        self.welcome = None
        self.draining = False
        self._last_heard = time.monotonic()

    def disconnect(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def close(self):
        self.disconnect()
        self._context.term()

    def send_frame(self, frame):
        """Any bytes at all, for tests that misbehave."""
        self._socket.send(frame)
        self._last_sent = time.monotonic()

    def say(self, name, **body):
        self.send_frame(msgpack.packb([1, WIRE[name], body]))

    @property
    def alive(self):
        """Anything heard within the 4 seconds after which a peer counts as dead?"""
        return self._socket is not None and time.monotonic() - self._last_heard < 4 * t.SLOW

    def pump(self, wait_s=0.02):
        """Takes in what has arrived; sends the heartbeat."""
        if self._socket is None:
            return
        if time.monotonic() - self._last_sent > 1:
            try:
                self.say("ping")
            except zmq.Again:
                self._last_sent = time.monotonic()  # it is gone; what it said before can still be read
        wait_ms = int(wait_s * 1000)
        while self._socket is not None and self._socket.poll(wait_ms):
            wait_ms = 0
            version, wire, body = msgpack.unpackb(self._socket.recv(), raw=False)
            assert version == 1, version
            self._last_heard = time.monotonic()
            self._take(MESSAGE[wire], body)

    def _take(self, name, body):
        if name == "welcome":
            self.welcome = body
        elif name == "ping":
            self.say("pong")
        elif name == "drain":
            self.draining = True
        elif name != "pong" and not self.take(name, body):
            self.others.append((name, body))

    def wait(self, condition, timeout=15, what=None):
        """Pumps until condition() holds."""
        def pumped():
            self.pump()
            return condition()
        return t.wait_until(pumped, timeout, what, every=0)


class Publisher(_Session):
    """Publishes and collects receipts. Keeps what is not receipted, to send it again in a new session."""

    def __init__(self, address, client="test-platform", curve=None, open=True):
        super().__init__(address, client, curve)
        self.limit = 0         # credit: messages allowed in this session
        self.sent = 0
        self.unacked = {}      # id -> event as sent
        self.acks = {}         # id -> ack
        self.nacks = []
        self.answers = []      # receipts and refusals in the order in which they came
        if open:
            self.open()

    def open(self, timeout=15):
        """Opens a session, trying again while the door does not answer; sends what is unacknowledged."""
        def attempt():
            if self._socket is None or time.monotonic() - self._opened_at > 2 * t.SLOW:
                self.connect()
                self._opened_at = time.monotonic()
                self.say("hello", protocol=1, client=self.client)
            self.pump()
            return self.welcome
        self.disconnect()
        self.limit = self.sent = 0
        t.wait_until(attempt, timeout, "welcome", every=0)
        self.limit = max(self.limit, self.welcome["credit"])
        for event in list(self.unacked.values()):
            self._send(event)
        return self

    def take(self, name, body):
        if name == "acks":
            self.answers += body["items"]
            for ack in body["items"]:
                self.acks[ack["id"]] = ack
                self.unacked.pop(ack["id"], None)
        elif name == "nack":
            self.answers.append(body)
            self.nacks.append(body)
            if "retry_after_ms" not in body:
                self.unacked.pop(body.get("id"), None)
        elif name == "credit":
            self.limit = max(self.limit, body["limit"])
        else:
            return False
        return True

    def _send(self, event):
        if self.sent >= self.limit:
            self.wait(lambda: self.sent < self.limit, what="credit")
        self.sent += 1
        self.say("event", **event)

    def send(self, type, body, complaint=None, id=None, occurred_at=None):
        """Sends one message and returns its id; the receipt comes later."""
        event = {"id": id or new_id(), "type": type, "occurred_at": occurred_at or now_us(), "body": body}
        if complaint is not None:
            event["complaint"] = complaint
        self.acks.pop(event["id"], None)
        self.unacked[event["id"]] = event
        self._send(event)
        return event["id"]

    def _nack_of(self, id):
        return next((n for n in self.nacks if n.get("id") == id), None)

    def receipt(self, id, timeout=15):
        """Waits for the receipt of a message; raises Refused."""
        self.wait(lambda: id in self.acks or self._nack_of(id), timeout, f"receipt of {id.hex()}")
        if id in self.acks:
            return self.acks[id]
        nack = self._nack_of(id)
        self.nacks.remove(nack)
        raise Refused(nack)

    def receipts(self, ids, timeout=30):
        ids = list(ids)
        self.wait(lambda: all(i in self.acks for i in ids) or self.nacks, timeout,
                  f"receipts of {len(ids)} messages")
        if self.nacks:
            raise Refused(self.nacks[0])
        return [self.acks[i] for i in ids]

    def call(self, type, body, complaint=None, **more):
        """Sends one message and waits for its receipt."""
        return self.receipt(self.send(type, body, complaint, **more))

    def refusal(self, type, body, complaint=None, **more):
        """Sends a message that must be refused; returns the nack."""
        try:
            ack = self.call(type, body, complaint, **more)
        except Refused as e:
            return e.nack
        raise AssertionError(f"accepted: {ack}")


class Subscriber(_Session):
    """Follows the feed and checks that nothing is skipped, repeated or reordered."""

    def __init__(self, address, client="test-subscriber", positions=None, from_now=False, credit=100000,
                 curve=None, open=True):
        super().__init__(address, client, curve)
        self.positions = dict(positions or {})   # stream -> last number taken
        self.from_now = from_now
        self.credit = credit
        self.items = []
        self.heads = {}
        self.letters = {}
        self.too_old = []
        self._granted = self._taken = 0
        if open:
            self.open()

    def open(self, timeout=15):
        """Opens a session from the positions reached, trying again while the door does not answer."""
        def attempt():
            if self._socket is None or time.monotonic() - self._opened_at > 2 * t.SLOW:
                self.connect()
                self._opened_at = time.monotonic()
                self._granted, self._taken = self.credit, 0
                self.say("subscribe", protocol=1, client=self.client, credit=self.credit,
                         from_now=self.from_now,
                         positions=[{"stream": s, "seq": n} for s, n in sorted(self.positions.items())])
            self.pump()
            return self.welcome
        self.disconnect()
        t.wait_until(attempt, timeout, "welcome", every=0)
        return self

    def take(self, name, body):
        if name == "events":
            self._take_events(body)
        elif name == "heads":
            self.heads = {h["stream"]: h["seq"] for h in body["heads"]}
        elif name == "letter":
            self.letters[body["complaint"], body["number"]] = body
        elif name == "too_old":
            self.too_old.append(body)
        else:
            return False
        return True

    def _take_events(self, body):
        stream, at = body["stream"], body["from"]
        if at != self.positions.get(stream, at if self.from_now else 0):
            raise Gap(f"stream {stream}: range from {at}, position {self.positions.get(stream, 0)}")
        for item in body["items"]:
            if item["seq"] != at + 1:
                raise Gap(f"stream {stream}: {item['seq']} after {at}")
            at = item["seq"]
            self.items.append(dict(item, stream=stream))
        if at != body["to"]:
            raise Gap(f"stream {stream}: range to {body['to']}, last item {at}")
        self.positions[stream] = at
        self._taken += len(body["items"])
        if self._granted - self._taken < self.credit // 2:
            self._granted = self._taken + self.credit
            self.say("credit", limit=self._granted)

    def of(self, complaint, type=None):
        """Items of a complaint so far, in order."""
        return [i for i in self.items if i["complaint"] == complaint and type in (None, i["type"])]

    def wait_item(self, complaint, type, timeout=15):
        """Waits for an item of that type about the complaint; returns the last one."""
        return self.wait(lambda: self.of(complaint, type), timeout,
                         f"{type} of {uuid.UUID(bytes=bytes(complaint))} on the feed")[-1]

    def letter(self, complaint, number, timeout=15):
        """Fetches a letter that the feed announced."""
        self.say("letter_get", complaint=complaint, number=number)
        return self.wait(lambda: self.letters.get((complaint, number)), timeout, "letter")
