"""The machine around the daemons: clocks that jump or are wrong, descriptors that run out, disks that are full, a log
that nobody takes. The daemons say what is missing, wait, and go on by themselves."""
import contextlib
import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from failing import *
from history import *
from load import *

HOUR = 3600


def settled(chain, load, follower=None):
    load.finish(90)
    chain.wait_quiet(60)
    if follower:
        if not follower.alive:
            follower.open()
        total = chain.db.one("SELECT sum(last)::int8 FROM pulih.feed_head")
        follower.wait(lambda: len(follower.items) >= total, 30, "the whole feed")
    return check_history(chain.db, load, follower)


def processor_seconds(d):
    """What a daemon has used of a processor so far."""
    with open(f"/proc/{d.pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def assert_rests(chain):
    """Nobody runs in circles: two seconds cost little of a processor."""
    before = [processor_seconds(d) for d in chain.all]
    began = chain.db.one("SELECT now()")
    chain.db.wait_row("SELECT 1 WHERE now() > %s + interval '2 seconds'", began)
    for d, seconds in zip(chain.all, before):
        assert processor_seconds(d) - seconds < 1, f"{d.name} runs in circles"


# --- clocks ---------------------------------------------------------------------------------------------------

def under_rules():
    """A chain with quick timers, and a rule for each of its daemons."""
    chain = Chain(start=False, settings={"escalation": {"timer_ms": 20}})
    rules = [Failing() for _ in chain.all]
    for d, rule in zip(chain.all, rules):
        d.env.update(rule.env)
    return chain, rules


def assert_database_time(chain, began):
    outside = chain.db.one("SELECT count(*) FROM pulih.event WHERE recorded_at < %s - interval '2 seconds' "
                           "OR recorded_at > now() + interval '2 seconds'", began)
    assert outside == 0, f"{outside} events are recorded at another time than the database's"
    early = chain.db.one("SELECT count(*) FROM pulih.event WHERE type = %s", WIRE["deadline_passed"])
    assert early == 0, f"{early} deadlines fired by the daemon's clock"


def assert_fires_once(chain, load):
    """What is due by the database's clock fires, and once."""
    due = chain.db.query("UPDATE pulih.deadline d SET due_at = now() + interval '1 second' FROM pulih.complaint c "
                         "WHERE c.id = d.complaint AND c.ladder_armed = d.armed AND c.ladder_kind = d.kind RETURNING 1")
    assert due
    chain.db.wait_row("SELECT 1 FROM pulih.event WHERE type = %s HAVING count(*) = %s", WIRE["deadline_passed"], len(due))
    settled(chain, load)


@cases([("an hour forward", HOUR), ("an hour back", -HOUR)], timeout=120)
def the_clock_jumps_under_load(by):
    """Chronologies keep the database's time, deadlines fire by it and once, also at the moment of the jump."""
    chain, rules = under_rules()
    chain.start()
    load = Load(chain.publish_port)
    load.run(50)
    began = chain.db.one("SELECT min(recorded_at) FROM pulih.event")
    for n in (1, 0, 1):
        for rule in rules:
            rule.move_clock(n * by)
        load.run(100)
    settled(chain, load)
    assert_database_time(chain, began)
    assert_rests(chain)
    for rule in rules:
        rule.move_clock(0)
    assert_fires_once(chain, load)


@test(timeout=120)
def each_daemon_has_a_time_of_its_own():
    """They disagree with the database, and with each other, by minutes, from their start on."""
    chain, rules = under_rules()
    for rule, minutes in zip(rules, (-7, 3, -12, 9)):
        rule.move_clock(60 * minutes)
    began = chain.db.one("SELECT now()")
    chain.start()
    load = Load(chain.publish_port)
    load.run(150)
    settled(chain, load)
    assert_database_time(chain, began)
    assert_fires_once(chain, load)


# --- descriptors ----------------------------------------------------------------------------------------------

def limit_files(d, soft):
    _, hard = resource.prlimit(d.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(d.pid, resource.RLIMIT_NOFILE, (soft, hard))


@cases([("publish door", "intake"), ("feed door", "followup")], timeout=120)
def no_descriptor_is_left_at_a_door(service):
    """Who is there is served; the database's session cannot be renewed, which is said; with room all goes on."""
    chain = Chain()
    load = Load(chain.publish_port)
    follower = chain.subscriber()
    load.run(30)
    d = chain.daemons[service][0]
    limit_files(d, 16)  # more than a thread polls, fewer than are open
    newcomer = chain.publisher("newcomer", open=False) if service == "intake" else \
        chain.subscriber("newcomer", open=False)
    newcomer.connect()
    chain.db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND "
                   "datname = current_database()", f"pulih_{service}")
    wait_until(lambda: "Too many open files" in d.log_text(), 20, f"{d.name} says what is missing")
    assert d.running and not newcomer.welcome
    limit_files(d, 1024)
    wait_until(lambda: load.step() or d.ready, 30, f"{d.name} is ready", every=0)
    newcomer.open(30)
    load.run(30)
    settled(chain, load, follower)
    assert_rests(chain)


# --- disks ----------------------------------------------------------------------------------------------------

def database_full(chain):
    return "sqlstate=53100" in chain.intake.log_text()


def server_ended(chain):
    """It needs another file for its log, and gives up."""
    with contextlib.suppress(psycopg2.Error):
        chain.db.query("SELECT pg_switch_wal()")
    return "PANIC" in "\n".join(tail(chain.db.cluster.log, 1000)) and "not available" in chain.intake.log_text()


@cases([("tables", "base", database_full), ("the server's log", "pg_wal", server_ended)], timeout=180)
def disk_is_full(folder, noticed):
    """Nothing acknowledged is lost, nothing is parked; with room, all goes on."""
    cluster = Cluster(fillable=True)
    chain = Chain(database=Database(cluster))
    load = Load(chain.publish_port)
    follower = chain.subscriber()
    load.run(50)
    cluster.fill(folder)
    wait_until(lambda: load.step() or noticed(chain), 60, "intake finds the disk full", every=0)
    load.run_for(3)
    for d in chain.all:
        assert d.get("/healthz")[0] == 200, d.name
    cluster.make_room()
    cluster.start()
    assert "No space left on device" in "\n".join(tail(cluster.log, 10000))
    load.run(50)
    assert chain.db.one("SELECT count(*) FROM pulih.dead") == 0, "parked because of a full disk"
    settled(chain, load, follower)


# --- logs -----------------------------------------------------------------------------------------------------

def full_disk():
    return os.open("/dev/full", os.O_WRONLY)


def closed_pipe():
    read_end, write_end = os.pipe()
    os.close(read_end)
    return write_end


def pipe_that_nobody_reads():
    """It is full from the start."""
    read_end, write_end = os.pipe()
    undo("pipe", lambda: os.close(read_end))
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, bytes(4096))
    os.set_blocking(write_end, True)
    return write_end


@cases([("full disk", full_disk), ("closed pipe", closed_pipe), ("pipe that nobody reads", pipe_that_nobody_reads)])
def the_log_cannot_be_written(make):
    """The work goes on without it, also when there is much to say, and at the same pace."""
    chain = Chain(start=False)
    for d in chain.all:
        d.stderr = make()
    chain.start()
    load = Load(chain.publish_port)
    load.run(100)
    for _ in range(3):
        chain.db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'pulih%%' "
                       "AND datname = current_database()")
        load.run(30)
    for d in chain.all:
        d.wait_ready()
    assert_rests(chain)
    settled(chain, load)
    chain.stop()


main()
