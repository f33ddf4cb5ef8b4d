"""Hints make the chain fast, and nothing depends on them."""
import os
import random
import statistics
import sys
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


def a_row(id, **changes):
    """A packed row as a daemon would make it, with changes."""
    values = {"shard": fnv_shard(id), "number": 7, "version": 3, "language": 1, "channel": 1, "category": 1,
              "department": 1, "tier": 1, "received_at": now_us(), "updated_at": now_us(), "due_at": now_us(),
              "id": id, "hash": bytes(32), **changes}
    return b"".join(v if isinstance(v := values.get(name, 0), bytes) else v.to_bytes(BYTES[kind], "big", signed=True)
                    for name, kind in COLUMNS)


def fnv_shard(id):
    return chain().db.one("SELECT shard FROM pulih.complaint WHERE id = %s", id.hex())


def a_hint(service, id, body=b"\x80", batch=None, **changes):
    on, state = FAST[service]
    row = a_row(id, **{"state": STATE[state], "holder": STAGE[service], **changes})
    batch = random.getrandbits(63) if batch is None else batch
    return {"layout": layout(), "batch": batch, "next_at": now_us(),
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
                forger.say("hint", **a_hint(service, case.id, body=body, **{name: value}))
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
    forger.say("hint", **a_hint(service, case.id, state=STATE["closed"]))
    wait_until(lambda: daemon.metrics()[came] > heard)
    Case(chain())
    assert daemon.metrics()[dead] == before
    assert "parked in dead" not in daemon.log_text()


@test
def all_chronologies_of_this_script_hold():
    chain().wait_quiet()
    verify_chains(chain().db)


main()
