"""Work that cannot be done: exactly that piece is parked in pulih.dead, all else goes on, and it can be retried."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *

CROWD = 200


def ctl(chain, *args):
    """Runs pulihctl; returns what it printed."""
    done = subprocess.run([os.path.join(BUILD, "pulihctl"), *args, "--database", chain.db.conninfo()], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def crowd_before(stage, chain):
    """Receipts of a crowd of complaints that wait, as one batch, for a stage that is down."""
    chain.daemons[stage][0].kill()
    p = chain.publisher()
    acks = p.receipts([p.send("complaint", a_complaint()) for _ in range(CROWD)])
    chain.db.wait_row("SELECT 1 FROM pulih.pending WHERE stage = %s HAVING sum(n) = %s", STAGE[stage], CROWD)
    assert chain.db.one("SELECT count(*) FROM pulih.pending WHERE stage <> %s", STAGE[stage]) == 0
    return p, acks


def wait_dead(chain, victim, stage):
    """Waits until all but the victim rest; returns why that one is dead."""
    chain.db.wait_row("SELECT 1 FROM pulih.dead", timeout=30)
    chain.db.wait_row("SELECT 1 FROM pulih.complaint WHERE holder = 0 HAVING count(*) = %s", CROWD - 1, timeout=30)
    dead = chain.db.query("SELECT complaint, stage, reason FROM pulih.dead")
    assert len(dead) == 1 and dead[0][0].replace("-", "") == victim["complaint"].hex(), dead
    assert dead[0][1] == STAGE[stage] and dead[0][2], dead
    return dead[0][2]


def say_more_and_retry(chain, p, victim, repair):
    """What is said later waits; after the repair and the retry it is handled, too."""
    note = p.call("note", {"text": "Masih menunggu."}, victim["complaint"])
    chain.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND waiting = 1", victim["complaint"].hex())
    assert victim["reference"] in ctl(chain, "dead", "list")
    assert ctl(chain, "dead", "show", victim["reference"])
    repair()
    ctl(chain, "dead", "retry", victim["reference"])
    chain.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND holder = 0 AND waiting = 0",
                      victim["complaint"].hex(), timeout=30)
    chain.wait_quiet()
    h = check_history(chain.db)
    assert [e.type for e in h.events if e.message == note["id"]] == ["note"]
    assert len(h.cards) == CROWD


@test(timeout=90)
def what_a_stage_cannot_read_is_parked_alone():
    chain = Chain()
    p, acks = crowd_before("classification", chain)
    victim = acks[CROWD // 3]
    id = victim["complaint"].hex()
    good = bytes(chain.db.one("SELECT body FROM pulih.content WHERE complaint = %s", id))
    set_body = "UPDATE pulih.content SET body = %s WHERE complaint = %s"
    chain.db.query(set_body, b"\xc1", id)
    chain.classification.start()
    wait_dead(chain, victim, "classification")
    say_more_and_retry(chain, p, victim, lambda: chain.db.query(set_body, good, id))


@cases([
    ("classification", "classification", "pulih.classification", "true"),
    ("escalation", "escalation", "pulih.promise", "kind = 2"),
    ("followup", "followup", "pulih.letter", "true"),
    ("followup, its last statement", "followup", "pulih.feed", "true"),
])
def what_the_database_refuses_is_found_by_halving(stage, table, rows):
    chain = Chain()
    p, acks = crowd_before(stage, chain)
    victim = acks[CROWD // 2 + 1]
    chain.db.query(f"ALTER TABLE {table} ADD CONSTRAINT poison CHECK (NOT (complaint = "
                   f"'{victim['complaint'].hex()}' AND {rows})) NOT VALID")
    chain.daemons[stage][0].start()
    assert "poison" in wait_dead(chain, victim, stage)
    assert chain.daemons[stage][0].metrics()[f'pulih_halved_total{{stage="{stage}"}}'] >= 6
    say_more_and_retry(chain, p, victim, lambda: chain.db.query(f"ALTER TABLE {table} DROP CONSTRAINT poison"))


@test
def what_the_database_refuses_at_intake_is_refused_alone():
    chain = Chain()
    bad = new_id()
    chain.db.query(f"ALTER TABLE pulih.person ADD CONSTRAINT poison CHECK (complaint <> '{bad.hex()}')")
    p = chain.publisher()
    with chain.db.hold("pulih.person"):
        ids = [p.send("complaint", a_complaint())]
        chain.db.wait_blocked("pulih_intake")
        p.pump()
        half = min(60, (p.limit - p.sent - 1) // 2)
        ids += [p.send("complaint", a_complaint()) for _ in range(half)]
        p.send("complaint", a_complaint(), id=bad)
        ids += [p.send("complaint", a_complaint()) for _ in range(half)]
    p.wait(lambda: p.nacks and all(i in p.acks for i in ids), what="all answers")
    assert half and [(n["id"], n["refusal"]) for n in p.nacks] == [(bad, "not_allowed")], p.nacks
    chain.wait_quiet()
    assert len(check_history(chain.db).cards) == len(ids)


@test(timeout=90)
def a_manifest_that_killed_daemons_is_halved_until_the_killer_is_alone():
    """Manifests with the victim count as having killed five daemons already, however small they become."""
    chain = Chain()
    p, acks = crowd_before("classification", chain)
    victim = acks[7]
    id = victim["complaint"].hex()
    chain.db.query(f"""
        CREATE FUNCTION pulih.kills() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF position(uuid_send('{id}') IN new.items) > 0 AND new.stage = 2 THEN new.attempts := 5; END IF;
            RETURN new;
        END $$;
        CREATE TRIGGER kills BEFORE INSERT ON pulih.pending FOR EACH ROW EXECUTE FUNCTION pulih.kills();
        UPDATE pulih.pending SET attempts = 5 WHERE position(uuid_send('{id}') IN items) > 0""")
    chain.classification.start()
    assert "died" in wait_dead(chain, victim, "classification")
    say_more_and_retry(chain, p, victim, lambda: chain.db.query("DROP TRIGGER kills ON pulih.pending"))


def an_old_manifest(chain, stage="classification", age_s=10):
    """One complaint that waits for a stage, which is down, since ten seconds."""
    chain.daemons[stage][0].kill()
    ack = chain.publisher().call("complaint", a_complaint())
    chain.db.wait_row("SELECT 1 FROM pulih.pending WHERE stage = %s", STAGE[stage])
    chain.db.query(f"UPDATE pulih.pending SET next_at = next_at - interval '{age_s} seconds'")
    return ack


def hold_row(chain, ack):
    """Locks the complaint's row, so that the stage stands in the middle of its work; returns what ends that."""
    c = chain.db.connect()
    c.autocommit = False
    c.cursor().execute("SELECT 1 FROM pulih.complaint WHERE id = %s FOR UPDATE", [ack["complaint"].hex()])
    return c.rollback


@cases([("ten seconds old", 10), ("stamped by a clock that was ahead", -3600)], timeout=120)
def each_death_over_old_work_is_counted_and_the_sixth_try_parks_it(age_s):
    chain = Chain()
    ack = an_old_manifest(chain, age_s=age_s)
    release = hold_row(chain, ack)
    for n in range(1, 6):
        chain.classification.start(ready=False)
        chain.db.wait_row("SELECT 1 FROM pulih.pending WHERE attempts = %s", n)
        chain.db.wait_blocked("pulih_classification")
        chain.classification.kill()
        chain.db.wait_row("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE "
                          "usename = 'pulih_classification' AND datname = current_database())")
    chain.classification.start(ready=False)
    reason = chain.db.wait_row("SELECT reason FROM pulih.dead")[0][0]
    assert "died" in reason, reason
    release()
    ctl(chain, "dead", "retry", ack["reference"])
    chain.wait_state(ack["complaint"], "acknowledged")
    check_history(chain.db)


@cases([(s, s) for s in SERVICES[1:]])
def a_failure_that_nobody_died_of_is_not_held_against_it(stage):
    """Old work whose session is lost again and again, by no fault of its own, is never parked for it."""
    chain = Chain()
    ack = an_old_manifest(chain, stage)
    release = hold_row(chain, ack)
    chain.daemons[stage][0].start(ready=False)
    for _ in range(7):
        chain.db.wait_blocked(f"pulih_{stage}", 30)
        chain.db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s "
                       "AND wait_event_type = 'Lock' AND datname = current_database()", f"pulih_{stage}")
    release()
    chain.wait_state(ack["complaint"], "acknowledged", 30)
    assert chain.db.one("SELECT count(*) FROM pulih.dead") == 0
    chain.wait_quiet()
    check_history(chain.db)


main()
