"""Many deadlines due in the same second, among many more that are not: all fire in time, once each, with a replica
killed midway; and what is not due costs nothing. `make due DUE=10000 OPEN=1000000` is the full size."""
import io
import os
import struct
import sys
from datetime import timedelta

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

DUE = int(os.environ.get("PULIH_DUE") or 1000)
OPEN = int(os.environ.get("PULIH_OPEN") or 20000)
FULL = "PULIH_DUE" in os.environ
WITHIN_S = 5
WATCH_S = 30 if FULL else 4
MASK = 2 ** 64 - 1


def shard_of(id):
    """As pulih_shard has it."""
    h = 0
    for part in struct.unpack(">QQ", id):
        h = (h ^ part) * 0x9E3779B97F4A7C15 & MASK
        h ^= h >> 32
    return (h * 0xD6E8FEB86659FD93 & MASK) >> 58


def copy(db, table, lines):
    with db.connect() as c, c.cursor() as cursor:
        cursor.copy_expert(f"COPY pulih.{table} FROM STDIN", io.StringIO("".join(lines)))


def fill(db, first, n, due):
    """Open complaints at rest, as after their plan, each with three deadlines; `due` is SQL for that of the ladder."""
    ids = [struct.pack(">QQ", 0x01A20000 << 32 | first + i, 0x8000 << 48 | first + i) for i in range(n)]
    day = 86400
    at = db.one(f"SELECT {due}")
    columns = [r[0] for r in db.query(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'pulih.complaint'::regclass AND attnum > 0 ORDER BY attnum")]
    fixed = {"received_at": str(at), "state": STATE["acknowledged"], "version": 4, "cursor": 1, "language": 1,
             "channel": 1, "category": 1, "department": 4, "tier": 2, "ladder_kind": word("deadline", "resolution"),
             "ladder_armed": 4, "silence_armed": 4, "ladder_due": str(at), "due_at": str(at), "letters": 1,
             "promises": 2, "updated_at": str(at - timedelta(days=30)), "hash": "\\\\x" + "00" * 32}
    lines, deadlines = [], []
    for i, id in enumerate(ids):
        row = dict(fixed, id=id.hex(), shard=shard_of(id), number=1_000_000 + first + i)
        lines.append("\t".join(str(row.get(c, 0)) for c in columns) + "\n")
        for kind, later in (("resolution", 0), ("warning", day), ("silence", 2 * day)):
            deadlines.append(f"{at + timedelta(seconds=later)}\t{id.hex()}\t{word('deadline', kind)}\t{row['shard']}\t4\n")
    copy(db, "complaint", lines)
    copy(db, "deadline", deadlines)
    db.query("ANALYZE pulih.complaint, pulih.deadline")


@shared
def chain():
    c = Chain(replicas={"escalation": 3}, start=False)
    fill(c.db, 0, OPEN, "now() + interval '30 days'")
    c.start()
    return c


def cpu_s(pids):
    """Seconds of processor time that the processes used so far."""
    used = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as f:
            used += sum(int(n) for n in f.read().rpartition(")")[2].split()[11:13])
    return used / os.sysconf("SC_CLK_TCK")


@test(timeout=900)
def what_is_not_due_costs_nothing():
    """All of one replica: the daemon and its connection to PostgreSQL."""
    db, d = chain().db, chain().daemons["escalation"][0]
    # As if the policy had been in force all along: it is not looked through for deadlines that it moves.
    wait_until(lambda: db.query("UPDATE pulih.policy SET done = true RETURNING 1"), 60)
    for other in chain().daemons["escalation"][1:]:
        other.stop()
    backends = [r[0] for r in db.query("SELECT pid FROM pg_stat_activity WHERE usename = 'pulih_escalation'")]
    assert len(backends) == 1, backends
    began, before = db.one("SELECT extract(epoch from clock_timestamp())"), cpu_s([d.pid] + backends)
    wait_until(lambda: db.one("SELECT extract(epoch from clock_timestamp())") - began >= WATCH_S, WATCH_S + 60)
    passed_s = float(db.one("SELECT extract(epoch from clock_timestamp())") - began)
    percent = 100 * (cpu_s([d.pid] + backends) - before) / passed_s
    note(f"{OPEN} open complaints, {3 * OPEN} deadlines: {percent:.2f} % of a core over {passed_s:.0f} s")
    assert percent < (1 if FULL else 10), percent
    for other in chain().daemons["escalation"][1:]:
        other.start()


@test(timeout=900)
def all_that_is_due_at_once_fires_in_time_and_once_though_a_replica_is_killed():
    db = chain().db
    fill(db, OPEN, DUE, "date_trunc('second', now()) + interval '3600 s'")
    due = db.one("SELECT date_trunc('second', clock_timestamp()) + interval '6 s'")
    db.query("UPDATE pulih.deadline SET due_at = %s WHERE due_at < now() + interval '3660 s'", due)
    left = lambda: db.one("SELECT count(*) FROM pulih.deadline WHERE due_at = %s", due)
    assert left() == DUE
    wait_until(lambda: left() < DUE * 2 / 3, 60)
    chain().daemons["escalation"][1].kill()
    wait_until(lambda: left() == 0, 120)
    fired = db.query("SELECT count(*), count(DISTINCT complaint), extract(epoch from max(recorded_at) - %s) "
                     "FROM pulih.event WHERE type = %s", due, WIRE["deadline_passed"])[0]
    note(f"{DUE} deadlines due in the same second, three replicas, one killed: all fired after {float(fired[2]):.2f} s")
    assert fired[:2] == (DUE, DUE), fired
    assert fired[2] < WITHIN_S * SLOW, fired
    chain().wait_quiet(300)
    told = db.query("SELECT count(*), count(DISTINCT complaint) FROM pulih.event WHERE type = %s", WIRE["reprimanded"])[0]
    assert told == (DUE, DUE), told
    assert db.one("SELECT count(*) FROM pulih.dead") == 0


main()
