"""Frames that no honest client sends, at both doors: refused or cut off, and nobody else is harmed."""
import os
import random
import sys
import time

import zmq

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

LIMIT = 262144
EVENT_HEAD = bytes([0x93, 0x01, WIRE["event"]])


@shared
def chain():
    return Chain()


class Publish:
    daemon = "intake"

    def open(self, client="bad"):
        return chain().publisher(client)

    def refusals(self, session):
        return session.nacks

    def assert_serves(self):
        assert chain().publisher("good").call("complaint", a_complaint())["result"] == "stored"


class Feed:
    daemon = "followup"

    def open(self, client="bad"):
        return chain().subscriber(client, from_now=True)

    def refusals(self, session):
        return [body for name, body in session.others if name == "nack"]

    def assert_serves(self):
        ack = chain().publisher("good").call("complaint", a_complaint())
        chain().subscriber("good").wait_item(ack["complaint"], "acknowledged")


DOORS = [("publish door", Publish()), ("feed door", Feed())]


def resident_kib(daemon):
    with open(f"/proc/{daemon.pid}/status") as f:
        return int(next(line for line in f if line.startswith("VmRSS:")).split()[1])


def nested(depth):
    return b"\x91" * depth + b"\xc0"


FRAMES = [  # name, frame, kind of refusal
    ("empty frame", b"", "bad_frame"),
    ("a map of four thousand millions", b"\xdf\xdf\xdf\xdf\x0a", "bad_frame"),
    ("an array of four thousand millions", b"\xdd\xff\xff\xff\xff", "bad_frame"),
    ("a claim of 1 GiB of text", EVENT_HEAD + b"\xdb\x40\x00\x00\x00", "bad_frame"),
    ("a claim of 1 GiB of binary", EVENT_HEAD + b"\xc6\x40\x00\x00\x00", "bad_frame"),
    ("a claim of 1 GiB of extension", EVENT_HEAD + b"\xc9\x40\x00\x00\x00\x01", "bad_frame"),
    ("a map of 1 GiB in the body", EVENT_HEAD + b"\xdf\x40\x00\x00\x00", "bad_frame"),
    ("nested a thousand deep", nested(1000), "bad_frame"),
    ("nested two hundred thousand deep", nested(200000), "bad_frame"),
    ("nested deep in the body", EVENT_HEAD + b"\x81\xa4body" + nested(50), "bad_frame"),
    ("an extension", EVENT_HEAD + b"\x81\xa1x\xd4\x01\x00", "bad_frame"),
    ("a timestamp", EVENT_HEAD + b"\x81\xabhappened_at\xd6\xff\x00\x00\x00\x00", "bad_frame"),
    ("the byte that is never used", b"\xc1", "bad_frame"),
    ("a cut frame", EVENT_HEAD + b"\x81\xa4bo", "bad_frame"),
    ("bytes behind the end", EVENT_HEAD + b"\x80\x80", "bad_frame"),
    ("not an array", b"\x80", "bad_frame"),
    ("an array of two", b"\x92\x01\x04", "bad_frame"),
    ("an array of four", b"\x94\x01\x04\x80\x80", "bad_frame"),
    ("another protocol", b"\x93\x02\x04\x80", "bad_protocol"),
    ("a protocol that is text", b"\x93\xa11\x04\x80", "bad_protocol"),
    ("a number of no message", b"\x93\x01\xcd\xff\xff\x80", "unknown_type"),
    ("a negative number", b"\x93\x01\xff\x80", "unknown_type"),
    ("the number of a message of another door", b"\x93\x01\x05\x81\xa5items\x90", "unknown_type"),
    ("a message of the chronology", bytes([0x93, 0x01, WIRE["closed"], 0x80]), "unknown_type"),
    ("a body that is no map", bytes([0x93, 0x01, WIRE["credit"], 0x90]), None),
    ("plain text", b"GET / HTTP/1.0\r\n\r\n", "bad_frame"),
    ("300 KiB", EVENT_HEAD + b"\x81\xa1x\xc6" + (300 * 1024).to_bytes(4, "big") + bytes(300 * 1024), "too_big"),
]


@cases([(f"{frame[0]} at the {door[0]}", door[1], *frame[1:]) for door in DOORS for frame in FRAMES])
def a_bad_frame_is_refused(door, frame, refusal):
    bad = door.open()
    bad.send_frame(frame)
    nack = bad.wait(lambda: door.refusals(bad), what="refusal")[0]
    assert refusal in (None, nack["refusal"]), nack
    assert nack["refusal"] != "unknown" and (nack.get("rule") or "field" in nack), nack
    door.assert_serves()


@cases(DOORS)
def a_message_of_several_frames_is_refused(door):
    bad = door.open()
    for n in (2, 3, 50):
        bad._socket.send_multipart([b"\x93\x01\x07\x80"] * n)
    bad.wait(lambda: len(door.refusals(bad)) == 3)
    assert {n["refusal"] for n in door.refusals(bad)} == {"bad_frame"}
    door.assert_serves()


@cases(DOORS)
def two_mebibytes_are_cut_off(door):
    """Beyond four times the limit the link is cut; the client learns it from the silence."""
    bad = door.open()
    bad.send_frame(bytes(2 * 1024 * 1024))
    try:
        bad.say("ping")
    except zmq.Again:
        pass  # it is cut off already, and takes nothing
    door.assert_serves()
    assert not door.refusals(bad)


@test
def a_frame_of_exactly_the_limit_is_taken():
    p = chain().publisher()
    id = new_id()
    event = {"id": id, "type": "complaint", "occurred_at": now_us(), "body": a_complaint(), "padding": b""}
    short = LIMIT - len(msgpack.packb([1, WIRE["event"], event])) - 4  # a longer bin has 3 to 5 bytes of head
    for size in range(short - 4, short + 5):
        event["padding"] = bytes(size)
        frame = msgpack.packb([1, WIRE["event"], event])
        if len(frame) == LIMIT:
            break
    assert len(frame) == LIMIT
    p.send_frame(frame)
    p.wait(lambda: p.acks)
    event["padding"] += b"\0"
    p.send_frame(msgpack.packb([1, WIRE["event"], event]))
    assert p.wait(lambda: p.nacks)[0]["refusal"] == "too_big"


def garbage(rng):
    """Random bytes, or a good frame with a few bytes changed, cut or doubled."""
    if rng.random() < 0.3:
        return rng.randbytes(rng.randint(0, 200))
    event = {"id": new_id(), "type": "complaint", "occurred_at": now_us(), "body": a_complaint()}
    good = bytearray(msgpack.packb([1, rng.choice([0x01, 0x04, 0x07, 0x0a, 0x0e]), event]))
    for _ in range(rng.randint(1, 8)):
        good[rng.randrange(len(good))] = rng.randrange(256)
    if rng.random() < 0.3:
        del good[rng.randrange(len(good)):]
    return bytes(good)


def flood(door, rng, n):
    """Sends garbage and takes the answers in between, as long as the session lives."""
    bad = door.open()
    for i in range(n):
        bad.send_frame(garbage(rng))
        if i % 100 == 99:
            bad.say("ping")
            heard = bad._last_heard
            bad.wait(lambda: bad._last_heard > heard)
            bad.pump(0)


@cases(DOORS)
def ten_thousand_random_frames_harm_nobody_and_fill_no_memory(door):
    rng = random.Random(20261120)
    daemon = chain().daemons[door.daemon][0]
    flood(door, rng, 2000)
    before = resident_kib(daemon)
    flood(door, rng, 10000)
    after = resident_kib(daemon)
    note(f"{door.daemon}: {before} KiB before, {after} KiB after")
    door.assert_serves()
    assert SLOW > 1 or after - before < 2048, f"{after - before} KiB more"


@test
def refused_bodies_fill_no_memory_either():
    """The event around them is right, so they get further than garbage."""
    p = chain().publisher()

    def refuse(n):
        for _ in range(n):
            p.send("complaint", a_complaint(channel="nonsense"))
        p.wait(lambda: len(p.nacks) >= n)
        del p.nacks[:]
    refuse(1000)
    before = resident_kib(chain().intake)
    refuse(9000)
    after = resident_kib(chain().intake)
    assert SLOW > 1 or after - before < 1024, f"{after - before} KiB more"


@cases(DOORS)
def clients_that_leave_before_their_refusal_comes_harm_nobody(door):
    for i in range(200):
        bad = door.open()
        bad.send_frame(EVENT_HEAD + b"\x80")
        bad.send_frame(bytes([0x93, 0x01, WIRE["credit"], 0x80]))
        bad.disconnect()
    for i in range(100):
        bad = door.open()
        bad.say("subscribe", protocol=1, client="x", credit=1, positions=[{"stream": 999, "seq": 1}])
        bad.say("hello", protocol=1, client="x")
        bad.disconnect()
    door.assert_serves()


@test
def a_flood_of_refused_frames_keeps_no_receipt_back():
    bad, good = chain().publisher("bad"), chain().publisher("good")
    for round in range(20):
        for _ in range(500):
            bad.send_frame(b"\xc1")
        assert good.call("complaint", a_complaint())["result"] == "stored"
        bad.pump(0)


def sessions(door):
    daemon = chain().daemons[door.daemon][0]
    return daemon.metrics()[f'pulih_sessions{{stage="{door.daemon}"}}']


@cases(DOORS)
def a_client_that_closed_its_connection_is_noticed_within_seconds(door):
    left = [door.open(f"leaves-{n}") for n in range(20)]
    wait_until(lambda: sessions(door) >= 20)
    rest = sessions(door) - 20  # those of tests before may be ending, too
    began = time.monotonic()
    for session in left:
        session.disconnect()
    wait_until(lambda: sessions(door) <= rest, timeout=14)
    assert time.monotonic() - began < 5 * SLOW, time.monotonic() - began


@test
def many_sessions_that_say_nothing_harm_nobody():
    silent = []
    for _ in range(100):
        s = chain().publisher("silent", open=False)
        s.connect()
        silent.append(s)
    Publish().assert_serves()


main()
