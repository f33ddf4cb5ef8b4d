"""Doors that speak CURVE: who has no key that is on the list gets no frame through, at any time."""
import os
import re
import signal
import subprocess
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest
from keys import SOCKETS


class Guarded(Chain):
    """A chain with keys; "good" and "other" are on the list, "removed" is not."""

    def __init__(self, **more):
        self.keys = Keys("good", "other", "removed")
        self.keys.allow("good", "other")
        super().__init__(settings=self.keys.settings(), **more)

    def publisher(self, name="good", **more):
        return super().publisher(name, curve=self.keys.of(name), **more)

    def subscriber(self, name="good", **more):
        return super().subscriber(name, curve=self.keys.of(name), **more)

    @property
    def doors(self):
        return [(self.intake, self.publish_port), (self.followup, self.feed_port)]

    def reload(self, says="list of clients in force"):
        for daemon, _ in self.doors:
            before = daemon.log_text().count(says)
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: daemon.log_text().count(says) > before, what=says)


@shared
def chain():
    return Guarded()


def metric(daemon, name):
    return daemon.metrics()[f'pulih_{name}{{stage="{daemon.service}"}}']


def assert_serves(c, name="good"):
    ack = c.publisher(name).call("complaint", a_complaint())
    c.subscriber(name).wait_item(ack["complaint"], "acknowledged")


# --- nobody gets in -----------------------------------------------------------------------------------------

@cases([(kind, kind) for kind in INTRUDERS])
def an_intruder_gets_no_frame_through(kind):
    with zmq.Context() as context:
        for daemon, port in chain().doors:
            before = metric(daemon, "received_total")
            for _ in range(3):
                assert not knock(context, kind, port, chain().keys)
            assert metric(daemon, "received_total") == before
            assert "client=intruder" not in daemon.log_text()
    assert_serves(chain())


@test(timeout=240)
def nobody_gets_in_while_daemons_start_run_reload_lose_their_database_and_drain():
    cluster = Cluster()
    c = Guarded(database=Database(cluster), start=False)
    siege = Siege([c.publish_port, c.feed_port], c.keys)

    cluster.pause()  # they start, and wait
    for d in c.all:
        d.start(ready=False)
    for d, _ in c.doors:
        wait_until(lambda: "door open" in d.log_text(), 30, "open door")
    siege.rounds()
    cluster.resume()
    for d in c.all:
        d.wait_ready(30)

    p, f = c.publisher(), c.subscriber()
    acks = [p.call("complaint", a_complaint()) for _ in range(3)]
    siege.rounds(clients=(p, f))

    for _ in range(5):
        c.reload()
        acks.append(p.call("complaint", a_complaint()))
        f.pump()
    c.keys.write("clients", "good\n")
    c.reload("new list of clients refused")
    siege.rounds(clients=(p, f))
    c.keys.allow("good", "other")
    c.reload()
    acks.append(p.call("complaint", a_complaint()))

    cluster.stop("immediate")
    siege.rounds(clients=(p, f))
    for d, _ in c.doors:
        wait_until(lambda: not d.ready, 30, "the database is missed")
    cluster.start()
    for d in c.all:
        d.wait_ready(30)
    p.open()
    f.open()
    acks.append(p.call("complaint", a_complaint()))
    for ack in acks:
        f.wait_item(ack["complaint"], "acknowledged", 30)

    with c.db.hold("pulih.complaint"):
        last = p.send("complaint", a_complaint())
        c.db.wait_blocked("pulih_intake")
        for d, _ in c.doors:
            d.signal(signal.SIGTERM)
            wait_until(lambda: "stopping" in d.log_text())
        siege.rounds(clients=[p])
        assert c.intake.running
    assert p.receipt(last)["result"] == "stored"
    for d, _ in c.doors:
        d.stop()
    siege.rounds(1)
    siege.end()
    note(f"attempts at each door: {siege.counts}")
    for d, _ in c.doors:
        assert "client=intruder" not in d.log_text()


@test(timeout=120)
def thousands_of_handshakes_that_fail_fill_neither_memory_nor_log():
    def rss(daemon):
        with open(f"/proc/{daemon.pid}/status") as f:
            return int(next(line for line in f if line.startswith("VmRSS:")).split()[1])

    def storm(context, port, daemon, n):
        kinds = ["without a key", "with an unknown key", "with the key of another server", "with a password"]
        for start in range(0, n, 100):
            before = metric(daemon, "turned_away_total")
            sockets = []
            for i in range(start, start + 100):
                s = context.socket(zmq.DEALER)
                s.setsockopt(zmq.LINGER, 0)
                s.setsockopt(zmq.RECONNECT_IVL, -1)
                SOCKETS[kinds[i % 4]](s, chain().keys)
                s.connect(f"tcp://127.0.0.1:{port}")
                sockets.append(s)
            wait_until(lambda: metric(daemon, "turned_away_total") >= before + 95, 30, "they are turned away")
            for s in sockets:
                s.close()

    with zmq.Context() as context:
        for daemon, port in chain().doors:
            storm(context, port, daemon, 500)
            before = rss(daemon)
            storm(context, port, daemon, 3000)
            after = rss(daemon)
            note(f"{daemon.name}: {before} KiB before, {after} KiB after")
            assert SLOW > 1 or after - before < 2048, f"{after - before} KiB more"
            lines = [line for line in daemon.log_text().splitlines() if '"turned away"' in line]
            assert 0 < len(lines) < 60, len(lines)
    assert_serves(chain())


@test
def the_log_says_why_without_saying_who():
    c = Guarded()
    with zmq.Context() as context:
        knock(context, "with an unknown key", c.publish_port, c.keys)
        knock(context, "with frames behind a greeting", c.publish_port, c.keys)
        knock(context, "with the key of another server", c.publish_port, c.keys)
        removed = c.keys.clients["removed"][0].decode()
        knock(context, "with a key that was removed", c.feed_port, c.keys)
    for why in ("its key is not on the list", "it speaks without CURVE", "it left, or has not our public key"):
        wait_until(lambda: why in c.intake.log_text(), what=why)
    line = wait_until(lambda: next((l for l in c.followup.log_text().splitlines() if "turned away" in l), None))
    assert removed[:10] in line.replace("\\\\", "\\") and removed not in line and "127.0.0.1" not in line, line
    assert metric(c.intake, "turned_away_total") >= 3
    assert c.keys.server[1].decode() not in c.intake.log_text()


@test
def the_log_knows_the_user_whatever_he_calls_himself():
    p = Publisher(chain().publish_port, "somebody-else", curve=chain().keys.of("other"))
    p.call("complaint", a_complaint())
    assert re.search(r'publisher came.* client=somebody-else user=other', chain().intake.log_text())


@test
def a_session_is_not_inherited_by_another_key_under_the_same_routing_id():
    def connect(name):
        s = context.socket(zmq.DEALER)
        s.setsockopt(zmq.LINGER, 0)
        s.setsockopt(zmq.ROUTING_ID, b"heir")
        s.curve_serverkey, s.curve_publickey, s.curve_secretkey = c.keys.of(name)
        s.connect(f"tcp://127.0.0.1:{c.publish_port}")
        return s

    def call(s, name, **body):
        s.send(msgpack.packb([1, WIRE[name], body]))
        assert s.poll(10000 * SLOW)
        _, wire, body = msgpack.unpackb(s.recv())
        return MESSAGE[wire], body

    c = chain()
    with zmq.Context() as context:
        first = connect("good")
        assert call(first, "hello", protocol=1, client="first")[0] == "welcome"
        first.close()

        def says():
            with connect("other") as second:  # not heard while the first connection is still known
                second.send(msgpack.packb([1, WIRE["event"], {
                    "id": new_id(), "type": "complaint", "occurred_at": now_us(), "body": a_complaint()}]))
                return second.poll(500) and msgpack.unpackb(second.recv())
        _, wire, body = wait_until(says)
        assert MESSAGE[wire] == "nack" and body["refusal"] == "no_session", body


@test
def hints_speak_curve_too():
    before = metric(chain().classification, "hints_in_total")
    assert_serves(chain())
    wait_until(lambda: metric(chain().classification, "hints_in_total") > before)
    assert metric(chain().classification, "let_in_total") > 0
    for service in ("classification", "escalation", "followup"):
        daemon, port = chain().daemons[service][0], chain().hints[service][0]
        away = metric(daemon, "turned_away_total")
        with zmq.Context() as context:
            for kind in ("without a key", "with an unknown key", "with a key that was removed"):
                assert not knock(context, kind, port, chain().keys)
        wait_until(lambda: metric(daemon, "turned_away_total") >= away + 3)


# --- the list changes ---------------------------------------------------------------------------------------

@test
def who_is_removed_is_not_heard_any_more_and_others_go_on():
    c = Guarded()
    p, f = c.publisher(), c.subscriber(from_now=True)
    other, feed = c.publisher("other"), c.subscriber("other", from_now=True)
    first = p.call("complaint", a_complaint())
    for s in (f, feed):
        s.wait_item(first["complaint"], "acknowledged")
    c.keys.allow("other")
    c.reload()
    nack = p.wait(lambda: p.nacks, 5)[0]
    assert nack["refusal"] == "not_allowed" and "list of clients" in nack["rule"], nack
    f.wait(lambda: [b for n, b in f.others if n == "nack" and b["refusal"] == "not_allowed"], 5)
    for d in (c.intake, c.followup):
        wait_until(lambda: metric(d, "sessions") == 1)
        assert re.search("session ended: not on the list any more.* user=good", d.log_text())

    # The connection is still there; what comes over it is refused.
    id, n = new_id(), len(p.nacks)
    p.say("event", id=id, type="complaint", occurred_at=now_us(), body=a_complaint())
    p.say("hello", protocol=1, client="good")
    p.wait(lambda: len(p.nacks) >= n + 2, 5)
    assert {x["refusal"] for x in p.nacks} == {"not_allowed"}
    f.say("letter_get", complaint=first["complaint"], number=1)
    second = other.call("complaint", a_complaint())
    feed.wait_item(second["complaint"], "acknowledged")
    f.wait(lambda: len([b for name, b in f.others if name == "nack"]) >= 2, 5)
    assert not f.of(second["complaint"]) and not f.letters
    assert c.db.one("SELECT count(*) FROM pulih.complaint WHERE id = %s", id.hex()) == 0
    with zmq.Context() as context:
        c.keys.clients["removed"] = c.keys.clients["good"]
        for port in (c.publish_port, c.feed_port):
            assert not knock(context, "with a key that was removed", port, c.keys)

    c.keys.allow("good", "other")
    c.reload()
    assert_serves(c)


@test
def another_key_under_the_same_name_ends_the_sessions_of_the_old_one():
    c = Guarded()
    p = c.publisher()
    p.call("complaint", a_complaint())
    old, c.keys.clients["good"] = c.keys.clients["good"], c.keys.clients["removed"]
    c.keys.allow("good", "other")
    c.reload()
    p.wait(lambda: p.nacks, 5)
    assert_serves(c)
    with zmq.Context() as context:
        c.keys.clients["removed"] = old
        assert not knock(context, "with a key that was removed", c.publish_port, c.keys)


FAULTS = [  # name, text of the list (K: a key), what the fault says
    ("no key", "good\n", r"clients:1: good has no public key"),
    ("half a key", "# x\ngood abc\n", r"clients:2: good has no public key: want 40 signs of Z85, got 3 bytes"),
    ("a name twice", "good K\nother K\ngood K\n", r"clients:3: the name good stands in line 1 already"),
    ("nobody", "# nobody\n", r"clients: names no client"),
    ("nothing", "", r"clients: names no client"),
]


def with_keys(text):
    return re.sub(r"\bK\b", lambda _: zmq.curve_keypair()[0].decode(), text)


@cases(FAULTS)
def a_faulty_list_leaves_the_old_one_in_force(text, says):
    c = chain()
    p = c.publisher()
    try:
        c.keys.write("clients", with_keys(text))
        c.reload("new list of clients refused")
        assert re.search(says, c.intake.log_text())
        assert p.call("complaint", a_complaint())["result"] == "stored"
        assert_serves(c)
    finally:
        c.keys.allow("good", "other")
        c.reload()


@test
def a_list_that_is_gone_or_open_to_all_leaves_the_old_one_in_force():
    c = chain()
    try:
        os.rename(c.keys.list, c.keys.list + ".away")
        c.reload("new list of clients refused")
        os.rename(c.keys.list + ".away", c.keys.list)
        os.chmod(c.keys.list, 0o666)
        c.reload("new list of clients refused")
        assert "its mode is 0666, may be at most 0664" in c.intake.log_text()
        assert_serves(c)
    finally:
        c.keys.allow("good", "other")
        c.reload()


# --- start --------------------------------------------------------------------------------------------------

def check(keys, curve, service, *options):
    """(exit code, all output) of a daemon with these keys."""
    path = keys.write("pulih.cfg", config_text({"policy": POLICY, "curve": curve}))
    done = subprocess.run([os.path.join(pulihtest.BUILD, "pulih-" + service), "--config", path, *options], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=30 * SLOW)
    return done.returncode, done.stdout


def assert_good(keys, curve, service):
    code, out = check(keys, curve, service, "--check")
    assert code == 0, out


def assert_refused(keys, curve, *says, service):
    for options in (["--check"], []):
        code, out = check(keys, curve, service, *options)
        assert code == 1, out
        for s in says:
            assert re.search(s, out), (s, out)
        assert keys.server[1].decode() not in out, out


@cases([(s, s) for s in ("intake", "followup")])
def keys_that_cannot_be_used_stop_the_start(service):
    keys = Keys("good")
    good = {"secret_key": keys.secret, "clients": keys.list}
    line = r"pulih\.cfg:\d+: curve\."
    refused = lambda curve, *says: assert_refused(keys, curve, *says, service=service)
    refused({**good, "secret_key": keys.secret + ".none"}, "none: No such file", line + "secret_key: names a file")
    refused({**good, "clients": keys.list + ".none"}, "none: No such file", line + "clients: names a file")
    refused({"secret_key": keys.secret}, line + "secret_key: needs curve.clients")
    refused({"clients": keys.list}, line + "clients: .*without secret_key nobody is asked")
    refused({**good, "secret_key": "/"}, "not a regular file")
    os.chmod(keys.secret, 0o644)
    refused(good, "server.key: its mode is 0644, may be at most 0640", line + "secret_key")
    os.chmod(keys.secret, 0o600)
    for text, says in (("secret-key = \"abc\"\n", "server.key:1: secret-key is no key"),
                       (keys.server[1].decode() + "\n", "server.key:1: want public-key"),
                       (Keys.text((keys.clients["good"][0], keys.server[1])), "public-key is not that of")):
        keys.write("server.key", text, 0o600)
        refused(good, says)
    keys.write("server.key", Keys.text(keys.server), 0o640)
    for _, text, says in FAULTS:
        keys.write("clients", with_keys(text))
        refused(good, says, line + "clients")
    keys.allow("good")
    assert_good(keys, good, service)
    assert_good(keys, {"secret_key": "server.key", "clients": "clients"}, service)  # beside the file


@cases([(s, s) for s in ("classification", "escalation")])
def daemons_without_a_door_need_the_key_alone(service):
    keys = Keys("good")
    os.unlink(keys.list)
    assert_good(keys, {"secret_key": keys.secret, "clients": keys.list}, service)
    assert_refused(keys, {"secret_key": keys.secret + ".none", "clients": keys.list}, "No such file", service=service)


# --- pulihctl -----------------------------------------------------------------------------------------------

def ctl(*args, code=0, env=None, text=None):
    done = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), *args], text=True, input=text,
                          capture_output=True, timeout=60 * SLOW,
                          env={**os.environ, "PULIH_DATABASE": chain().db.conninfo(), **(env or {})})
    assert done.returncode == code, (args, done)
    return done.stdout, done.stderr


def uuid_of(b):
    return str(uuid.UUID(bytes=bytes(b)))


COMPLAINT = '{"story": "The parcel is late.", "channel": "web", "language": "en"}\n'


def publish(port, *args, **more):
    return ctl("publish", "-", "--endpoint", f"tcp://127.0.0.1:{port}", *args, text=COMPLAINT, **more)


@test
def a_new_key_is_made_shown_listed_and_used():
    c = Guarded()
    path = os.path.join(c.keys.folder, "mine.key")
    out, err = ctl("key", "new", "--out", path, "--client", "mine")
    name, public = out.split()
    assert name == "mine" and len(public) == 40 and public in err
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert ctl("key", "show", path)[0] == public + "\n"
    text = open(path).read()
    assert "a key is never overwritten" in ctl("key", "new", "--out", path, code=1)[1]
    assert open(path).read() == text
    assert zmq.curve_public(re.search('secret-key = "(.*)"', text).group(1).encode()).decode() == public
    c.keys.clients["mine"] = (public.encode(), b"")
    c.keys.allow("good", "mine")
    c.reload()
    out = publish(c.publish_port, "--key-file", path, "--server-key", c.keys.server[0].decode())[0]
    assert out.startswith("1 read, 1 stored"), out


@test
def every_command_that_goes_to_a_door_takes_keys():
    c = chain()
    env = {"PULIH_KEY_FILE": c.keys.file("good"), "PULIH_SERVER_KEY": c.keys.server[0].decode()}
    options = ["--key-file", env["PULIH_KEY_FILE"], "--server-key", env["PULIH_SERVER_KEY"]]
    publish_door, feed_door = (["--endpoint", f"tcp://127.0.0.1:{p}"] for p in (c.publish_port, c.feed_port))
    assert "1 stored" in publish(c.publish_port, env=env)[0]
    id = uuid_of(c.publisher().call("complaint", a_complaint())["complaint"])
    c.wait_state(bytes.fromhex(id.replace("-", "")), "acknowledged")
    for how, more in ((options, {}), ([], {"env": env}), (options[:2], {"env": {"PULIH_SERVER_KEY": options[3]}})):
        assert ": stored" in ctl("send", "note", id, "text=x", "actor=a", *publish_door, *how, **more)[0]
        assert "subject: " in ctl("letter", id, "1", *feed_door, *how, **more)[0]
        assert " -> " in ctl("feed", "--from", "start", "--count", "1", *feed_door, *how, **more)[0]


@test
def what_is_wrong_with_the_keys_is_said():
    c, server = chain(), chain().keys.server[0].decode()
    good, removed = c.keys.file("good"), c.keys.file("removed")
    door = ["--endpoint", f"tcp://127.0.0.1:{c.feed_port}"]
    for run in (lambda *a, **m: publish(c.publish_port, *a, **m), lambda *a, **m: ctl("feed", *door, *a, **m)):
        says = run("--key-file", removed, "--server-key", server, code=1)[1]
        assert "it does not know our key: have it put on the list" in says, says
        for how, wanted in ((["--key-file", good], "the key is missing (PULIH_SERVER_KEY)"),
                            (["--server-key", server], "the file is missing (PULIH_KEY_FILE)"),
                            (["--key-file", good, "--server-key", "abc"], "must be 40 signs of Z85, got 3 bytes"),
                            (["--key-file", good + ".none", "--server-key", server], "No such file")):
            says = run(*how, code=2)[1]
            assert wanted in says, says
    says = publish(c.publish_port, "--timeout", "2", "--key-file", good, "--server-key",
                   c.keys.clients["good"][0].decode(), code=1)[1]
    assert "is the server's public key the right one?" in says, says
    id = uuid_of(c.publisher().call("complaint", a_complaint())["complaint"])
    patience = ["--timeout", "10"]
    for says in (publish(c.publish_port, *patience, code=1)[1],
                 ctl("send", "note", id, "text=x", "actor=a", "--endpoint", f"tcp://127.0.0.1:{c.publish_port}",
                     *patience, code=1)[1],
                 ctl("letter", id, "1", *door, *patience, code=1)[1]):
        # "it speaks CURVE only", or, where the word for it is lost with the connection, "if it speaks CURVE"
        assert "a key file and its public key are needed" in says, says


@test
def keys_at_a_door_without_keys_are_told():
    plain = Chain()
    says = publish(plain.publish_port, "--key-file", chain().keys.file("good"), "--server-key",
                   chain().keys.server[0].decode(), code=1)[1]
    assert "it speaks without CURVE" in says or "does it speak CURVE" in says, says  # told late, a guess


@test
def the_python_examples_find_their_keys_in_the_environment():
    c = chain()
    env = {**os.environ, "PULIH_KEY_FILE": c.keys.file("good"), "PULIH_SERVER_KEY": c.keys.server[0].decode()}

    def example(name, port, *args, **more):
        return subprocess.run([sys.executable, os.path.join(pulihtest.ROOT, "proto/examples/python", name), "--door",
                               f"tcp://127.0.0.1:{port}", *args], env=env, cwd=c.keys.folder, text=True,
                              stdout=subprocess.PIPE, check=True, timeout=40 * SLOW, **more).stdout
    out = example("publish.py", c.publish_port, input='{"type": "complaint", "body": ' + COMPLAINT.strip() + "}\n")
    assert "stored" in out, out
    assert example("follow.py", c.feed_port, "--count", "1", stdin=subprocess.DEVNULL)


@test
def check_looks_at_the_keys():
    keys = Keys("good")
    path = keys.write("pulih.cfg", config_text({"policy": POLICY, **keys.settings()}))
    assert "a good key, and 1 clients" in ctl("check", path)[0]
    keys.write("clients", "good\n")
    assert "clients:1: good has no public key" in ctl("check", path, code=1)[0]


main()
