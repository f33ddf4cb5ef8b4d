"""Hints make the chain fast, and nothing depends on them."""
import contextlib
import os
import random
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

DEAD = {"hints": {s: ["tcp://127.0.0.1:9"] for s in ("classification", "escalation", "followup")}}


@shared
def chain():
    return Chain()


def lone_complaints(to, n):
    """Publishes one complaint after the other, each when the one before has come out at the feed. Returns medians
    in ms: publish to receipt, first to fourth event, publish to feed."""
    p, feed = to.publisher(), to.subscriber(from_now=True)
    feed.wait(lambda: feed.heads)
    receipt, inside, out = [], [], []
    for i in range(n):
        began = time.monotonic()
        ack = p.call("complaint", a_complaint())
        receipt.append(time.monotonic() - began)
        feed.wait_item(ack["complaint"], "acknowledged")
        out.append(time.monotonic() - began)
        events = events_of(to.db, ack["complaint"])
        inside.append((events[3].recorded - events[0].recorded) / 1e6)
    return [1000 * statistics.median(x) for x in (receipt, inside, out)]


def allowed_ms(to, base):
    """A bound that holds on a busy machine, too: so much, and thirty times what a commit takes just now."""
    cursor = to.db.connect().cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS public.measure (at timestamptz)")
    took = []
    for _ in range(20):
        began = time.monotonic()
        cursor.execute("INSERT INTO public.measure VALUES (now())")
        took.append(1000 * (time.monotonic() - began))
    note(f"a commit takes {statistics.median(took):.1f} ms")
    return (base + 30 * statistics.median(took)) * SLOW


def printed(found):
    return "medians of 20: receipt after %.1f ms, all stages in %.1f ms, on the feed after %.1f ms" % tuple(found)


def hinted(daemon, what="in"):
    return daemon.metrics()[f'pulih_hints_{what}_total{{stage="{daemon.service}"}}']


@test
def a_lone_complaint_passes_all_stages_at_once():
    best = None
    for attempt in range(3):
        found = lone_complaints(chain(), 20)
        best = min(best or found, found, key=lambda f: f[2])
        if best[2] < 20:
            break
    note("lone complaint, " + printed(best))
    assert best[2] < allowed_ms(chain(), 100)


@test
def with_hints_the_poll_finds_next_to_nothing():
    daemons = [chain().classification, chain().escalation, chain().followup]
    lone_complaints(chain(), 5)
    found = {d.name: d.metrics()[f'pulih_poll_found_total{{stage="{d.service}"}}'] for d in daemons}
    note(f"hints {[int(hinted(d)) for d in daemons]}, found by polling {found}")
    assert all(hinted(d) > found[d.name] for d in daemons)


@test
def with_every_hint_lost_the_poll_carries_the_work():
    own = Chain(settings=DEAD)
    best = min((lone_complaints(own, 20) for _ in range(2)), key=lambda f: f[2])
    note("every hint lost, " + printed(best))
    assert all(hinted(d) == 0 for d in (own.classification, own.escalation, own.followup))
    assert best[2] < allowed_ms(own, 1500)


@test
def many_complaints_pass_without_any_hint():
    own = Chain(settings=DEAD)
    p = own.publisher()
    p.receipts([p.send("complaint", a_complaint()) for _ in range(1000)])
    own.wait_quiet()
    assert own.db.query("SELECT state, count(*) FROM pulih.complaint GROUP BY state") == [(STATE["acknowledged"], 1000)]
    verify_chains(own.db)


@test
def without_hints_configured_at_all_the_chain_works():
    own = Chain(settings={"hints": {s: [] for s in DEAD["hints"]}})
    Case(own, "closed")


@test
def hints_go_to_the_replica_that_lives():
    own = Chain(replicas={"classification": 2, "escalation": 2, "followup": 2})
    for service in ("classification", "escalation", "followup"):
        own.daemons[service][1].kill()
    found = lone_complaints(own, 20)
    note("one of two replicas dead, " + printed(found))
    assert found[2] < allowed_ms(own, 1500)


@test
def a_receiver_that_comes_back_is_hinted_again():
    own = Chain()
    p = own.publisher()
    for daemon in (own.classification, own.escalation, own.followup):
        daemon.kill()
    p.receipts([p.send("complaint", a_complaint()) for _ in range(10)])
    for daemon in (own.classification, own.escalation, own.followup):
        daemon.start()

    def all_hinted():
        p.call("complaint", a_complaint())
        return all(hinted(d) > 0 for d in (own.classification, own.escalation, own.followup))
    wait_until(all_hinted, timeout=30)
    own.wait_quiet()


@test
def a_receiver_that_starts_last_is_found():
    own = Chain(start=False)
    for d in own.all:
        d.start() if d.service != "followup" else None
    own.followup.start()
    wait_until(lambda: own.publisher().call("complaint", a_complaint()) and hinted(own.followup) > 0, timeout=30)


class Forger(Subscriber):
    """Speaks to a hint port."""

    def __init__(self, to, service):
        super().__init__(to.hints[service][0], "forger", open=False)
        self.connect()


@cases([(s, s) for s in ("classification", "escalation", "followup")])
def garbage_at_the_hint_port_does_nothing(service):
    rng = random.Random(7401)
    forger = Forger(chain(), service)
    for _ in range(500):
        forger.send_frame(rng.randbytes(rng.randint(0, 300)))
    for frame in (b"", b"\xdf\xdf\xdf\xdf\x0a", b"\x93\x01\x10\x80", bytes(1024 * 1024)):
        forger.send_frame(frame)
    Case(chain())


@cases([(s, s) for s in ("classification", "escalation", "followup")])
def a_forged_hint_about_no_manifest_changes_nothing(service):
    forger = Forger(chain(), service)
    case = Case(chain())
    version, hash = case.row("version"), bytes(case.row("hash"))
    for layout in (0, 1, 2**32 - 1):
        forger.say("hint", layout=layout, batch=1, next_at=now_us(),
                   items=[{"row": bytes(400), "version": version, "type": WIRE["planned"], "body": b"\x80"}])
    Case(chain())
    assert case.row("version") == version and bytes(case.row("hash")) == hash


# --- forged hints that look right ------------------------------------------------------------------------------

COLUMNS = [(r[2], r[1]) for r in rows("include/pulih/tbl/rows.tbl.h", "COL") if r[0] == "complaint"]
KINDS = ["uuid", "may_uuid", "int2", "int4", "int8", "time", "may_time", "bytes", "text", "hash"]
BYTES = {"uuid": 16, "may_uuid": 16, "int2": 2, "int4": 4, "int8": 8, "time": 8, "may_time": 8, "hash": 32}
FAST = {"classification": ("complaint", "received"), "escalation": ("classified", "classified"),
        "followup": ("planned", "planned")}  # what each takes by hint, and in which state


def layout():
    """The fingerprint that daemons of this version go by."""
    hash = 2166136261
    for name, kind in COLUMNS:
        for byte in name.encode():
            hash = (hash ^ byte) * 16777619 & 0xffffffff
        hash = (hash ^ KINDS.index(kind)) * 16777619 & 0xffffffff
    return hash


def a_row(case, **changes):
    """A packed row as a daemon would make it, with changes."""
    values = {"shard": case.row("shard"), "number": 7, "version": 3, "language": 1, "channel": 1, "category": 1,
              "department": 1, "tier": 1, "received_at": now_us(), "updated_at": now_us(), "due_at": now_us(),
              "id": case.id, "hash": bytes(32), **changes}
    return b"".join(v if isinstance(v := values.get(name, 0), bytes) else v.to_bytes(BYTES[kind], "big", signed=True)
                    for name, kind in COLUMNS)


def a_hint(service, case, body=b"\x80", **changes):
    on, state = FAST[service]
    row = a_row(case, **{"state": STATE[state], "holder": STAGE[service], **changes})
    return {"layout": layout(), "batch": random.getrandbits(63), "next_at": now_us(),
            "items": [{"row": row, "version": 3, "type": WIRE[on], "body": body}]}


def stored_body(case, version=1):
    return bytes(case.chain.db.one("SELECT body FROM pulih.event WHERE complaint = %s AND version = %s", case.id.hex(),
                                   version))


@cases([(s, s) for s in FAST])
def a_row_that_no_daemon_writes_harms_nothing(service):
    """Rows of hints are indexes into tables: what is out of bounds must not get that far."""
    case, forger = Case(chain()), Forger(chain(), service)
    body = stored_body(case)
    for name, kind in COLUMNS:
        if kind not in ("uuid", "hash"):
            most = 2 ** (8 * BYTES[kind] - 1) - 1
            for value in (most, -1, -most - 1):
                forger.say("hint", **a_hint(service, case, body=body, **{name: value}))
    forger.say("ping")
    Case(chain())
    verify_chains(chain().db)


@cases([(s, s) for s in FAST])
def a_hint_that_names_nothing_is_no_alarm(service):
    """Its step may fail, but there is nothing in `dead`, so nothing must say so."""
    case, forger = Case(chain()), Forger(chain(), service)
    daemon = getattr(chain(), service)
    dead = f'pulih_dead_total{{stage="{service}"}}'
    came = f'pulih_hints_in_total{{stage="{service}"}}'
    before, heard = daemon.metrics()[dead], daemon.metrics()[came]

    def is_heard():
        forger.say("hint", **a_hint(service, case, state=STATE["closed"]))
        return daemon.metrics()[came] > heard
    wait_until(is_heard)
    Case(chain())
    assert daemon.metrics()[dead] == before
    assert "parked in dead" not in daemon.log_text()


def rolled_back(db):
    return db.one("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")


@cases([(s, s) for s in FAST])
def a_flood_of_hints_that_name_nothing_is_bounded(service):
    """Each such hint would cost the database two transactions that are rolled back."""
    own = Chain()
    case, daemon = Case(own), getattr(own, service)
    lone_complaints(own, 5)
    ignored = f'pulih_hints_ignored_total{{stage="{service}"}}'
    frames = [msgpack.packb([1, WIRE["hint"], a_hint(service, case)]) for _ in range(200)]
    forgers = [Forger(own, service) for _ in range(4)]
    before, began = rolled_back(own.db), time.monotonic()

    def flood():
        for n in range(100000 // len(forgers)):
            for forger in forgers:
                forger.send_frame(frames[n % len(frames)])
    thread = threading.Thread(target=flood)
    thread.start()
    found = lone_complaints(own, 20)
    thread.join()
    wait_until(lambda: daemon.metrics()[ignored] > 10000, timeout=30)
    took = time.monotonic() - began
    own.wait_quiet()
    wait_until(lambda: rolled_back(own.db) > before, timeout=20)
    spoilt = rolled_back(own.db) - before
    note(f"{service}: {printed(found)} beside 100000 forged hints in {took:.1f} s; {spoilt} transactions rolled back")
    assert spoilt < 2 * (5 * took + 10) + 30
    assert found[2] < allowed_ms(own, 100)
    verify_chains(own.db)


def resident_kib(daemon):
    with open(f"/proc/{daemon.pid}/status") as f:
        return int(next(line for line in f if line.startswith("VmRSS:")).split()[1])


def send_long_hints(to, service, frames, over):
    """Over one connection after the other: what one has sent is still there when it has gone."""
    while not over.is_set():
        forger = Forger(to, service)
        forger._socket.setsockopt(zmq.SNDTIMEO, 100)
        for frame in frames:
            with contextlib.suppress(zmq.Again):
                forger.send_frame(frame)
        forger.close()


@cases([("sound rows", {}, 10000), ("rows of another version", {"layout": 1}, 10000)])
def long_hints_that_name_nothing_keep_nobody_and_fill_no_memory(changes, items):
    own = Chain()
    case, daemon, over = Case(own), own.classification, threading.Event()
    lone_complaints(own, 5)
    hints = [dict(a_hint("classification", case), **changes) for _ in range(8)]
    frames = [msgpack.packb([1, WIRE["hint"], dict(h, items=h["items"] * items)]) for h in hints]
    before = resident_kib(daemon)
    threads = [threading.Thread(target=send_long_hints, args=(own, "classification", frames, over)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        found = lone_complaints(own, 20)
        more = resident_kib(daemon) - before
    finally:
        over.set()
        for thread in threads:
            thread.join()
    note(f"{printed(found)} beside hints of {len(frames[0]) >> 10} KiB; {more} KiB more")
    assert SLOW > 1 or more < 128 * 1024, f"{more} KiB more"
    assert found[2] < allowed_ms(own, 100)


@test
def without_a_database_the_hint_port_fills_no_memory():
    """The batch cannot be done, so nothing is taken from the port for its sake."""
    own = Chain()
    case, daemon, over = Case(own), own.classification, threading.Event()
    ignored = 'pulih_hints_ignored_total{stage="classification"}'
    frames = [msgpack.packb([1, WIRE["hint"], a_hint("classification", case, body=bytes(1 << 20))])] * 8
    Cluster.shared().pause()
    try:
        before = resident_kib(daemon)
        thread = threading.Thread(target=send_long_hints, args=(own, "classification", frames, over))
        thread.start()
        wait_until(lambda: daemon.metrics()[ignored] > 1000, timeout=50)
        more = resident_kib(daemon) - before
    finally:
        over.set()
        thread.join()
        Cluster.shared().resume()
    note(f"{more} KiB more after a thousand hints of a mebibyte that were dropped")
    assert SLOW > 1 or more < 128 * 1024, f"{more} KiB more"


@test
def all_chronologies_of_this_script_hold():
    chain().wait_quiet()
    verify_chains(chain().db)


main()
