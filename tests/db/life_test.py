#!/usr/bin/python3
"""PostgreSQL refuses every move that is no row of life.tbl.h, and no other."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from pulihtest import *

MOVES = {(STATE[m[0]], STATE[m[2]], WIRE[m[1]]) for m in rows("include/pulih/tbl/life.tbl.h", "MOVE")}
NUMBERS = {31, *range(33, 64)}  # of mail
MAIL = {WIRE[m[0]] for m in rows("proto/messages.tbl.h", "MSG") if m[2] in ("IN", "TICK") and m[0] != "complaint"}


def check_text(db):
    """The condition of the constraint, as PostgreSQL stores it."""
    text = db.one("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'event_life'")
    assert text.startswith("CHECK (") and "NOT VALID" not in text, text
    return text[len("CHECK ("):-1]


def accepted(db, states, types):
    return set(db.query(f"SELECT prior, state, type FROM generate_series(0, {states}) prior, "
                        f"generate_series(0, {states}) state, generate_series(0, {types}) type WHERE {check_text(db)}"))


@test
def the_check_accepts_the_rows_and_no_others():
    states, types = 31, 255
    expected = {m for m in MOVES} | {(s, s, t) for s in range(states + 1) for t in NUMBERS}
    found = accepted(Database(), states, types)
    assert found == expected, f"too many: {sorted(found - expected)[:9]}, too few: {sorted(expected - found)[:9]}"


@test
def mail_is_what_its_number_says():
    assert MAIL <= NUMBERS and len(MAIL) > 15, MAIL
    assert not {t for _, _, t in MOVES} & NUMBERS


@test
def no_number_beyond_a_byte_passes_for_another():
    """A move is one number in the check; parts that overflow into each other must not make one."""
    db = Database()
    odd = db.query(f"SELECT prior, state, type FROM generate_series(-2, 15) prior, generate_series(-3, 15) state, "
                   f"generate_series(-600, 800) type WHERE NOT (type BETWEEN 33 AND 63 OR type = 31) AND {check_text(db)}")
    assert {tuple(o) for o in odd} == MOVES, sorted({tuple(o) for o in odd} - MOVES)[:9]


def put_event(db, prior, state, kind, version=1):
    db.query("INSERT INTO pulih.event VALUES (gen_random_uuid(), 1, %s, %s, %s, %s, NULL, now(), now(), '', NULL, '')",
             version, kind, prior, state)


@test
def the_check_is_in_force():
    db = Database()
    put_event(db, STATE["acknowledged"], STATE["offered"], WIRE["offered"])
    put_event(db, STATE["closed"], STATE["closed"], WIRE["note"])
    for prior, state, kind in [("closed", "offered", "offered"), ("acknowledged", "closed", "offered"),
                               ("acknowledged", "offered", "note"), ("none", "none", "complaint")]:
        try:
            put_event(db, STATE[prior], STATE[state], WIRE[kind])
        except psycopg2.errors.CheckViolation as e:
            assert e.diag.constraint_name == "event_life"
        else:
            raise AssertionError(f"{prior} -> {state} by {kind} was stored")
    assert db.one("SELECT count(*) FROM pulih.event") == 2


main()
