"""PostgreSQL that is away, cut off or read-only: the daemons wait, say so, and go on by themselves."""
import contextlib
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from load import *



def settled(chain, load):
    load.finish(90)
    chain.wait_quiet(60)
    return check_history(chain.db, load)


def assert_waits(chain):
    """All daemons say that they have no database, and live."""
    for d in chain.all:
        wait_until(lambda: d.get("/readyz")[0] == 503, 20, f"{d.name} is not ready")
        assert d.get("/healthz")[0] == 200, d.name
        assert d.metrics()[f'pulih_up{{stage="{d.service}"}}'] == 0, d.name


def assert_recovers(chain):
    for d in chain.all:
        d.wait_ready(30)


@test(timeout=120)
def sessions_are_terminated_at_random_under_load():
    chain = Chain()
    load = Load(chain.publish_port)
    load.run(50)
    chance = random.Random(3)
    for _ in range(max(1, round(12 * SCALE))):
        load.run_for(chance.uniform(0, 0.2))
        chain.db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'pulih%%' "
                       "AND datname = current_database() AND random() < 0.5")
        load.run(20)
    settled(chain, load)


@test(timeout=150)
def postgresql_crashes_under_load():
    cluster = Cluster()
    chain = Chain(database=Database(cluster))
    load = Load(chain.publish_port)
    load.run(50)
    for _ in range(max(1, round(3 * SCALE))):
        load.run_for(0.1)
        cluster.crash()
        load.run_for(0.3)
        cluster.start()
        load.run(50)
    settled(chain, load)


@test(timeout=120)
def what_a_crash_undoes_of_a_stage_without_a_door_is_done_again():
    """Its commits are answered before they are on disk. Intake's are not: what has a receipt is there."""
    cluster = Cluster()
    admin = cluster.connect()
    admin.autocommit = True
    admin.cursor().execute("ALTER SYSTEM SET wal_writer_delay = '10s'")  # else it writes what nobody waits for
    admin.close()
    cluster.restart()
    chain = Chain(database=Database(cluster), start=False)

    def is_undone():
        for d in (chain.intake, chain.classification):
            d.start()
        id = chain.publisher().call("complaint", a_complaint())["complaint"]
        chain.db.wait_row("SELECT version FROM pulih.complaint WHERE id = %s AND version = 2", id.hex())
        for d in (chain.intake, chain.classification):
            d.kill()
        cluster.crash()
        cluster.start()
        ids.append(id)
        return chain.db.one("SELECT version FROM pulih.complaint WHERE id = %s", id.hex()) == 1

    ids = []
    wait_until(is_undone, 60, "a commit that the crash undoes")
    chain.start()
    for id in ids:
        chain.wait_state(id, "acknowledged", 30)
    assert chain.db.query("SELECT version FROM pulih.event WHERE complaint = %s ORDER BY 1", ids[-1].hex()) == \
        [(1,), (2,), (3,), (4,)]


@test(timeout=120)
def postgresql_is_down_when_the_daemons_start():
    """They start, say that they wait, give no credit, and begin when it is there."""
    cluster = Cluster()
    chain = Chain(database=Database(cluster), start=False)
    cluster.stop()
    for d in chain.all:
        d.start(ready=False)
        wait_until(lambda: d.get("/healthz")[0] == 200, what=f"{d.name} lives")
    assert_waits(chain)
    for d in chain.all:
        wait_until(lambda: "database not available, waiting" in d.log_text(), what=f"{d.name} says so")
    p = Publisher(chain.publish_port, open=False)
    p.connect()
    p.say("hello", protocol=1, client="early")
    p.wait(lambda: p.welcome or p.nacks)
    assert not p.welcome or p.welcome["credit"] == 0, p.welcome
    cluster.start()
    assert_recovers(chain)
    p.wait(lambda: p.limit > 0 or (p.welcome and p.welcome["credit"] > 0), 20, "credit")
    load = Load(chain.publish_port)
    load.run(30)
    settled(chain, load)


@test(timeout=120)
def intake_stops_without_its_database():
    """What it could not store it does not acknowledge, however long it waited; the successor stores it."""
    cluster = Cluster()
    chain = Chain(database=Database(cluster))
    p = chain.publisher()
    with contextlib.suppress(psycopg2.Error):  # the lock goes with the server
        with chain.db.hold("pulih.complaint"):
            id = p.send("complaint", a_complaint())
            chain.db.wait_blocked("pulih_intake")
            cluster.crash()
    chain.intake.signal(15)
    chain.intake._ours = True
    p.wait(lambda: not chain.intake.running, 40, "the end of intake")
    p.pump()
    assert p.draining and not p.acks and not p.nacks
    cluster.start()
    chain.intake.start()
    assert p.open().receipt(id)["result"] == "stored"


@test(timeout=120)
def what_came_while_postgresql_was_down_is_stored():
    """Credit that was granted before is still good; the batch is handed over while there is no session."""
    cluster = Cluster()
    chain = Chain(database=Database(cluster))
    p = chain.publisher()
    first = p.call("complaint", a_complaint())["complaint"]
    chain.wait_state(first, "acknowledged")
    cluster.stop()
    wait_until(lambda: chain.intake.metrics()['pulih_up{stage="intake"}'] == 0, what="intake knows")
    ids = [p.send("complaint", a_complaint()) for _ in range(4)] + [p.send("note", {"text": "x"}, first)]
    wait_until(lambda: chain.intake.metrics()['pulih_received_total{stage="intake"}'] >= 2 + len(ids),
               what="intake has them")
    cluster.start()
    assert [a["result"] for a in p.receipts(ids)] == ["stored"] * len(ids)
    for id in ids[:4]:
        chain.wait_state(id, "acknowledged")


@test(timeout=120)
def postgresql_is_down_in_between():
    cluster = Cluster()
    chain = Chain(database=Database(cluster))
    load = Load(chain.publish_port)
    load.run(50)
    cluster.stop()
    told = len(load.told)
    assert_waits(chain)
    load.run_for(0.5)
    assert len(load.told) - told < 200
    cluster.start()
    assert_recovers(chain)
    load.run(30)
    settled(chain, load)


@test(timeout=120)
def postgresql_is_read_only_for_a_while():
    """As after a switch of the primary: sessions stay, but nothing can be written."""
    cluster = Cluster()
    db = Database(cluster)
    chain = Chain(database=db)
    load = Load(chain.publish_port)
    load.run(50)

    def set_read_only(value):
        c = db.connect(options="'-c default_transaction_read_only=off'")
        c.cursor().execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        c.cursor().execute("SELECT pg_reload_conf()")
    set_read_only("on")
    undo("read-only", lambda: set_read_only("off"))
    wait_until(lambda: load.step() or not chain.intake.ready, 20, "intake is not ready", every=0)
    quiet = len(load.told)
    assert_waits(chain)
    for d in chain.all:
        assert "read-only" in d.log_text(), f"{d.name} does not say so"
    load.run_for(0.5)
    assert len(load.told) == quiet, "acknowledged by a read-only database"
    set_read_only("off")
    load.run(30)
    assert_recovers(chain)
    settled(chain, load)


main()
