"""What operators see: health, readiness, metrics, logs, the service manager, and reasons when nothing starts."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

METRICS = [r[:2] for r in rows("include/pulih/tbl/metrics.tbl.h", "METRIC")]
PAIR = r'[a-z_]+=(?:[^\s"=\\]+|"(?:[^"\\]|\\.)*")'


@shared
def chain():
    return Chain()


def daemon_named(service):
    return getattr(chain(), service)


# --- health -------------------------------------------------------------------------------------------------

@cases([(s, s) for s in SERVICES])
def a_running_daemon_is_healthy_and_ready(service):
    assert daemon_named(service).get("/healthz") == (200, "alive\n")
    assert daemon_named(service).get("/readyz") == (200, "ready\n")


@cases([(s, s) for s in SERVICES])
def other_paths_and_methods_are_refused(service):
    d = daemon_named(service)
    assert d.get("/")[0] == 404 and d.get("/metrics/x")[0] == 404
    request = urllib.request.Request(f"http://127.0.0.1:{d.http}/metrics", data=b"x", method="POST")
    try:
        urllib.request.urlopen(request, timeout=5)
    except urllib.error.HTTPError as e:
        assert e.code == 405
    else:
        raise AssertionError("POST was taken")


@test
def without_a_database_a_daemon_is_healthy_but_not_ready_and_recovers():
    own = Chain(database=Database(Cluster()))
    own.db.cluster.stop("immediate")
    for d in own.all:
        wait_until(lambda: not d.ready, what=f"{d.name} is not ready")
        assert d.get("/healthz")[0] == 200
        assert "no database session" in d.get("/readyz")[1]
    own.db.cluster.start()
    for d in own.all:
        d.wait_ready(30)
    Case(own)


@test
def a_daemon_waits_for_a_database_that_comes_later():
    own = Chain(start=False, database=Database(Cluster()))
    own.db.cluster.stop()
    for d in own.all:
        d.start(ready=False)
        wait_until(lambda: "database not available, waiting" in d.log_text())
        assert d.running and not d.ready
    own.db.cluster.start()
    for d in own.all:
        d.wait_ready(30)
    Case(own)


@test
def a_database_without_schema_is_told_with_what_to_do():
    own = Chain(start=False, database=Database(migrate=False))
    own.intake.start(ready=False)
    wait_until(lambda: "run pulihctl migrate" in own.intake.log_text())
    assert not own.intake.ready
    own.db.migrate()
    own.intake.wait_ready(30)


@test
def a_stopping_daemon_is_not_ready():
    own = Chain()
    p = own.publisher()
    with own.db.hold("pulih.complaint"):
        p.send("complaint", a_complaint())
        own.db.wait_blocked("pulih_intake")
        own.intake.signal(signal.SIGTERM)
        wait_until(lambda: own.intake.get("/readyz") == (503, "stopping\n"))
        assert own.intake.get("/healthz")[0] == 200
    own.intake.stop()


# --- metrics ------------------------------------------------------------------------------------------------

@cases([(s, s) for s in SERVICES])
def every_metric_is_there_in_the_form_of_prometheus(service):
    text = daemon_named(service).get("/metrics")[1]
    for name, kind in METRICS:
        assert re.search(rf"^# HELP pulih_{name} \S.*\n# TYPE pulih_{name} {kind}\n"
                         rf'pulih_{name}\{{stage="{service}"\}} -?\d+$', text, re.M), name
    assert len(text.splitlines()) == 3 * len(METRICS)


@test
def counters_count():
    before = chain().intake.metrics()
    p = chain().publisher()
    body = a_complaint()
    first = p.call("complaint", body)
    p.call("complaint", body, id=first["id"])
    p.refusal("complaint", a_complaint(channel="nonsense"))
    after = chain().intake.metrics()

    def more(name):
        return after[f'pulih_{name}{{stage="intake"}}'] - before[f'pulih_{name}{{stage="intake"}}']
    assert (more("stored_total"), more("duplicates_total"), more("refused_total")) == (1, 1, 1)
    assert more("received_total") >= 4 and more("batches_total") == 2
    chain().wait_state(first["complaint"], "acknowledged")
    for service in SERVICES[1:]:
        assert daemon_named(service).metrics()[f'pulih_items_total{{stage="{service}"}}'] >= 1


@test
def the_gauge_of_sessions_follows_who_comes_and_goes():
    own = Chain()
    several = [own.publisher() for _ in range(3)]
    wait_until(lambda: [p.pump() for p in several] and
               own.intake.metrics()['pulih_sessions{stage="intake"}'] == 3)


# --- logs ---------------------------------------------------------------------------------------------------

def lines(to):
    for d in to.all:
        for line in d.log_text().splitlines():
            yield d, line


def some_work(to):
    case = Case(to, name='Nama "Aneh" = \\n')
    p = to.publisher('klien "satu" = dua')
    p.send_frame(b"\xc1")
    p.wait(lambda: p.nacks)
    to.subscriber("pelanggan\tbaru")
    case.do("note", text="x")
    to.stop()


@test
def logfmt_lines_are_whole_and_tell_time_level_program_and_event():
    own = Chain()
    some_work(own)
    for d, line in lines(own):
        assert re.fullmatch(rf"ts=\d{{4}}-\d\d-\d\dT[\d:.]+Z level=(debug|info|warning|error) "
                            rf"program=pulih-{d.service} event=\S.*", line), line
        assert re.fullmatch(rf"{PAIR}( {PAIR})*", line), line
    assert "stopped" in own.intake.log_text().splitlines()[-1]


@test
def json_lines_parse_and_hold_the_same():
    own = Chain(settings={"log": {"format": "json", "level": "debug"}})
    some_work(own)
    events = set()
    for d, line in lines(own):
        parsed = json.loads(line)
        assert {"ts", "level", "program", "event"} <= set(parsed) and parsed["program"] == f"pulih-{d.service}"
        events.add(parsed["event"])
    assert {"database ready", "ready", "publisher came", "subscriber came", "stopped"} <= events, events
    assert any('klien "satu" = dua' == json.loads(line).get("client") for _, line in lines(own))


@test
def at_level_error_nothing_is_said_when_all_is_well():
    own = Chain(settings={"log": {"level": "error"}})
    some_work(own)
    assert [line for _, line in lines(own)] == []


# --- the service manager ------------------------------------------------------------------------------------

class Manager:
    """Stands in for systemd: a datagram socket and what was told on it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="pulih-notify.")
        self.path = os.path.join(self.folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.told = []
        undo("manager", self.close)

    def close(self):
        self.socket.close()
        os.unlink(self.path)
        os.rmdir(self.folder)

    def listen(self):
        try:
            while True:
                self.told += self.socket.recv(4096).decode().splitlines()
        except BlockingIOError:
            return self.told

    def wait(self, what, times=1):
        wait_until(lambda: self.listen().count(what) >= times, what=what)


@cases([(s, s) for s in SERVICES])
def the_service_manager_hears_ready_reloading_and_stopping(service):
    manager = Manager()
    own = Chain(start=False, env={"NOTIFY_SOCKET": manager.path})
    d = getattr(own, service).start(ready=False)
    manager.wait("READY=1")
    assert d.ready and manager.told.count("READY=1") == 1 and "STOPPING=1" not in manager.told
    d.signal(signal.SIGHUP)
    manager.wait("READY=1", times=2)
    assert "RELOADING=1" in manager.told and manager.told.index("RELOADING=1") > manager.told.index("READY=1")
    d.stop()
    manager.wait("STOPPING=1")


@test
def ready_is_told_only_with_a_database():
    manager = Manager()
    own = Chain(start=False, env={"NOTIFY_SOCKET": manager.path}, database=Database(Cluster()))
    own.db.cluster.stop()
    own.intake.start(ready=False)
    wait_until(lambda: "waiting" in own.intake.log_text())
    assert "READY=1" not in manager.listen()
    own.db.cluster.start()
    manager.wait("READY=1")


@test
def the_watchdog_is_fed():
    manager = Manager()
    own = Chain(start=False, env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1000000"})
    own.escalation.start()
    manager.wait("WATCHDOG=1", times=3)


# --- what cannot start says why -----------------------------------------------------------------------------

def fails_to_start(daemon, *words):
    done = subprocess.run([os.path.join(BUILD, "pulih-" + daemon.service), "--config", daemon.config], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30 * SLOW)
    assert done.returncode == 1 and all(w in done.stdout for w in words), (done.returncode, done.stdout)


def with_setting(group, name, value):
    return Chain(start=False, database=chain().db, settings={group: {name: value}})


TAKEN = [("publish door", "intake", "publish"), ("feed door", "followup", "feed"),
         ("hint port", "classification", "listen"), ("http of intake", "intake", "http"),
         ("http of escalation", "escalation", "http")]


@cases(TAKEN)
def a_port_that_is_taken_is_told(service, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        address = f"127.0.0.1:{port}" if name == "http" else f"tcp://127.0.0.1:{port}"
        own = with_setting(service, name, address)
        fails_to_start(getattr(own, service), "not started", address, "in use")


ADDRESSES = [("publish door", "intake", "publish", "nonsense"), ("feed door", "followup", "feed", "tcp://:x"),
             ("hint port", "escalation", "listen", "udp://127.0.0.1:1"), ("http", "intake", "http", "127.0.0.1"),
             ("http with a name", "intake", "http", "localhost:1"),
             ("peer", "hints", "followup", ["tcp://"]),
             ("peer without port", "hints", "escalation", ["tcp://somewhere"])]


@cases(ADDRESSES)
def an_address_that_is_none_is_told(group, name, value):
    own = with_setting(group, name, value)
    daemon = own.intake if group == "hints" else getattr(own, group)
    fails_to_start(daemon, "not started", value if isinstance(value, str) else value[0])


@test
def a_second_daemon_beside_the_first_is_told_and_the_first_is_unharmed():
    fails_to_start(chain().intake, "not started", "in use")
    assert chain().publisher().call("complaint", a_complaint())["result"] == "stored"


@cases([(s, s) for s in SERVICES])
def ctrl_c_ends_it_like_sigterm(service):
    own = Chain(start=False, database=chain().db)
    d = getattr(own, service).start()
    d.signal(signal.SIGINT)
    assert d.process.wait(15) == 0
    d._ours = True


main()
