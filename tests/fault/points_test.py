"""Every point of points.tbl.h, at the first pass and at a later one: the program dies there, or stands still and is
overtaken; then nothing is lost and nothing happened twice. Runs programs built with POINTS=1."""
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

import pulihtest

pulihtest.BUILD += "-points"

from pulihtest import *
from history import *
from load import *

LATER = {"drain": [], "migration": [2], "model": []}  # which pass counts as a later one; a process ends once
PULIHCTL = os.path.join(pulihtest.BUILD, "pulihctl")


def passes_of(program, frozen=False):
    """(point, scene, which pass) of a program."""
    for point, scene, freeze, programs, _ in rows("include/pulih/tbl/points.tbl.h", "POINT"):
        if program in programs.split() and (not frozen or freeze == "yes"):
            for nth in [1] + LATER.get(scene, [3]):
                yield point, scene, nth


def ctl(db, *args):
    """Runs pulihctl; returns what it printed."""
    done = subprocess.run([PULIHCTL, *args, "--database", db.conninfo()], text=True, stdout=subprocess.PIPE)
    return done.stdout


class Yard:
    """The daemons, two of each of which the second waits to stand in; somebody who publishes, and somebody who
    follows."""

    def __init__(self):
        settings = {s: {"poll_ms": 5, "grace_ms": 0, "batch_items": 4} for s in SERVICES}
        settings["escalation"].update(timer_ms=10, timer_items=3)
        self.chain = Chain(replicas={s: 2 for s in SERVICES}, settings=settings, start=False)
        self.db = self.chain.db
        self.rise()
        self.load = Load(self.chain.publish_port)
        self.follower = self.chain.subscriber()
        self.other = self.chain.publisher("other", open=False)

    def rise(self):
        """Starts those of the first that do not run."""
        started = [d[0].start(ready=False) for d in self.chain.daemons.values() if not d[0].running]
        for d in started:
            d.wait_ready()

    def go_on_at(self, service, replica):
        """Those who had a session there come back, or go to another one's door."""
        if service == "intake":
            self.load.address = f"tcp://127.0.0.1:{self.chain.publish_ports[replica]}"
            self.load.reconnect()
        if service == "followup":
            self.follower.address = f"tcp://127.0.0.1:{self.chain.feed_ports[replica]}"
            self.follower.open()

    def complain(self, n):
        """That many new complaints are stored; returns their ids."""
        ids = []
        for _ in range(n):
            self.load.step(more=False)
            ids.append(self.load.publish("complaint", a_complaint()).hex())
        self.load.finish()
        return ids

    def step(self):
        self.load.step()
        try:
            self.follower.pump(0)
        except zmq.Again:
            self.follower.disconnect()

    def end_sessions(self, d):
        """Ends the database sessions of a daemon, as the server does with one that stands still."""
        self.db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s "
                      "AND datname = current_database()", f"%:{d.pid}")

    def settle(self):
        """Everything comes to rest, the follower has all, and the history is sound."""
        self.load.finish()
        if self.other.unacked:
            self.other.open()
            self.other.wait(lambda: not self.other.unacked, what="the answer")
        self.db.wait_row("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pulih.pending) AND NOT EXISTS "
                         "(SELECT 1 FROM pulih.deadline WHERE due_at <= now()) AND "
                         "(SELECT count(*) FROM pulih.complaint WHERE holder <> 0) = (SELECT count(*) FROM pulih.dead)",
                         timeout=60)
        for line in ctl(self.db, "dead", "list", "--json").splitlines():
            ctl(self.db, "dead", "retry", json.loads(line)["reference"])
        self.chain.wait_quiet()
        if not self.follower.alive:
            self.follower.open()
        total = self.db.one("SELECT sum(last)::int8 FROM pulih.feed_head")
        self.follower.wait(lambda: len(self.follower.items) >= total, 30, "the whole feed")
        check_history(self.db, self.load, self.follower)


# --- scenes: what leads a daemon to a point. All of its service are down; each returns what is called again and
# --- again once the daemon runs.

def under_load(yard, d):
    return yard.step


def backlog(yard, d, change=None):
    """Work waits for a stage that is down."""
    yard.load.run(16)
    yard.db.wait_row("SELECT 1 FROM pulih.pending WHERE stage = %s HAVING count(*) >= 3", STAGE[d.service])
    if change:
        yard.load.finish()
        wait_until(lambda: yard.db.one("SELECT count(*) FROM pulih.pending WHERE stage <> %s", STAGE[d.service]) == 0)
        yard.db.query(f"UPDATE pulih.pending SET {change}")
    return lambda: None


def follower_comes(yard, d):
    yard.follower.disconnect()

    def act():
        if not yard.follower.alive and d.ready:
            try:
                yard.follower.open(2)
            except TooLate:
                yard.follower.disconnect()
        yard.step()
    return act


def sessions_end(yard, d):
    return lambda: yard.step() or d.ready and yard.end_sessions(d)


def deadlines_pass(yard, d):
    d.start()
    ids = yard.complain(12)
    yard.chain.wait_quiet()
    d.kill()
    yard.db.query("UPDATE pulih.deadline SET due_at = now() - armed * interval '1 second' "
                  "WHERE complaint = ANY (%s::uuid[])", ids)
    return lambda: None


def again_and_again(yard, body, id=None):
    """The other publisher sends a complaint, is answered, and sends it once more, under a new id or the same one."""
    p = yard.other

    def act():
        if not p.alive:
            p.open()
        if not p.unacked:
            p.send("complaint", body, id=id or new_id())
        p.pump(0.001)
    p.disconnect()
    return act


def duplicates_come(yard, d):
    body = a_complaint()
    d.start()
    yard.load.finish()
    id = yard.load.publish("complaint", body)
    yard.load.finish()
    d.kill()
    return again_and_again(yard, body, id)


def refused_values_come(yard, d):
    """The database refuses a name, for a reason that intake cannot know."""
    yard.db.query("ALTER TABLE pulih.person DROP CONSTRAINT IF EXISTS poison")
    yard.db.query("ALTER TABLE pulih.person ADD CONSTRAINT poison CHECK (position('Racun'::bytea IN body) = 0)")
    return again_and_again(yard, a_complaint(name="Racun"))


def reload(yard, d):
    return lambda: d.ready and d.signal(signal.SIGHUP)


def drain(yard, d):
    return lambda: yard.step() or d.ready and d.signal(signal.SIGTERM)


OLD = "next_at = next_at - interval '10 seconds'"
SCENES = {
    "load": under_load,
    "slow": backlog,
    "backlog": backlog,
    "old": functools.partial(backlog, change=OLD),
    "deadly": functools.partial(backlog, change=OLD + ", attempts = 5"),
    "session": sessions_end,
    "numbers": sessions_end,
    "due": deadlines_pass,
    "duplicates": duplicates_come,
    "refused": refused_values_come,
    "feed": follower_comes,
    "reload": reload,
    "drain": drain,
}


# --- what happens there ---------------------------------------------------------------------------------------

def lead(y, service, point, scene, nth, how):
    """Leads the first daemon of a service to its point, and past it nth - 1 times before."""
    d = y.chain.daemons[service][0]
    y.load.run(2)
    d.kill()
    act = SCENES[scene](y, d)
    d.env["PULIH_POINT"] = f"{point}:{nth}:{how}"
    d.start(ready=False)
    del d.env["PULIH_POINT"]
    return d, act


def die(y, service, *where):
    d, act = lead(y, service, *where, "kill")
    assert d.ended(act) == -signal.SIGKILL
    y.rise()
    y.go_on_at(service, 0)
    y.load.run(2)
    y.settle()


def stand_still(y, service, *where):
    """Its sessions end, another one does its work, and it wakes up with what it knew."""
    d, act = lead(y, service, *where, "freeze")
    wait_until(lambda: act() or process_state(d.pid) == "T", 20, f"{d.name} stands still")
    y.end_sessions(d)
    other = y.chain.daemons[service][1].start()
    y.go_on_at(service, 1)
    y.load.run(2)
    y.settle()
    d.resume()
    d.wait_ready()
    y.load.run(2)
    other.kill()
    y.go_on_at(service, 0)
    y.load.run(2)
    y.settle()


def at_each_point(service, happens, frozen=False):
    y = Yard()
    for point, scene, nth in passes_of(service, frozen):
        try:
            happens(y, service, point, scene, nth)
        except Exception as e:
            raise AssertionError(f"at {point}, pass {nth}: {e}") from e


@cases([(s, s) for s in SERVICES], timeout=240)
def dies_at_each_point(service):
    at_each_point(service, die)


@cases([(s, s) for s in SERVICES], timeout=240)
def stands_still_at_a_point_and_is_overtaken(service):
    at_each_point(service, stand_still, frozen=True)


# --- migrations -----------------------------------------------------------------------------------------------

def migrate_until(db, point, nth, how):
    """pulihctl migrate, on its way to a point."""
    return subprocess.Popen([PULIHCTL, "migrate", "--database", db.conninfo()], stdout=subprocess.DEVNULL,
                            env=dict(os.environ, PULIH_POINT=f"{point}:{nth}:{how}"))


@cases([(f"{point}, pass {nth}", point, nth) for point, _, nth in passes_of("migrate")])
def migration_dies(point, nth):
    """The next one does what is left, and all is as if it had been done at once."""
    db = Database(migrate=False)
    assert migrate_until(db, point, nth, "kill").wait() == -signal.SIGKILL
    db.migrate()
    assert what_was_made(db) == what_was_made(Database())


@cases([(f"{point}, pass {nth}", point, nth) for point, _, nth in passes_of("migrate", frozen=True)])
def migration_stands_still(point, nth):
    """Another one waits for it, goes on when its session ends, and is not disturbed by it afterwards."""
    db = Database(migrate=False)
    first = migrate_until(db, point, nth, "freeze")
    wait_until(lambda: process_state(first.pid) == "T", what="it stands still")
    second = subprocess.Popen([PULIHCTL, "migrate", "--database", db.conninfo()], stdout=subprocess.DEVNULL)
    db.wait_row("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s", f"%{first.pid}")
    assert second.wait(30) == 0
    first.send_signal(signal.SIGCONT)
    assert first.wait(30) in (0, 1)
    assert what_was_made(db) == what_was_made(Database())


# --- models as versions ---------------------------------------------------------------------------------------

FORCED = ["--force", "--reason", "a test"]
# What goes on the way to a point, and what overtakes it there; a number is a file of a model.
COMMANDS = {
    "model_stored": (["import", 2], ["import", 2]),
    "promotion_weighed": (["promote", "1", *FORCED], ["promote", "2", *FORCED]),
    "model_switched": (["promote", "1", *FORCED], ["rollback", "department"]),
}


@shared
def model_files():
    """{number: path}: two models of one axis."""
    folder = tempfile.mkdtemp(prefix="pulih-models.")
    undo("models", lambda: shutil.rmtree(folder))
    for n, things in ((1, ("perahu", "celengan")), (2, ("gerobak", "lembaran"))):
        with open(f"{folder}/{n}.tsv", "w", encoding="utf-8") as f:
            f.writelines(f"{department}\tsudah pekan ke-{week} {thing} itu begini\n" for week in range(20)
                         for department, thing in zip(("delivery", "payment"), things))
        ctl(Database(), "train", "--axis", "department", "--tsv", f"{folder}/{n}.tsv", "--out", f"{folder}/{n}.model")
    return {n: f"{folder}/{n}.model" for n in (1, 2)}


def model_command(db, args, point=None):
    """pulihctl model, maybe on its way to a point."""
    args = [model_files().get(a, a) for a in args]
    env = dict(os.environ, PULIH_POINT=point) if point else os.environ
    return subprocess.Popen([PULIHCTL, "model", *args, "--database", db.conninfo()], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, env=env)


def with_models(point):
    """A database with the models that are there before a point."""
    db = Database()
    for n in (1,) if point == "model_stored" else (1, 2):
        assert model_command(db, ["import", n]).wait(30) == 0
    return db


def live_version(db):
    """Of the axis; every version has all its parts, and the axis is as its switches left it."""
    assert db.query("SELECT version, count(*)::int4 FROM pulih.model_chunk GROUP BY version ORDER BY version") == \
        db.query("SELECT version, chunks FROM pulih.model ORDER BY version")
    switches = db.query("SELECT n, to_version FROM pulih.model_switch ORDER BY n")
    assert [n for n, _ in switches] == list(range(1, len(switches) + 1)), switches
    live = db.one("SELECT live FROM pulih.model_axis")
    assert live == (switches[-1][1] if switches else 0), (live, switches)
    assert db.one("SELECT switches FROM pulih.model_axis") == len(switches)
    return live


@cases([(point, point) for point, _, _ in passes_of("model")])
def model_command_dies(point):
    """It was done or it was not, and may be given again."""
    db, (args, _) = with_models(point), COMMANDS[point]
    assert model_command(db, args, f"{point}:1:kill").wait(30) == -signal.SIGKILL
    done = point == "model_switched"
    assert live_version(db) == (1 if done else 0)
    assert model_command(db, args).wait(30) == (1 if done else 0)  # 1: it is live already
    assert live_version(db) == (0 if point == "model_stored" else 1)
    assert db.query("SELECT version FROM pulih.model ORDER BY version") == [(1,), (2,)]


@cases([(point, point) for point, _, _ in passes_of("model", frozen=True)])
def model_command_stands_still(point):
    """Another one overtakes it, and is not disturbed by it afterwards."""
    db, (args, others) = with_models(point), COMMANDS[point]
    first = model_command(db, args, f"{point}:1:freeze")
    wait_until(lambda: process_state(first.pid) == "T", what="it stands still")
    if point == "model_stored":  # it holds locks
        db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pulihctl' AND "
                 "datname = current_database()")
    assert model_command(db, others).wait(30) == 0
    live = live_version(db)
    first.send_signal(signal.SIGCONT)
    assert first.wait(30) == (0 if point == "model_switched" else 1)
    assert live_version(db) == live == {"model_stored": 0, "promotion_weighed": 2, "model_switched": 0}[point]
    assert db.query("SELECT version FROM pulih.model ORDER BY version") == [(1,), (2,)]


main()
