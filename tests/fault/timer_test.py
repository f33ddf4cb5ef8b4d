"""Timers without a leader: whatever dies, and whatever the clocks of the daemons show, each deadline fires once."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from load import *

MANY = max(200, round(2000 * SCALE))


@test(timeout=180)
def escalation_dies_with_timers_claimed():
    """Two thousand deadlines are due, three replicas claim them in small lots, and one after another is killed."""
    chain = Chain(replicas={"escalation": 3}, settings={"escalation": {"timer_items": 40, "timer_ms": 10}})
    load = Load(chain.publish_port, later=0, window=400)
    load.run(MANY, 90)
    load.finish()
    chain.wait_quiet(90)
    for d in chain.daemons["escalation"]:
        d.kill()
    due = len(chain.db.query("UPDATE pulih.deadline SET due_at = now() - interval '1 second' WHERE kind <> %s RETURNING 1",
                             word("deadline", "warning")))
    assert due >= MANY, due
    left = "SELECT count(*) FROM pulih.deadline WHERE due_at <= now()"
    chain.start()
    kills = 0
    while chain.db.one(left):
        d = chain.daemons["escalation"][kills % 3]
        d.kill()
        d.start(ready=False)
        chain.daemons["escalation"][(kills + 1) % 3].wait_ready()
        kills += 1
    assert kills > 2, kills
    chain.wait_quiet(90)
    h = check_history(chain.db, load)
    fired = [e.complaint for e in h.events if e.type == "deadline_passed"]
    assert len(fired) == len(set(fired)) == due, (len(fired), len(set(fired)), due)
    assert sum(e.type == "reprimanded" for e in h.events) == due


@test(timeout=180)
def escalation_dies_while_it_erases_hints():
    """Hints are over, three replicas erase them in small lots, and one after another is killed: none is left, nothing
    else is gone, and what is erased breaks no hash."""
    chain = Chain(replicas={"escalation": 3}, settings={"escalation": {"timer_items": 2, "timer_ms": 10}})
    load = Load(chain.publish_port, later=0.5, window=400)
    load.run(MANY // 4, 90)
    load.finish()
    sent = [load.publish("consumer_noted", {"consumer": consumer, "actor": "A-002"}, id)
            for consumer in ("quiet", "talkative", "arrogant", "haughty", "thrifty") for id in load.cases]
    load.finish()
    chain.wait_quiet(90)
    for d in chain.daemons["escalation"]:
        d.kill()
    over = "SELECT count(*) FROM pulih.deadline WHERE kind = %s" % word("deadline", "consumer")
    assert chain.db.one(over) >= len(sent) > 50, (chain.db.one(over), len(sent))
    chain.db.query("UPDATE pulih.deadline SET due_at = due_at - interval '60 days' WHERE kind = %s RETURNING 1",
                   word("deadline", "consumer"))
    others = "SELECT count(*) FROM pulih.content c JOIN pulih.event e USING (complaint, shard, version) WHERE e.type %s %s"
    kept = chain.db.one(others % ("<>", WIRE["consumer_noted"]))
    chain.start()
    kills = 0
    while chain.db.one(over):
        d = chain.daemons["escalation"][kills % 3]
        d.kill()
        d.start(ready=False)
        chain.daemons["escalation"][(kills + 1) % 3].wait_ready()
        kills += 1
    assert kills > 2, kills
    chain.wait_quiet(90)
    assert chain.db.one(others % ("=", WIRE["consumer_noted"])) == 0
    assert chain.db.one(others % ("<>", WIRE["consumer_noted"])) == kept
    check_history(chain.db, load)


def library():
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        raise Skip("libfaketime is not installed")
    return found[0]


@cases([("an hour behind", "-1h"), ("an hour ahead", "+1h")])
def the_clock_of_a_daemon_is_wrong(by):
    """Times in the chronology and of deadlines are the database's; none runs backwards."""
    env = {"LD_PRELOAD": library(), "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    chain = Chain(replicas={"intake": 2, "classification": 2}, start=False)
    for d in chain.daemons["intake"][:1] + chain.daemons["classification"][:1] + chain.daemons["escalation"] + \
            chain.daemons["followup"]:
        d.env.update(env)
    chain.start()
    before = chain.db.one("SELECT now()")
    wrong, right = Load(chain.publish_ports[0], "wrong"), Load(chain.publish_ports[1], "right", seed=2)
    for load in (wrong, right):
        load.run(60)
    right.cases += wrong.cases  # both speak about the same complaints
    wrong.cases += right.cases
    for load in (wrong, right, wrong, right):
        load.run(40)
    wrong.finish()
    right.finish()
    chain.wait_quiet()
    check_history(chain.db, [wrong, right])
    outside = chain.db.one("SELECT count(*) FROM pulih.event WHERE recorded_at < %s - interval '2 seconds' "
                           "OR recorded_at > now() + interval '2 seconds'", before)
    assert outside == 0, f"{outside} events are recorded at another time than the database's"
    early = chain.db.one("SELECT count(*) FROM pulih.event WHERE type = %s", WIRE["deadline_passed"])
    assert early == 0, f"{early} deadlines fired by the daemon's clock"
    due = chain.db.query("UPDATE pulih.deadline d SET due_at = now() + interval '2 seconds' FROM pulih.complaint c "
                         "WHERE c.id = d.complaint AND c.ladder_armed = d.armed AND c.ladder_kind = d.kind "
                         "RETURNING 1")
    assert len(due) > 10
    chain.db.wait_row("SELECT 1 FROM pulih.event WHERE type = %s HAVING count(*) = %s", WIRE["deadline_passed"],
                      len(due))
    assert chain.db.one("SELECT min(recorded_at - occurred_at) >= interval '-10 milliseconds' FROM pulih.event "
                        "WHERE type = %s", WIRE["deadline_passed"])
    chain.wait_quiet()
    check_history(chain.db)


@test
def work_from_the_future_does_not_wait_for_it():
    """A clock was ahead when the work was stored, and is right again; the hint is lost."""
    chain = Chain()
    chain.classification.stop()
    ack = chain.publisher().call("complaint", a_complaint())
    chain.db.query("UPDATE pulih.pending SET next_at = next_at + interval '1 hour' RETURNING 1")
    chain.classification.start()
    chain.wait_state(ack["complaint"], "acknowledged")


main()
