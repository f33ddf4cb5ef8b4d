"""Torture itself: its plan comes from the seed alone, journals outlive their writers, and a short one."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from journal import *
from plan import *

BACK = {"kill": "start", "stop": "start", "pause": "resume", "crash": "recover", "freeze": "mend", "abandon": "mend",
        "slow": "mend", "port": "mend_port", "kill_client": "start_client"}
SECONDS = max(10, round(20 * SCALE))


@test
def the_same_seed_gives_the_same_plan():
    assert plan(7, 100) == plan(7, 100) != plan(8, 100)
    assert [a.at for a in plan(7, 100)] == sorted(a.at for a in plan(7, 100)) and plan(7, 100)[-1].at <= 100


@test
def a_plan_holds_all_acts_or_those_that_are_wanted():
    assert {a.name for a in plan(7, 1000)} == set(BACK) | set(BACK.values()) | {"reload", "cut", "terminate", "fall_due"}
    assert {a.name for a in plan(7, 1000, ["kill", "cut"])} == {"kill", "start", "cut"}


@test
def what_is_taken_away_is_left_alone_until_it_is_back():
    away = {}
    for act in plan(7, 1000):
        of = {"postgres": ("postgres",), "wire": ("wire",)}.get(act.what[0], act.what[:2])
        if act.name in BACK:
            assert of not in away, f"{act} while {away[of]}"
            away[of] = act
        elif act.name in BACK.values() and of in away:
            assert act.name == BACK[away.pop(of).name], act


@test
def a_journal_outlives_a_record_that_was_cut_short():
    path = os.path.join(tempfile.mkdtemp(prefix="pulih-journal."), "journal")
    undo("journal", lambda: shutil.rmtree(os.path.dirname(path)))
    records = [Opened(), Sent(b"1", b"1", "complaint", b"\x80"), Acked(b"1", b"1", "stored", "R", None),
               Refusal(b"2", "conflict"), Item(1, 2, b"1", 3, "closed", "closed")]
    for r in records:
        Journal(path).append(r)
    os.truncate(path, os.path.getsize(path) - 1)
    reader = Journal(path)
    assert reader.records() == records[:-1] and reader.records() == []
    Journal(path).append(records[-1], records[0])
    assert reader.records() == [records[-1], records[0]]


@test(timeout=SECONDS + 200)
def a_short_one_under_all_acts():
    done = subprocess.run([os.path.join(ROOT, "tests/fault/torture"), str(SECONDS), "7"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in done.stdout.splitlines():
        note(line)
    assert done.returncode == 0, "see above"


main()
