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


@test
def all_chronologies_of_this_script_hold():
    chain().wait_quiet()
    verify_chains(chain().db)


main()
