"""Running daemons: one, or the whole chain with replicas."""
import ctypes
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

import pulihtest as t
from doors import Publisher, Subscriber
from link import free_port
from pg import Database
from tables import SERVICES

__all__ = ["pulihctl", "Chain", "Daemon", "process_state", "config_text", "die_with_parent", "POLICY"]

POLICY = os.environ.get("PULIH_TEST_POLICY") or next(
    iter(sorted(glob.glob(os.path.join(t.ROOT, "deploy/policies/*.cfg")))), None)
_SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")
_libc = ctypes.CDLL(None)


def die_with_parent():
    """For preexec_fn: who starts a process takes it along when it is killed."""
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def pulihctl(*args, database="", code=0, zone="Asia/Jakarta"):
    """Runs it, wants that exit code of it, and returns what it printed and what it complained of."""
    done = subprocess.run([os.path.join(t.BUILD, "pulihctl"), *map(str, args)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60 * t.SLOW,
                          env=dict(os.environ, PULIH_DATABASE=database, TZ=zone))
    assert done.returncode == code, (args, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def _value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(_value(x) for x in v) + "]"
    if isinstance(v, int):
        return str(v)
    return '"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"'


def config_text(settings):
    """A pulih.cfg: {"database": ..., "intake": {"publish": ...}}."""
    lines = []
    for name, value in settings.items():
        if isinstance(value, dict):
            inside = "".join(f"    {k} = {_value(v)};\n" for k, v in value.items())
            lines.append(f"{name} = {{\n{inside}}};")
        else:
            lines.append(f"{name} = {_value(value)};")
    return "\n".join(lines) + "\n"


def process_state(pid):
    """R, S, T (it stands still), Z ... as in proc(5)."""
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rpartition(")")[2].split()[0]


class Daemon:
    """One process of a daemon."""

    def __init__(self, service, config, http, folder, name=None, env=None):
        self.service = service
        self.config = config
        self.http = http
        self.name = name or service
        self.log = os.path.join(folder, self.name + ".log")
        self.stderr = None  # a descriptor that takes its log instead
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self._ours = True  # we killed it, so its end says nothing
        t.undo(f"pulih-{self.name}", self._finish)
        t.keep_true(f"pulih-{self.name}", self._still_runs)

    def start(self, ready=True, timeout=15):
        t.show_log(self.log)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(t.BUILD, "pulih-" + self.service), "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=self.stderr or log, env=self.env, preexec_fn=die_with_parent)
        self._ours = False
        if ready:
            self.wait_ready(timeout)
        return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def get(self, path):
        """(status, text) of its HTTP side; (0, reason) when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=2 * t.SLOW) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
        except OSError as e:
            return 0, str(e)

    @property
    def ready(self):
        return self.get("/readyz")[0] == 200

    def wait_ready(self, timeout=15):
        def ready():
            assert self.running, f"pulih-{self.name} ended with {self.process.returncode}"
            return self.ready
        t.wait_until(ready, timeout, f"pulih-{self.name} is ready")
        return self

    def metrics(self):
        """{"pulih_x_total{stage=\\"intake\\"}": 12.0, ...}"""
        status, text = self.get("/metrics")
        assert status == 200, (status, text)
        samples = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9."""
        self._ours = True
        self.process.kill()
        self.process.wait()

    def may_end(self):
        """From now until the next start it may end by itself."""
        self._ours = True

    def ended(self, meanwhile=lambda: None, timeout=20):
        """Waits until it ends by itself, as a test has arranged; returns its exit code, or minus the signal."""
        self.may_end()
        t.wait_until(lambda: meanwhile() or not self.running, timeout, f"pulih-{self.name} ends")
        return self.process.returncode

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def stop(self, timeout=30):
        """SIGTERM; it must end with 0 in time."""
        self._ours = True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout * t.SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"pulih-{self.name} did not end within {timeout * t.SLOW} s of SIGTERM")
        assert code == 0, f"pulih-{self.name} ended with {code} after SIGTERM"

    def restart(self):
        self.stop()
        return self.start()

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def _still_runs(self):
        if not self.running and not self._ours:
            raise AssertionError(f"pulih-{self.name} ended by itself with {self.process.returncode}")

    def _finish(self):
        if self.running:
            self.stop()
        self._still_runs()
        if os.path.exists(self.log):
            found = _SANITIZER.search(self.log_text())
            assert not found, f"pulih-{self.name}: {found.group()}"


class Chain:
    """All daemons on one database. replicas={"escalation": 2} runs more of one; settings override pulih.cfg,
    per group: settings={"intake": {"credit_items": 8}}; database_port leads connections through a Link or Proxy,
    and hints go to what through(port) gives for the port of a stage."""

    def __init__(self, replicas=None, settings=None, database=None, policy=None, start=True, env=None,
                 database_port=None, through=lambda port: port):
        self.db = database or Database()
        self.folder = tempfile.mkdtemp(prefix="pulih-chain.")
        t.undo_last(lambda: shutil.rmtree(self.folder, ignore_errors=True))
        counts = {s: (replicas or {}).get(s, 1) for s in SERVICES}
        self.hints = {s: [free_port() for _ in range(n)] for s, n in counts.items()}
        self._hints_to = {s: [through(p) for p in ports] for s, ports in self.hints.items()}
        self.publish_ports = [free_port() for _ in range(counts["intake"])]
        self.feed_ports = [free_port() for _ in range(counts["followup"])]
        self._env = env
        self._settings = settings or {}
        self._policy = policy or POLICY
        self._database = self.db.conninfo(tcp=True, port=database_port) if database_port else self.db.conninfo()
        self.daemons = {s: [self._daemon(s, i) for i in range(n)] for s, n in counts.items()}
        if start:
            self.start()

    def _daemon(self, service, i):
        http = free_port()
        settings = {
            "database": self._database.replace(" user=postgres", ""),
            "policy": self._policy,
            "log": {"level": "debug"},
            "links": {"days": 0},  # the samples are few: what is compared is for the tests of it
            "hints": {s: [f"tcp://127.0.0.1:{p}" for p in ports]
                      for s, ports in self._hints_to.items() if s != "intake"},
        }
        for s in SERVICES:
            settings[s] = {"listen": f"tcp://127.0.0.1:{self.hints[s][0]}"}
        settings[service] = {"listen": f"tcp://127.0.0.1:{self.hints[service][i]}", "http": f"127.0.0.1:{http}"}
        settings["intake"]["publish"] = f"tcp://127.0.0.1:{self.publish_ports[i if service == 'intake' else 0]}"
        settings["followup"]["feed"] = f"tcp://127.0.0.1:{self.feed_ports[i if service == 'followup' else 0]}"
        for group, values in self._settings.items():
            if isinstance(values, dict):
                settings.setdefault(group, {}).update(values)
            else:
                settings[group] = values
        name = service if i == 0 else f"{service}{i + 1}"
        config = os.path.join(self.folder, name + ".cfg")
        with open(config, "w") as f:
            f.write(config_text(settings))
        return Daemon(service, config, http, self.folder, name, self._env)

    def __getattr__(self, name):
        """chain.intake: the first replica of that daemon."""
        if name in SERVICES:
            return self.daemons[name][0]
        raise AttributeError(name)

    @property
    def all(self):
        return [d for s in SERVICES for d in self.daemons[s]]

    def start(self):
        """Starts what does not run and waits until all are ready."""
        started = [d.start(ready=False) for d in self.all if not d.running]
        for d in started:
            d.wait_ready()
        return self

    def stop(self):
        for d in self.all:
            if d.running:
                d.stop()

    @property
    def publish_port(self):
        return self.publish_ports[0]

    @property
    def feed_port(self):
        return self.feed_ports[0]

    def publisher(self, client="test-platform", replica=0, **more):
        return Publisher(self.publish_ports[replica], client, **more)

    def subscriber(self, client="test-subscriber", replica=0, **more):
        return Subscriber(self.feed_ports[replica], client, **more)

    def wait_state(self, complaint, state, timeout=15):
        """Waits until a complaint is in a state and nobody works on it."""
        from tables import STATE
        return self.db.wait_row("SELECT version FROM pulih.complaint WHERE id = %s AND state = %s AND holder = 0",
                                complaint.hex(), STATE[state], timeout=timeout)[0][0]

    def wait_quiet(self, timeout=30):
        """Waits until no work is left anywhere."""
        t.wait_until(lambda: self.db.one("SELECT (SELECT count(*) FROM pulih.pending) "
                                         "+ (SELECT count(*) FROM pulih.complaint WHERE holder <> 0)") == 0,
                     timeout, "no pending work")
