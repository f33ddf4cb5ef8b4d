#!/usr/bin/python3
"""Each daemon's role may do what its steps need, and nothing else."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from pulihtest import *

ROLES = ["intake", "classification", "escalation", "followup"]
STAGES = ROLES[1:]

# Rights by table: S select, I insert, D delete, U update of every column; columns of a narrower UPDATE follow.
MOVES = "state version holder cursor waiting language channel category department tier gravity unsure clock level " \
        "ended ladder_kind ladder_armed ladder_left_us ladder_due silence_armed due_at offers letters promises " \
        "declined reopened updated_at hash approval_armed approval_level transfers"
ALL = {"schema_version": "S", "replica": "SIU", "event": "SI"}
STAGE = {**ALL, "complaint": "S " + MOVES, "pending": "SID attempts", "dead": "SI", "content": "S", "offer": "S"}
EXPECTED = {
    "intake": {**ALL, "complaint": "SI " + MOVES, "person": "I", "content": "SI", "promise": "SI", "pending": "I",
               "number_block": "SU", "mark_key": "S", "unlinked": "I"},
    "classification": {**STAGE, "classification": "SI", "unlinked": "SD batch", "trace": "SID", "link": "SI", "model": "S",
                       "model_axis": "S", "model_chunk": "S", "model_use": "SIU", "model_difference": "SIU"},
    "escalation": {**STAGE, "deadline": "SID armed", "promise": "I", "content": "SD", "policy": "SIU", "calendar": "SI"},
    "followup": {**STAGE, "offer": "SI", "letter": "SI", "deadline": "SI armed", "promise": "I", "person": "S",
                 "feed": "SI", "feed_head": "SU", "link": "SI state decided_at actor", "calendar": "SI"},
}
NAMES = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}


@shared
def database():
    return Database()


def tables():
    return [r[0] for r in database().query("SELECT relname FROM pg_class WHERE relnamespace = 'pulih'::regnamespace "
                                           "AND relkind = 'r' ORDER BY 1")]


def rights(role, table):
    """The rights as EXPECTED writes them."""
    db = database()
    found = "".join(letter for letter, name in NAMES.items() if db.one(
        "SELECT has_table_privilege(%s, %s, %s)", f"pulih_{role}", f"pulih.{table}", name))
    columns = [] if "U" in found else [r[0] for r in db.query(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND has_column_privilege(%s, attrelid, attnum, 'UPDATE') ORDER BY attnum", f"pulih.{table}", f"pulih_{role}")]
    return " ".join([found] + columns)


@cases([(r, r) for r in ROLES])
def has_these_rights_and_no_others(role):
    wrong = []
    for table in tables():
        expected = EXPECTED[role].get(table, "")
        letters, _, columns = expected.partition(" ")
        expected = " ".join(["".join(l for l in NAMES if l in letters)] + columns.split())
        if rights(role, table) != expected:
            wrong.append(f"{table}: has {rights(role, table)!r}, wanted {expected!r}")
    assert not wrong, "\n".join(wrong)


@test
def nobody_has_rights_that_no_step_needs():
    db = database()
    for role in ROLES:
        for table in tables():
            for right in ("TRUNCATE", "REFERENCES", "TRIGGER"):
                assert not db.one("SELECT has_table_privilege(%s, %s, %s)", f"pulih_{role}", f"pulih.{table}", right)
        assert not db.one("SELECT has_schema_privilege(%s, 'pulih', 'CREATE')", f"pulih_{role}")
        assert db.query("SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin "
                        "FROM pg_roles WHERE rolname = %s", f"pulih_{role}") == [(False,) * 5 + (True,)]
        assert not db.query("SELECT 1 FROM pg_auth_members WHERE member = %s::regrole", f"pulih_{role}")


@test
def the_public_has_none():
    db = database()
    assert not db.query("SELECT relname FROM pg_class, aclexplode(relacl) a WHERE relnamespace = 'pulih'::regnamespace "
                        "AND a.grantee = 0")
    assert not db.query("SELECT 1 FROM pg_namespace, aclexplode(nspacl) a WHERE nspname = 'pulih' AND a.grantee = 0")


# --- what is refused, tried out ------------------------------------------------------------------------------

ID = "'01935000-0000-7000-8000-000000000001'"
EVENT = f"INSERT INTO pulih.event VALUES ({ID}, 1, 1, 32, 0, 1, NULL, now(), now(), '', NULL, '')"
PENDING = "INSERT INTO pulih.pending VALUES (2, now(), 1, 0, 1, '')"

REFUSED = [(r, sql) for sql, roles in {
    "SELECT * FROM pulih.person": ["intake", "classification", "escalation"],
    "SELECT body FROM pulih.person": ["intake", "classification", "escalation"],
    "SELECT key FROM pulih.mark_key": STAGES,
    "SELECT 1 FROM pulih.trace": ["intake", "escalation", "followup"],
    "SELECT 1 FROM pulih.link": ["intake", "escalation"],
    "DELETE FROM pulih.link": ROLES,
    "UPDATE pulih.link SET other = other": ROLES,
    "UPDATE pulih.link SET state = 2": ["intake", "classification", "escalation"],
    "UPDATE pulih.unlinked SET items = ''": ROLES,
    "SELECT body FROM pulih.letter": ["intake", "classification", "escalation"],
    "SELECT 1 FROM pulih.feed": ["intake", "classification", "escalation"],
    "DELETE FROM pulih.pending": ["intake"],
    "SELECT 1 FROM pulih.pending": ["intake"],
    "UPDATE pulih.pending SET items = ''": ROLES,
    "UPDATE pulih.pending SET next_at = now()": ROLES,
    f"INSERT INTO pulih.complaint SELECT * FROM pulih.complaint WHERE id = {ID}": STAGES,
    f"INSERT INTO pulih.person VALUES ({ID}, 1, 1, '')": STAGES,
    f"INSERT INTO pulih.content VALUES ({ID}, 1, 1, '', '')": STAGES,
    "UPDATE pulih.event SET body = ''": ROLES,
    "UPDATE pulih.event SET hash = ''": ROLES,
    "DELETE FROM pulih.event": ROLES,
    "UPDATE pulih.content SET body = ''": ROLES,
    "DELETE FROM pulih.content": ["intake", "classification", "followup"],
    "UPDATE pulih.person SET body = ''": ROLES,
    "DELETE FROM pulih.person": ROLES,
    "UPDATE pulih.letter SET body = ''": ROLES,
    "DELETE FROM pulih.letter": ROLES,
    "UPDATE pulih.promise SET due_at = now()": ROLES,
    "DELETE FROM pulih.promise": ROLES,
    "UPDATE pulih.offer SET amount = 1": ROLES,
    "UPDATE pulih.classification SET tier = 1": ROLES,
    "UPDATE pulih.feed SET body = ''": ROLES,
    "DELETE FROM pulih.feed": ROLES,
    "DELETE FROM pulih.feed_head": ROLES,
    "UPDATE pulih.complaint SET id = id": ROLES,
    "UPDATE pulih.complaint SET shard = 1": ROLES,
    "UPDATE pulih.complaint SET number = 1": ROLES,
    "UPDATE pulih.complaint SET received_at = now()": ROLES,
    "UPDATE pulih.complaint SET tenant = 1": ROLES,
    "DELETE FROM pulih.complaint": ROLES,
    "DELETE FROM pulih.deadline": ["intake", "classification", "followup"],
    "UPDATE pulih.deadline SET due_at = now()": ROLES,
    "DELETE FROM pulih.dead": ROLES,
    "SELECT next FROM pulih.number_block": STAGES,
    "SELECT bytes FROM pulih.model_chunk": ["intake", "escalation", "followup"],
    "SELECT reason FROM pulih.model_switch": ROLES,
    "INSERT INTO pulih.model_switch SELECT * FROM pulih.model_switch": ROLES,
    "UPDATE pulih.model_axis SET live = 1": ROLES,
    "UPDATE pulih.model_chunk SET bytes = ''": ROLES,
    "INSERT INTO pulih.model SELECT * FROM pulih.model": ROLES,
    "UPDATE pulih.model_number SET last = 1": ROLES,
    "DELETE FROM pulih.model_use": ROLES,
    "UPDATE pulih.schema_version SET version = 1": ROLES,
    "INSERT INTO pulih.schema_version VALUES (9, '', now(), 9)": ROLES,
    "TRUNCATE pulih.event": ROLES,
    "TRUNCATE pulih.pending": ROLES,
    "ALTER TABLE pulih.event DROP CONSTRAINT event_life": ROLES,
    "DROP TABLE pulih.complaint": ROLES,
    "CREATE TABLE pulih.mine (x int)": ROLES,
    "CREATE FUNCTION pulih.expect(text, int8, int8) RETURNS void LANGUAGE sql AS ''": ROLES,
}.items() for r in roles]


@cases([(r, r) for r in ROLES])
def is_refused(role):
    c = database().connect(user=f"pulih_{role}")
    for sql in [sql for r, sql in REFUSED if r == role]:
        try:
            c.cursor().execute(sql)
        except psycopg2.errors.InsufficientPrivilege:
            continue
        raise AssertionError(f"pulih_{role} may: {sql}")


# --- what is allowed, tried out ------------------------------------------------------------------------------

def complaint(n):
    """A row of complaint with a number of its own."""
    columns = database().query("SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = 'pulih' "
                               "AND table_name = 'complaint' ORDER BY ordinal_position")
    values = {"uuid": ID[:-2] + f"{n}'", "timestamptz": "now()", "bytea": "''"}
    return "INSERT INTO pulih.complaint VALUES (" + ", ".join(
        str(n) if name == "number" else values.get(kind, "0") for name, kind in columns) + ")"


ALLOWED = {
    "intake": [complaint(2), EVENT, PENDING, f"INSERT INTO pulih.person VALUES ({ID}, 1, 1, '')",
               f"INSERT INTO pulih.content VALUES ({ID}, 1, 1, '', '')",
               f"INSERT INTO pulih.promise VALUES ({ID}, 1, 1, 1, 1, now(), now())",
               "UPDATE pulih.number_block SET next = next + 1 RETURNING next",
               "SELECT c.* FROM pulih.complaint c FOR NO KEY UPDATE",
               "UPDATE pulih.complaint SET version = 2, holder = 4"],
    **{role: [EVENT.replace(", 1, 1, 32, 0, 1,", ", 1, 2, 33, 1, 1,"), PENDING,
              "SELECT * FROM pulih.pending FOR UPDATE SKIP LOCKED", "UPDATE pulih.pending SET attempts = 1",
              "DELETE FROM pulih.pending", "SELECT c.* FROM pulih.complaint c FOR NO KEY UPDATE",
              "UPDATE pulih.complaint SET state = 1, hash = ''", "SELECT * FROM pulih.content",
              "INSERT INTO pulih.dead SELECT * FROM pulih.dead"]
       for role in STAGES},
}
ALLOWED["intake"] += ["INSERT INTO pulih.unlinked VALUES (now(), 1, '')", "SELECT key FROM pulih.mark_key"]
ALLOWED["classification"] += ["SELECT * FROM pulih.unlinked FOR UPDATE SKIP LOCKED", "DELETE FROM pulih.unlinked",
                              "SELECT marks FROM pulih.person WHERE complaint = " + ID + " AND shard = 1 AND role = 1",
                              f"INSERT INTO pulih.trace VALUES ({ID}, 1, 1, 1, 0, now()) ON CONFLICT (key, slot, tenant, "
                              "complaint) DO NOTHING", "DELETE FROM pulih.trace"]
ALLOWED["classification"] += ["SELECT * FROM pulih.model_axis", "SELECT bytes FROM pulih.model_chunk",
                              "INSERT INTO pulih.model_use VALUES ('department', 1, 1, 1, 1, 1, 1) ON CONFLICT "
                              "(axis, version, value) DO UPDATE SET first_n = excluded.first_n",
                              "INSERT INTO pulih.model_difference VALUES (1, 1, 'a', 'b', 1, '{}') ON CONFLICT "
                              "(shadow, live, live_label, shadow_label) DO UPDATE SET n = excluded.n",
                              "UPDATE pulih.replica SET models = ''"]
ALLOWED["escalation"] += [f"INSERT INTO pulih.deadline VALUES (now(), {ID}, 1, 1, 1)",
                          "SELECT * FROM pulih.deadline FOR UPDATE SKIP LOCKED", "DELETE FROM pulih.deadline",
                          "DELETE FROM pulih.content"]
ALLOWED["followup"] += [f"INSERT INTO pulih.letter VALUES ({ID}, 1, 1, 1, 1, 1, 1, NULL, '', '')",
                        f"INSERT INTO pulih.deadline VALUES ('2026-11-22', {ID}, 3, 1, 1) ON CONFLICT "
                        "(due_at, complaint, kind, shard) DO UPDATE SET armed = excluded.armed",
                        "SELECT stream FROM pulih.feed_head ORDER BY stream FOR UPDATE",
                        "UPDATE pulih.feed_head SET last = last + 1 WHERE stream = 1",
                        f"INSERT INTO pulih.feed VALUES (1, 1, {ID}, 1, 1, 1, 1, now(), '')", "SELECT * FROM pulih.person",
                        "UPDATE pulih.link SET state = 2, decided_at = now(), actor = ''"]


@cases([(r, r) for r in ROLES])
def may(role):
    c = database().connect(user=f"pulih_{role}")
    c.autocommit = False
    for sql in ALLOWED[role] + ["SELECT pulih.expect('nothing', 0, 0)", "SELECT max(version) FROM pulih.schema_version"]:
        c.cursor().execute(sql)
    c.rollback()


main()
