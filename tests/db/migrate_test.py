#!/usr/bin/python3
"""pulihctl migrate: from any version to the newest, any number at once, and never half."""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from pulihtest import *

from pulihtest import BUILD, ROOT

FILES = sorted(glob.glob(os.path.join(ROOT, "deploy/sql/[0-9]*.sql")))


def start(db):
    return subprocess.Popen([os.path.join(BUILD, "pulihctl"), "migrate", "--database", db.conninfo()], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def migrate(db):
    """(exit code, what it said)"""
    p = start(db)
    said = p.communicate(timeout=60)[0]
    return p.returncode, said


def catalog(db):
    """All that the migrations make, in words: columns, constraints, indexes, rights, settings, functions."""
    return {what: db.query(sql) for what, sql in {
        "columns": "SELECT table_name, ordinal_position, column_name, udt_name, is_nullable, column_default "
                   "FROM information_schema.columns WHERE table_schema = 'pulih' ORDER BY 1, 2",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
                       "WHERE connamespace = 'pulih'::regnamespace ORDER BY 1, 2",
        "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'pulih' ORDER BY 1",
        "settings": "SELECT relname, reloptions::text FROM pg_class WHERE relnamespace = 'pulih'::regnamespace ORDER BY 1",
        "rights": "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'pulih'::regnamespace ORDER BY 1",
        "rights on columns": "SELECT attrelid::regclass::text, attname, attacl::text FROM pg_attribute "
                             "WHERE attacl IS NOT NULL ORDER BY 1, 2",
        "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'pulih'::regnamespace ORDER BY 1",
        "versions": "SELECT version, name, min_code FROM pulih.schema_version ORDER BY 1",
        "heads": "SELECT count(*), sum(last) FROM pulih.feed_head",
        "numbers": "SELECT count(*) FROM pulih.number_block",
    }.items()}


@test
def an_empty_database_becomes_the_newest():
    db = Database(migrate=False)
    code, said = migrate(db)
    assert code == 0, said
    names = [os.path.basename(f)[:-4] for f in FILES]
    assert [r[0] for r in db.query("SELECT name FROM pulih.schema_version ORDER BY version")] == names
    assert db.query("SELECT version FROM pulih.schema_version ORDER BY 1") == [(n + 1,) for n in range(len(FILES))]
    assert db.one("SELECT bool_and(min_code BETWEEN 1 AND version) FROM pulih.schema_version")
    assert f"the tables are of version {len(FILES)}\n" in said, said


@test
def again_changes_nothing():
    db = Database()
    before = catalog(db)
    for _ in range(2):
        code, said = migrate(db)
        assert code == 0 and said == f"the tables are of version {len(FILES)}\n", said
    assert catalog(db) == before


@test
def it_leaves_what_is_stored():
    db = Database()
    db.query("UPDATE pulih.number_block SET next = 77")
    db.query("UPDATE pulih.feed_head SET last = 5")
    assert migrate(db)[0] == 0
    assert db.one("SELECT next FROM pulih.number_block") == 77 and db.one("SELECT sum(last) FROM pulih.feed_head") == 320


@test
def many_at_once_are_harmless():
    newest = catalog(Database())
    for _ in range(3):
        db = Database(migrate=False)
        running = [start(db) for _ in range(3)]
        said = [p.communicate(timeout=60)[0] for p in running]
        assert [p.returncode for p in running] == [0, 0, 0], said
        assert catalog(db) == newest
        done = "".join(said)
        for f in FILES:
            assert len(re.findall(rf"^{os.path.basename(f)[:-4]}: done", done, re.M)) == 1, done


def at_version(n):
    """A database as it was when it had only the first n migrations."""
    db = Database(migrate=False)
    db.query("CREATE SCHEMA pulih")
    db.query("CREATE TABLE pulih.schema_version (version int4 PRIMARY KEY, name text NOT NULL, "
             "applied_at timestamptz NOT NULL, min_code int4 NOT NULL)")
    for version, path in enumerate(FILES[:n], 1):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        db.query(text)
        min_code = re.search(r"^-- min code: (\d+)", text, re.M)
        db.query("INSERT INTO pulih.schema_version VALUES (%s, %s, now(), %s)", version, os.path.basename(path)[:-4],
                 int(min_code.group(1)) if min_code else version)
    return db


@test
def every_version_leads_to_the_newest():
    newest = catalog(Database())
    for n in range(len(FILES) + 1):
        db = at_version(n)
        code, said = migrate(db)
        assert code == 0 and said.count(": done") == len(FILES) - n, said
        found = catalog(db)
        for what, there in newest.items():
            assert found[what] == there, f"from version {n}: {what} differ"


@test
def a_newer_database_is_left_alone():
    db = Database()
    db.query("INSERT INTO pulih.schema_version VALUES (99, '0099_future', now(), 99)")
    before = catalog(db)
    code, said = migrate(db)
    assert code != 0 and "of version 99" in said and f"up to {len(FILES)}" in said, said
    assert catalog(db) == before


@test
def a_migration_that_fails_leaves_nothing():
    db = Database(migrate=False)
    db.query("CREATE SCHEMA pulih")
    db.query("CREATE TABLE pulih.feed (mine int)")  # in the middle of the first one
    code, said = migrate(db)
    assert code != 0 and "already exists" in said, said
    assert db.query("SELECT count(*) FROM pulih.schema_version") == [(0,)]
    left = {r[0] for r in db.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'pulih'")}
    assert left == {"feed", "schema_version"}, left
    db.query("DROP TABLE pulih.feed")
    assert migrate(db)[0] == 0 and catalog(db) == catalog(Database())


@test
def a_locked_table_is_waited_for():
    """It does not queue behind a lock for long: what comes after it must not wait with it."""
    db = at_version(1)
    with db.hold("pulih.event", "ROW EXCLUSIVE"):  # as a writer has it
        p = start(db)
        undo("pulihctl migrate", lambda: p.poll() is None and p.kill())
        line = p.stdout.readline()
        assert line == "0002_life: waiting for a lock\n", line
        assert db.one("SELECT max(version) FROM pulih.schema_version") == 1
    said = p.communicate(timeout=60)[0]
    assert p.returncode == 0 and "0002_life: done" in said, said


@test
def a_person_without_rights_is_told():
    db = Database(migrate=False)
    name = f"nobody_{os.getpid()}"
    db.query(f"CREATE ROLE {name} LOGIN")
    undo("role", lambda: db.query(f"DROP ROLE {name}"))
    p = subprocess.run([os.path.join(BUILD, "pulihctl"), "migrate", "--database", db.conninfo(user=name)], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert p.returncode != 0 and "permission denied" in p.stdout, p.stdout


@test
def no_database_is_a_failure():
    db = Database()
    p = subprocess.run([os.path.join(BUILD, "pulihctl"), "migrate", "--database", db.conninfo().replace(db.name, "none")],
                       text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert p.returncode != 0 and "does not exist" in p.stdout, p.stdout


main()
