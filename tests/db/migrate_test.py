"""pulihctl migrate: once, in order, and harmless however often and at whatever moment it runs."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest


def start(db):
    return subprocess.Popen([os.path.join(pulihtest.BUILD, "pulihctl"), "migrate", "--database", db.conninfo()],
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def migrate(db, code=0):
    p = start(db)
    out = p.communicate(timeout=60)[0]
    assert p.returncode == code, f"exit {p.returncode}: {out}"
    return out


def versions(db):
    return [v for v, in db.query("SELECT version FROM pulih.schema_version ORDER BY version")]


@test
def a_second_run_changes_nothing():
    db = Database(migrate=False)
    done = migrate(db).count("done in")
    assert done == len(versions(db)) > 0 and versions(db) == list(range(1, done + 1))
    assert "done in" not in migrate(db)


@test
def several_at_once_do_each_migration_once():
    db = Database(migrate=False)
    outs = [p.communicate(timeout=60)[0] + f"exit {p.returncode}" for p in [start(db) for _ in range(6)]]
    assert all(o.endswith("exit 0") for o in outs), outs
    assert sum(o.count("done in") for o in outs) == len(versions(db)), outs


@test
def another_one_is_waited_for():
    db = Database(migrate=False)
    db.query("CREATE SCHEMA pulih")
    db.query("CREATE TABLE pulih.schema_version (version int4 PRIMARY KEY, name text NOT NULL, "
             "applied_at timestamptz NOT NULL, min_code int4 NOT NULL)")
    other = db.connect()
    other.autocommit = False
    other.cursor().execute("INSERT INTO pulih.schema_version VALUES (1, 'mine', now(), 1)")
    p = start(db)
    said = next(line for line in p.stdout if "waiting for a lock" in line)
    other.rollback()
    out = p.communicate(timeout=60)[0]
    assert said.startswith("0001_") and p.returncode == 0 and "0001_core: done" in out, out


@test
def a_newer_database_is_left_alone():
    db = Database()
    newest = versions(db)[-1]
    db.query("INSERT INTO pulih.schema_version VALUES (%s, 'of_the_future', now(), 1)", newest + 1)
    assert f"version {newest + 1}; this program knows them up to {newest}" in migrate(db, code=1)


@test
def a_failed_migration_leaves_no_trace():
    db = Database(migrate=False)
    db.query("CREATE SCHEMA pulih")
    db.query("CREATE TABLE pulih.replica (mine int)")
    assert "already exists" in migrate(db, code=1)
    assert versions(db) == []
    assert db.one("SELECT count(*) FROM pg_tables WHERE schemaname = 'pulih'") == 2
    db.query("DROP TABLE pulih.replica")
    migrate(db)


@test
def a_server_that_is_away_is_said_to_be():
    p = subprocess.Popen([os.path.join(pulihtest.BUILD, "pulihctl"), "migrate", "--database",
                          f"host=127.0.0.1 port={free_port()}"], text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    out = p.communicate(timeout=30)[0]
    assert p.returncode == 1 and "onnection" in out, out


main()
