"""Hints are help, not truth: lost, doubled, stale or forged, everything happens once."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from load import *

DEAD_PORT = free_port()


class HintPort:
    """Stands in for a stage: takes its hints, and can send frames to the real one."""

    def __init__(self):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.frames = []
        undo("hint port", self.close)

    def close(self):
        self.socket.close()
        self.context.destroy(linger=0)

    def take(self):
        while self.socket.poll(5):
            self.frames.append(self.socket.recv_multipart()[-1])
        return self.frames

    def send_to(self, port, frames):
        s = self.context.socket(zmq.DEALER)
        s.connect(f"tcp://127.0.0.1:{port}")
        for frame in frames:
            s.send(frame)
        s.close(linger=5000)


def settled(chain, load):
    load.finish()
    chain.wait_quiet()
    return check_history(chain.db, load)


@test
def all_hints_are_lost():
    """They go to a port where nobody listens; the poll finds all work."""
    nobody = [f"tcp://127.0.0.1:{DEAD_PORT}"]
    chain = Chain(settings={"hints": {s: nobody for s in SERVICES[1:]}})
    load = Load(chain.publish_port)
    load.run(150)
    settled(chain, load)
    for s in SERVICES[1:]:
        assert chain.daemons[s][0].metrics()[f'pulih_hints_in_total{{stage="{s}"}}'] == 0
        assert chain.daemons[s][0].metrics()[f'pulih_poll_found_total{{stage="{s}"}}'] > 0


@cases([(s, s) for s in SERVICES[1:]])
def hints_come_twice_and_again_when_all_is_done(stage):
    """Hints for a stage are caught; each is sent twice at once, and all once more when the work is done."""
    catcher = HintPort()
    chain = Chain(settings={"hints": {stage: [f"tcp://127.0.0.1:{catcher.port}"]}, stage: {"grace_ms": 3000}})
    real = chain.hints[stage][0]
    p = chain.publisher()
    acks = p.receipts([p.send("complaint", a_complaint()) for _ in range(40)])
    for ack in acks[:20]:
        p.call("note", {"text": "Halo."}, ack["complaint"])
    seen = 0
    while chain.db.one("SELECT count(*) FROM pulih.pending"):
        fresh = catcher.take()[seen:]
        seen += len(fresh)
        catcher.send_to(real, [f for f in fresh for _ in range(2)])
        p.pump()
    chain.wait_quiet()
    assert catcher.frames, "no hint was caught"
    came = f'pulih_hints_in_total{{stage="{stage}"}}'
    before = chain.daemons[stage][0].metrics()[came]
    catcher.send_to(real, catcher.frames)
    wait_until(lambda: chain.daemons[stage][0].metrics()[came] > before, what="stale hints arrive")
    ack = p.call("complaint", a_complaint())
    chain.wait_state(ack["complaint"], "acknowledged")
    chain.wait_quiet()
    check_history(chain.db)


GARBAGE = [b"", b"\xc1", b"\x93\x01\x10\x80", b"\x93\x01\x10\xc0", os.urandom(3000), b"\x93\x01" + bytes(500),
           bytes([0x93, 0x01, WIRE["event"], 0x80]), b"\xdd\xff\xff\xff\xff"]


@cases([(s, s) for s in SERVICES[1:]])
def garbage_at_the_hint_port(stage):
    """Nothing of it is believed; real hints still count: frames cut short, changed, and of another layout too."""
    catcher = HintPort()
    chain = Chain(settings={"hints": {stage: [f"tcp://127.0.0.1:{catcher.port}"]}})
    p = chain.publisher()
    acks = p.receipts([p.send("complaint", a_complaint()) for _ in range(5)])
    for ack in acks:
        chain.wait_state(ack["complaint"], "acknowledged")
    real = wait_until(lambda: catcher.take(), what="a hint")[0]
    version, wire, body = msgpack.unpackb(real, raw=False)
    forged = [dict(body, layout=body["layout"] ^ 1), dict(body, batch=body["batch"] ^ 1), dict(body, items=[]),
              dict(body, next_at=0), {k: v for k, v in body.items() if k != "items"}]
    frames = GARBAGE + [real[:n] for n in range(0, len(real), 37)] + \
        [msgpack.packb([version, wire, f]) for f in forged]
    catcher.send_to(chain.hints[stage][0], frames)
    more = p.receipts([p.send("complaint", a_complaint()) for _ in range(5)])
    for ack in more:
        chain.wait_state(ack["complaint"], "acknowledged")
    chain.wait_quiet()
    assert len(check_history(chain.db).cards) == 10


main()
