"""Load for fault tests: one client that publishes complaints and later messages, sends again what was not
acknowledged, and remembers all that it was told."""
import random
import time

import zmq

import pulihtest as t
from chronology import an_offer
from doors import Publisher, a_complaint, msgpack, new_id
from history import Acked, Opened, Refusal, Sent

__all__ = ["Load"]

_LATER = [  # mostly notes, as in life
    ("note", {"text": "Pelanggan menelepon lagi."}),
    ("note", {"text": "Teknisi sudah dijadwalkan."}),
    ("note", {"text": "Menunggu suku cadang."}),
    ("note", {"text": "Pelanggan tidak di rumah."}),
    ("note", {"text": "Dijanjikan besok pagi."}),
    ("gist_confirmed", {"gist": "Internet mati sejak kemarin."}),
    ("offer_made", an_offer()),
    ("offer_made", an_offer(amount=300000)),
    ("offer_answered", {"answer": "accepted"}),
    ("offer_answered", {"answer": "declined", "words": "Belum cukup."}),
    ("executed", {"detail": "Tagihan dipotong."}),
    ("verification_answered", {"satisfied": True, "score": 9}),
    ("paused", {"pause": "documents", "actor": "A-002"}),
    ("resumed", {"actor": "A-002"}),
    ("reclassified", {"tier": "important", "actor": "A-003"}),
    ("withdrawn", {}),
    ("reopened", {}),
    ("approved", {"role": "manager", "actor": "A-009"}),
    ("refused", {"why": "Terlalu besar.", "actor": "A-009"}),
    ("consumer_noted", {"consumer": "talkative", "actor": "A-002"}),
]


class Load(Publisher):
    """run(n) publishes until n more messages were acknowledged, and lives through the death of the daemon."""

    def __init__(self, address, client="load", later=0.4, window=40, seed=1, log=None):
        super().__init__(address, client, open=False)
        self.log = [] if log is None else log  # what was sent and told, as records of history.py; anything to append to
        self.told = []          # every receipt as it came
        self.cases = []         # complaints that were acknowledged
        self.sessions = 0
        self._window = window
        self._later = later
        self._random = random.Random(seed)
        self._again = []
        self._progress_at = 0.0

    def take(self, name, body):
        if name == "nack" and body["refusal"] == "no_session":
            self.disconnect()  # the door has given it up; what was sent will be sent again
            return True
        if name == "acks":
            self.told += body["items"]
            for a in body["items"]:
                self.log.append(Acked(a["id"], a["complaint"], a["result"], a["reference"], a.get("promised_at")))
            self._progress_at = time.monotonic()
            self.cases += [a["complaint"] for a in body["items"]
                           if a["id"] == a["complaint"] and a["id"] in self.unacked]
        elif name == "nack" and "retry_after_ms" not in body:
            self.log.append(Refusal(body.get("id", b""), f"{body['refusal']} {body.get('rule', '')}"))
        return super().take(name, body)

    def send_frame(self, frame):
        try:
            self._socket.send(frame, zmq.NOBLOCK)
            self._last_sent = time.monotonic()
        except zmq.Again:  # the daemon is gone: what was sent will be sent again
            self.disconnect()

    def reconnect(self):
        """Opens a new session, as after a loss; what is not acknowledged is sent again."""
        self.connect()
        self.sessions += 1
        self.limit = self.sent = 0
        self._again = list(self.unacked.values())
        self._progress_at = time.monotonic()
        self.log.append(Opened())
        self.say("hello", protocol=1, client=self.client)

    def case(self):
        """The complaint that something is said about next."""
        return self._random.choice(self.cases[-200:])

    def wants(self):
        """Whether another message shall be sent now."""
        return True

    def _new_event(self):
        if self.cases and self._random.random() < self._later:
            type, body = self._random.choice(_LATER)
            return type, body, self.case()
        return "complaint", a_complaint(channel=self._random.choice(["phone", "email"])), None

    def publish(self, type, body, complaint=None):
        """Sends one message within the credit; the log knows of it before."""
        id = new_id()
        self.log.append(Sent(id, complaint or id, type, msgpack.packb(body)))
        return self.send(type, body, complaint, id=id)

    def step(self, more=True):
        """One look at the socket; sends what credit and window allow."""
        patience = 0.3 if self.welcome is None else 2
        if self._socket is not None and not self.alive:
            self.disconnect()  # nobody looked at it for long: the door has given it up
        stuck = (self.unacked or self.welcome is None) and time.monotonic() - self._progress_at > patience * t.SLOW
        if self._socket is None or stuck or (self.draining and not self.unacked):
            self.reconnect()
        self.pump(0.005)
        if self._socket is None or self.welcome is None:
            return
        self.limit = max(self.limit, self.welcome["credit"])
        while self._socket and self._again and self.sent < self.limit:
            event = self._again.pop(0)
            if event["id"] in self.unacked:
                self._send(event)
        while (more and self._socket and not self.draining and self.sent < self.limit
               and len(self.unacked) < self._window and self.wants()):
            if not self.unacked:
                self._progress_at = time.monotonic()
            self.publish(*self._new_event())

    def run(self, n, timeout=60):
        """Publishes until n more messages were acknowledged for the first time."""
        goal = len(self.acks) + n
        t.wait_until(lambda: self.step() or len(self.acks) >= goal, timeout, f"{n} more receipts", every=0)

    def run_for(self, seconds):
        """Publishes for a while, whatever comes back."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()

    def finish(self, timeout=60):
        """Waits for the receipts of all that was sent."""
        t.wait_until(lambda: self.step(more=False) or not self.unacked, timeout, "receipts of all messages", every=0)
