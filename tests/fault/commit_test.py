"""Connections cut around a commit, commits that may not be safe, repeats: what is not known is found out, and
nothing is acknowledged that is not stored."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from load import *
from proxy import *

TIMES = max(1, round(3 * SCALE))
WRITERS = [  # name, user, a statement that only its transaction executes
    ("intake, new complaints", "pulih_intake", "put_complaint"),
    ("intake, later messages", "pulih_intake", "move_complaints"),
    ("classification", "pulih_classification", "put_classification"),
    ("escalation", "pulih_escalation", "put_promise"),
    ("followup", "pulih_followup", "put_feed"),
]


def chain_behind_proxy(**more):
    proxy = Proxy(int(Cluster.shared().parts["port"]))
    return proxy, Chain(database_port=proxy.port, **more)


def settled(chain, load):
    load.finish()
    chain.wait_quiet(60)
    return check_history(chain.db, load)


def cut_under_load(user, statement, when):
    proxy, chain = chain_behind_proxy()
    load = Load(chain.publish_port)
    load.run(60)
    for _ in range(TIMES):
        proxy.cut_next(1, user, statement, when)
        wait_until(lambda: load.step() or not proxy.armed, 30, "the cut", every=0)
        load.run(20)
    assert proxy.cuts == TIMES
    settled(chain, load)


@cases(WRITERS)
def answer_to_commit_is_lost(user, statement):
    """Committed, but the daemon cannot know it."""
    cut_under_load(user, statement, "after")


@cases(WRITERS)
def commit_does_not_arrive(user, statement):
    cut_under_load(user, statement, "before")


@cases([(s, f"pulih_{s}") for s in SERVICES])
def cut_in_the_middle_of_a_transaction(user):
    cut_under_load(user, None, "begun")


@cases([("answer lost", "after"), ("commit lost", "before")])
def escalation_timer_is_cut_around_its_commit(when):
    proxy, chain = chain_behind_proxy()
    load = Load(chain.publish_port, later=0)
    load.run(50)
    load.finish()
    chain.wait_quiet()
    proxy.cut_next(1, "pulih_escalation", "claim_deadlines", when)
    due = chain.db.query("UPDATE pulih.deadline SET due_at = now() - interval '1 second' WHERE kind <> %s "
                         "RETURNING complaint", word("deadline", "warning"))
    wait_until(lambda: not proxy.armed, 30, "the cut")
    chain.db.wait_row("SELECT 1 FROM pulih.event WHERE type = %s HAVING count(*) = %s", WIRE["reprimanded"], len(due))
    settled(chain, load)
    assert chain.db.one("SELECT count(*) FROM pulih.event WHERE type = %s", WIRE["deadline_passed"]) == len(due)


@test
def intake_dies_after_commit_and_before_the_receipt():
    """The answer to COMMIT is withheld by the cut, and intake is killed before it can ask again."""
    proxy, chain = chain_behind_proxy()
    load = Load(chain.publish_port, later=0.3)
    load.run(40)
    for _ in range(TIMES):
        proxy.cut_next(1, "pulih_intake", None, "after")
        wait_until(lambda: load.step() or not proxy.armed, 30, "the cut", every=0)
        chain.intake.kill()
        chain.intake.start()
        load.reconnect()
        load.run(20)
    settled(chain, load)
    assert any(a["result"] == "duplicate" for a in load.told)


@test
def client_that_got_no_receipt_sends_the_same_ids_again():
    chain = Chain()
    sent = [(new_id(), a_complaint()) for _ in range(20)]
    lost = chain.publisher()
    for id, body in sent:
        lost.send("complaint", body, id=id)
    chain.db.wait_row("SELECT 1 FROM pulih.complaint HAVING count(*) = 20")
    lost.disconnect()
    p = chain.publisher()
    acks = [p.call("complaint", body, id=id) for id, body in sent]
    assert [a["result"] for a in acks] == ["duplicate"] * 20 and len({a["reference"] for a in acks}) == 20
    assert p.refusal("complaint", a_complaint(), id=sent[0][0])["refusal"] == "conflict"
    chain.wait_quiet()
    assert len(check_history(chain.db).cards) == 20


@test
def duplicates_alone_are_written_before_they_are_acknowledged():
    """A batch of nothing but duplicates leaves a trace, so that its commit means something."""
    chain = Chain()
    p = chain.publisher()
    body = a_complaint()
    ack = p.call("complaint", body)
    count = "SELECT sum(duplicate_batches)::int8 FROM pulih.replica WHERE stage = 1"
    before = chain.db.one(count) or 0
    again = p.call("complaint", body, id=ack["id"])
    assert again["result"] == "duplicate" and again["reference"] == ack["reference"], again
    assert chain.db.one(count) == before + 1
    note = p.call("note", {"text": "Sekali lagi."}, ack["complaint"])
    assert p.call("note", {"text": "Sekali lagi."}, ack["complaint"], id=note["id"])["result"] == "duplicate"
    assert chain.db.one(count) == before + 2
    chain.wait_quiet()
    check_history(chain.db)


# --- a commit that waits for a standby ----------------------------------------------------------------------

def set_standby(db, name):
    db.query(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    db.query("SELECT pg_reload_conf()")
    db.wait_row("SELECT 1 WHERE current_setting('synchronous_standby_names') = %s", name)


WAITS = "SELECT pid FROM pg_stat_activity WHERE usename = %s AND wait_event = 'SyncRep'"


@test(timeout=120)
def a_cancelled_wait_for_the_standby_is_no_receipt():
    """Somebody cancels the wait: the row is there, the server warns, nothing is acknowledged until it is safe."""
    cluster = Cluster()
    db = Database(cluster)
    chain = Chain(database=db)
    p = chain.publisher()
    p.call("complaint", a_complaint())
    chain.wait_quiet()
    set_standby(db, "nobody")
    undo("synchronous_standby_names", lambda: set_standby(db, ""))
    id = p.send("complaint", a_complaint())
    pid = db.wait_row(WAITS, "pulih_intake")[0][0]
    db.query("SELECT pg_cancel_backend(%s)", pid)
    db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s", id.hex())
    p.wait(lambda: [r for r in db.query(WAITS, "pulih_intake") if r[0] != pid], what="intake asks again and waits")
    assert id not in p.acks and not p.nacks, "acknowledged what is on no standby"
    set_standby(db, "")
    assert p.receipt(id, 30)["result"] in ("stored", "duplicate")
    chain.wait_quiet()
    check_history(db)


@test(timeout=120)
def a_cancelled_wait_for_the_standby_publishes_nothing():
    """What a subscriber reads was proved safe by a commit; when that commit's wait is cancelled, it is not sent."""
    cluster = Cluster()
    db = Database(cluster)
    chain = Chain(database=db)
    p = chain.publisher()
    ack = p.call("complaint", a_complaint())
    chain.wait_quiet()
    s = chain.subscriber(open=False)
    set_standby(db, "nobody")
    undo("synchronous_standby_names", lambda: set_standby(db, ""))
    s.open()
    pid = s.wait(lambda: db.query(WAITS + " AND application_name LIKE 'followup-feed%%'", "pulih_followup"))[0][0]
    db.query("SELECT pg_cancel_backend(%s)", pid)
    s.wait(lambda: [r for r in db.query(WAITS, "pulih_followup") if r[0] != pid] or s.items,
           what="the reader asks again and waits")
    assert not s.items, "sent what is on no standby"
    set_standby(db, "")
    s.wait_item(ack["complaint"], "acknowledged", 30)


main()
