#!/usr/bin/python3
"""The wire format against an independent peer, python3-msgpack.

proto/golden/messages.json says in plain JSON what some frames of each message hold: first with all fields, then
with the needed ones alone; {"hex": "..."} is binary. proto/golden/<message>.hex holds those frames, one a line.

1. The files are what the peer makes of the descriptions. They change when the wire format does, and then old
   and new daemons no longer understand each other: with --write they are made anew, but think first.
2. Frames that the peer makes, random ones too, are printed and encoded again by tests/check/print; the peer
   compares both. Frames that it spoils are refused.
"""
import glob
import json
import os
import random
import string
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone

import msgpack

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))

from tables import ROOT, WIRE, rows

GOLDEN = os.path.join(ROOT, "proto/golden")
PRINT = os.path.join(ROOT, os.environ.get("BUILD", "build/release"), "tests/check/print")
SEED = 20260101
RANDOM_PER_MESSAGE = 60

FIELDS = {}
for name, kind, field, most, of, need, privacy, _ in rows("proto/messages.tbl.h", "FIELD"):
    FIELDS.setdefault(name, []).append({"name": field, "kind": kind, "of": of, "need": need == "NEED"})
DESCRIBED = json.load(open(os.path.join(GOLDEN, "messages.json"), encoding="utf-8"))


def plain(value):
    """A described value as the peer packs it."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"]) if set(value) == {"hex"} else {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def frame(name, body):
    return msgpack.packb([1, WIRE[name], body])


def golden_lines(name):
    return [frame(name, plain(body)).hex() for body in DESCRIBED.get(name, [])]


def stored_lines(name):
    try:
        with open(f"{GOLDEN}/{name}.hex", encoding="ascii") as f:
            return f.read().split()
    except FileNotFoundError:
        return []


def write():
    for path in glob.glob(f"{GOLDEN}/*.hex"):
        os.remove(path)
    for name in WIRE:
        with open(f"{GOLDEN}/{name}.hex", "w", encoding="ascii") as f:
            f.writelines(line + "\n" for line in golden_lines(name))


# --- what is compared ------------------------------------------------------------------------------------
def descriptions_are_complete():
    for name in WIRE:
        fields = FIELDS.get(name, [])
        cases = [list(body) for body in DESCRIBED.get(name, [])]
        if [f["name"] for f in fields] not in cases:
            yield f"{name} is not described with all its fields, in their order"
        if [f["name"] for f in fields if f["need"]] not in cases:
            yield f"{name} is not described with its needed fields alone"
    for name in set(DESCRIBED) - set(WIRE):
        yield f"{name} is no message"


def files_are_as_described():
    for name in WIRE:
        if stored_lines(name) != golden_lines(name):
            yield f"proto/golden/{name}.hex differs: the wire format has changed"
    for file in os.listdir(GOLDEN):
        if file.endswith(".hex") and file[:-4] not in WIRE:
            yield f"proto/golden/{file} belongs to no message"


def ours(frames):
    """What tests/check/print says of frames: one result each."""
    text = "".join(f.hex() + "\n" for f in frames)
    done = subprocess.run([PRINT, "frames"], input=text, text=True, stdout=subprocess.PIPE, check=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(frames), f"{len(frames)} frames, {len(results)} results"
    return results


def as_printed(value):
    """A value inside a raw field: what it holds has no kind but msgpack's own."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {k: as_printed(v) for k, v in value.items()}
    return [as_printed(v) for v in value] if isinstance(value, list) else value


def body_as_printed(name, body):
    """The JSON that a body must print as."""
    result = {}
    for f in FIELDS.get(name, []):
        value, kind = body.get(f["name"]), f["kind"]
        if f["name"] not in body:
            continue
        if kind == "id":
            value = str(uuid.UUID(bytes=value))
        elif kind == "time":
            at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=value)
            value = f"{at.year:04}-" + at.strftime("%m-%dT%H:%M:%S.%fZ")
        elif kind == "list":
            value = [body_as_printed(f["of"], v) for v in value]
        result[f["name"]] = as_printed(value)
    return result


def exchanged(cases):
    """Faults of [(name, body, frame as sent)]: decoded, printed and encoded again they must be the same."""
    for (name, body, sent), got in zip(cases, ours([c[2] for c in cases])):
        if got.get("message") != name:
            yield f"{name}: {got}"
        elif got["body"] != body_as_printed(name, body):
            yield f"{name}: sent {body_as_printed(name, body)}, got {got['body']}"
        elif bytes.fromhex(got["again"]) != frame(name, body):
            yield f"{name}: encoded as {got['again']}"


# --- random messages -------------------------------------------------------------------------------------
def schema():
    return json.loads(subprocess.run([PRINT, "schema-json"], check=True, stdout=subprocess.PIPE).stdout)


def random_text(rnd, most):
    signs = rnd.choice([string.ascii_letters + " .,", string.printable, "aé€😡 \"\\\n\x01\x7f߿ࠀ￿𐀀\U0010ffff"])
    text = "".join(rnd.choice(signs) for _ in range(rnd.choice([0, 1, 5, 31, 32, 60, 255, 256, 300])))
    while len(text.encode()) > most:
        text = text[:-1]
    return text


def random_number(rnd, most):
    return min(most, rnd.choice([0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, most,
                                 rnd.getrandbits(rnd.randint(1, 64))]))


def random_value(rnd, scheme, f):
    kind, most = f["kind"], f["max"]
    if kind == "u64":
        return random_number(rnd, most)
    if kind == "i64":
        return random_number(rnd, min(most, 2 ** 63 - 1)) * rnd.choice([1, -1])
    if kind == "time":
        return random_number(rnd, 253402300799999999)
    if kind == "boolean":
        return rnd.random() < 0.5
    if kind == "str":
        return random_text(rnd, most)
    if kind in ("bin", "id"):
        return rnd.randbytes(16 if kind == "id" else min(most, rnd.choice([0, 1, 31, 32, 255, 256, 500])))
    if kind == "word":
        return rnd.choice(list(scheme["words"][f["of"]]))
    if kind == "raw":
        return random_body(rnd, scheme, rnd.choice(["note", "planned", "complaint", "classified"]))
    assert kind == "list", kind
    return [random_body(rnd, scheme, f["of"]) for _ in range(min(most, rnd.choice([0, 1, 2, 15, 16, 20])))]


def random_body(rnd, scheme, name):
    fields = next(m["fields"] for m in scheme["messages"] if m["name"] == name)
    return {f["name"]: random_value(rnd, scheme, f) for f in fields if f["need"] or rnd.random() < 0.6}


def disordered(rnd, body):
    """The same fields in another order, with some that nobody knows."""
    pairs = list(body.items()) + [("x_new", [1, {"a": None}]), ("", 1.5), ("storys", b"\xff")]
    rnd.shuffle(pairs)
    return dict(pairs)


def spoilt(rnd, whole):
    """A frame that cannot be right any more: cut, or with a byte too many."""
    return whole[:rnd.randrange(len(whole))] if rnd.random() < 0.8 else whole + b"\xc0"


def random_frames_are_understood():
    rnd, scheme = random.Random(SEED), schema()
    bodies = [(name, random_body(rnd, scheme, name)) for name in WIRE for _ in range(RANDOM_PER_MESSAGE)]
    yield from exchanged([(name, body, frame(name, body)) for name, body in bodies])


def order_and_unknown_names_do_not_matter():
    rnd, scheme = random.Random(SEED + 1), schema()
    bodies = [(name, random_body(rnd, scheme, name)) for name in WIRE for _ in range(10)]
    yield from exchanged([(name, body, frame(name, disordered(rnd, body))) for name, body in bodies])


def spoilt_frames_are_refused():
    rnd = random.Random(SEED + 2)
    frames = [spoilt(rnd, bytes.fromhex(line)) for name in WIRE for line in golden_lines(name) for _ in range(10)]
    for sent, got in zip(frames, ours(frames)):
        if got.get("refusal") != "bad_frame":
            yield f"{sent.hex()}: {got}"


def golden_frames_are_understood():
    yield from exchanged([(name, plain(body), bytes.fromhex(line)) for name in WIRE
                          for body, line in zip(DESCRIBED.get(name, []), stored_lines(name))])


def main():
    if "--write" in sys.argv:
        return write()
    alone = [descriptions_are_complete, files_are_as_described]
    with_ours = [golden_frames_are_understood, random_frames_are_understood, order_and_unknown_names_do_not_matter,
                 spoilt_frames_are_refused]
    print(f"1..{len(alone + with_ours)}")
    failed = 0
    for number, check in enumerate(alone + with_ours, 1):
        label = check.__name__.replace("_", " ")
        if check in with_ours and not os.path.exists(PRINT):
            print(f"ok {number} - {label} # SKIP tests/check/print is not built: make tools")
            continue
        faults = list(check())
        print(f"{'not ok' if faults else 'ok'} {number} - {label}")
        for fault in faults[:10]:
            print("# " + fault)
        failed += bool(faults)
    return 1 if failed else 0


sys.exit(main())
