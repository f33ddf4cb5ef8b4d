"""PostgreSQL for tests: the run's cluster, and a database per test."""
import glob
import contextlib
import itertools
import os
import shlex
import shutil
import signal
import subprocess
import tempfile

import psycopg2
import psycopg2.extensions

import pulihtest as t

__all__ = ["Cluster", "Database", "psycopg2", "what_was_made"]

_SCRIPT = os.path.join(t.ROOT, "deploy/private-postgres")
_numbers = itertools.count(1)


def _conninfo_parts(conninfo):
    return dict(p.split("=", 1) for p in shlex.split(conninfo))


def children_of(parent):
    """Processes whose parent is this one."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                text = f.read()
        except OSError:
            continue
        if int(text.rsplit(")", 1)[1].split()[1]) == parent:
            found.append(int(path.split("/")[2]))
    return found


class Cluster:
    """A PostgreSQL server. Tests share the one of the run; Cluster() makes one more, for tests that stop it
    for long or change its settings; Cluster(fillable=True) one whose disk can be full."""

    _shared = None

    def __init__(self, path=None, of=None, fillable=False):
        """of: a cluster that runs, whose standby this one is."""
        self._own = path is None
        self.path = path or os.path.join(tempfile.mkdtemp(prefix="pulih-test."), "pg")
        self.parts = None
        self._env = dict(os.environ)
        if self._own:
            os.chmod(os.path.dirname(self.path), 0o755)
            t.undo("PostgreSQL", self.remove)
        if fillable:
            beside = os.path.dirname(self.path)
            self._env.update(LD_PRELOAD=shutil.copy(os.path.join(t.BUILD, "full.so"), beside),
                             PULIH_FULL=os.path.join(beside, "full"))
        if of:
            self.parts = _conninfo_parts(self._do("follow", of.path))
        else:
            self.start()
        t.show_log(self.log)

    @classmethod
    def shared(cls):
        """The run's cluster: of tests/run when PULIH_TEST_PG names its directory, else this script's own."""
        if cls._shared is None:
            path = os.environ.get("PULIH_TEST_PG")
            folder = None if path else tempfile.mkdtemp(prefix="pulih-test.")
            if folder:
                os.chmod(folder, 0o755)
            cls._shared = cls(path or os.path.join(folder, "pg"))
            if folder:
                t.at_end(cls._shared.remove)
        cls._shared.start()
        return cls._shared

    def _do(self, verb, *args):
        return subprocess.run([_SCRIPT, verb, self.path, *args], check=True, text=True, env=self._env,
                              stdout=subprocess.PIPE).stdout.strip()

    @property
    def log(self):
        return os.path.join(self.path, "log")

    def start(self):
        """Starts it, on the same port as before; nothing happens when it runs."""
        self.resume()
        self.parts = _conninfo_parts(self._do("start"))

    def stop(self, mode="fast"):
        self.resume()
        self._do("stop", mode)

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def crash(self):
        """Stops it as a power cut would: recovery follows at the next start."""
        self.stop("immediate")

    def promote(self):
        """A standby takes writes from now on."""
        self._do("promote")

    def fill(self, folder):
        """From now on there is no room for more in a folder of its data: base holds tables, pg_wal the log."""
        os.symlink(os.path.join(os.path.realpath(self.path), "data", folder), self._env["PULIH_FULL"])

    def make_room(self):
        os.unlink(self._env["PULIH_FULL"])

    def _processes(self):
        try:
            with open(os.path.join(self.path, "data/postmaster.pid")) as f:
                parent = int(f.readline())
        except (OSError, ValueError):
            return []
        return [parent] + children_of(parent)

    def _signal(self, number):
        for pid in self._processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pause(self):
        """Stands still: connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)
        t.undo("resume PostgreSQL", self.resume)

    def resume(self):
        self._signal(signal.SIGCONT)

    def remove(self):
        self.resume()
        self._do("remove")
        if os.path.basename(os.path.dirname(self.path)).startswith("pulih-test."):
            shutil.rmtree(os.path.dirname(self.path), ignore_errors=True)

    def conninfo(self, dbname="postgres", tcp=False, **more):
        """A libpq connection string; tcp: by 127.0.0.1, so that a Link can stand in between."""
        parts = dict(self.parts, dbname=dbname)
        if tcp:
            parts["host"] = "127.0.0.1"
        parts.update(more)
        return " ".join(f"{k}={v}" for k, v in parts.items())

    def connect(self, dbname="postgres", **more):
        c = psycopg2.connect(self.conninfo(dbname, **{"connect_timeout": 10, **more}))
        c.autocommit = True
        return c


class Database:
    """A database of its own, migrated; dropped after the test."""

    _to_copy = None

    def __init__(self, cluster=None, migrate=True, name=None):
        self.cluster = cluster or Cluster.shared()
        self.name = name or f"t{os.getpid()}_{next(_numbers)}"
        self._connection = None
        ready = migrate and self.cluster is Cluster._shared
        self._create(self._migrated(self.cluster) if ready else "template0")
        t.undo("database", self._drop)
        if migrate and not ready:
            self.migrate()

    def _create(self, template):
        c = self.cluster.connect()
        c.cursor().execute(f"CREATE DATABASE {self.name} TEMPLATE {template}")
        c.close()

    @classmethod
    def of(cls, cluster, name):
        """One that is there already, or that others make; it stays."""
        found = cls.__new__(cls)
        found.cluster, found.name, found._connection = cluster, name, None
        return found

    @classmethod
    def _migrated(cls, cluster):
        """Name of a migrated database to copy from: copying is much faster than migrating. One per script."""
        if cls._to_copy is None:
            made = cls.of(cluster, f"m{os.getpid()}")
            made._create("template0")
            t.at_end(made._drop)
            made.migrate()
            cls._to_copy = made
        return cls._to_copy.name

    def conninfo(self, **more):
        return self.cluster.conninfo(self.name, **more)

    def migrate(self):
        """Runs `pulihctl migrate`, as an operator would."""
        out = subprocess.run([os.path.join(t.BUILD, "pulihctl"), "migrate", "--database", self.conninfo()],
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert out.returncode == 0, out.stdout

    def connect(self, **more):
        """A new connection, autocommit, closed after the test."""
        c = self.cluster.connect(self.name, **more)
        t.undo("connection", c.close)
        return c

    def query(self, sql, *args):
        """Rows of a statement. Connects anew after the server was away; then the statement may run twice."""
        if self._connection is not None and not self._connection.closed:
            try:
                return self._run(sql, args)
            except psycopg2.Error as e:
                if e.pgcode is not None and not self._connection.closed:
                    raise
        self._connection = self.cluster.connect(self.name)
        return self._run(sql, args)

    def _run(self, sql, args):
        cursor = self._connection.cursor()
        cursor.execute(sql, args or None)
        return cursor.fetchall() if cursor.description else []

    def one(self, sql, *args):
        """The only value of the only row."""
        found = self.query(sql, *args)
        assert len(found) == 1 and len(found[0]) == 1, f"{sql}: {found}"
        return found[0][0]

    @contextlib.contextmanager
    def hold(self, table, mode="ACCESS EXCLUSIVE"):
        """Keeps a table locked inside the with block."""
        c = self.connect()
        c.autocommit = False
        c.cursor().execute(f"LOCK TABLE {table} IN {mode} MODE")
        try:
            yield
        finally:
            c.rollback()

    def wait_blocked(self, role, timeout=15):
        """Waits until a session of that role waits for a lock."""
        self.wait_row("SELECT 1 FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock' "
                      "AND datname = current_database()", role, timeout=timeout)

    def wait_row(self, sql, *args, timeout=15):
        """Waits until a statement gives rows; returns them."""
        return t.wait_until(lambda: self.query(sql, *args), timeout, f"{sql} {args}")

    def _drop(self):
        if self._connection is not None:
            self._connection.close()
        self.cluster.start()
        c = self.cluster.connect(options="'-c synchronous_commit=local'")  # its standby may be gone
        c.cursor().execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        c.close()


def what_was_made(db):
    """Columns, functions and migrations of a database, to compare."""
    return db.query("SELECT table_name, column_name, data_type FROM information_schema.columns "
                    "WHERE table_schema = 'pulih' ORDER BY 1, 2"), \
        db.query("SELECT proname FROM pg_proc WHERE pronamespace = 'pulih'::regnamespace ORDER BY 1"), \
        db.query("SELECT version, name, min_code FROM pulih.schema_version ORDER BY 1")
