"""The n-th call fails: of libpq, of ZeroMQ, of the allocator, of the system. A program that may end of it says why, and
is started again; then nothing is lost, nothing happened twice, and all comes to rest.

PULIH_FAILURES=k tries every k-th n of each call, until none is reached any more, and says how far that was:
`make failures` tries them all. Without it each program meets every seventh of the calls, at one n, evenly over all.
What takes memory is counted by place where a program starts, or is pulihctl: a chain of callers that was there
before tells nothing new."""
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest
from failing import *
from history import *
from load import *

STEP = int(os.environ.get("PULIH_FAILURES", "0"))
GOLDEN = 0.618034  # multiples of it, less their whole part, lie evenly
EVERY = 7
MISSES = 3  # in a row: how many calls there are differs a little from one time to the next
SETTLE_EVERY = 25  # deaths at a start, before anything was done
TIME = 36000 if STEP else 120
PULIHCTL = os.path.join(pulihtest.BUILD, "pulihctl")
MEMORY = ("malloc", "calloc", "realloc", "strdup")


def numbers(total, which):
    """Which calls fail: one, or every k-th from the first on, without an end."""
    if not STEP:
        yield 1 + int(which * GOLDEN % 1 * total)
        return
    n = 1 + which % STEP
    while True:
        yield n
        n += STEP


def sweep(of, nth, count, attempt):
    """attempt(call, error, may_end, n) for each call and n; it says whether the n-th call was made."""
    totals = {}
    for which, (call, error, may_end) in enumerate(CALLS):
        if not STEP and (which + nth) % EVERY != 0:
            continue
        if not STEP and call not in totals:
            totals[call] = count(call)
        missed = 0
        for n in numbers(totals.get(call), which):
            try:
                missed = 0 if attempt(call, error, may_end, n) else missed + 1
            except Exception as e:
                raise AssertionError(f"{of}: call {n} of {call} fails with {error}: {e}") from e
            if missed == MISSES:
                break
        if STEP:
            note(f"{of}: {call} {error}: until {n}")


def assert_said_why(call, code, said):
    """A program that ended early told what was missing. Where memory is, libconfig and libpgm, which is in ZeroMQ, end
    it in silence."""
    in_library = call in MEMORY and not said and code in (-signal.SIGSEGV, -signal.SIGABRT)
    assert in_library or said and code in (1, 2, -signal.SIGABRT), f"ended with {code}: {said[-300:]}"


# --- daemons --------------------------------------------------------------------------------------------------

class Yard:
    """The daemons, each under the rule of a page, a publisher, and a follower."""

    def __init__(self):
        quick = {"poll_ms": 20, "grace_ms": 0}
        self.chain = Chain(settings={s: quick for s in SERVICES}, start=False)
        self.db = self.chain.db
        self.rules = {}
        for d in self.chain.all:
            self.rules[d.service] = Failing()
            d.env.update(self.rules[d.service].env)
        self.chain.start()
        self.load = Load(self.chain.publish_port, window=3)
        self.follower = self.chain.subscriber()
        self.deaths = 0

    def step(self, more=True):
        """Goes on publishing and following, whoever dies meanwhile."""
        self.load.step(more)
        try:
            self.follower.pump(0)
        except zmq.Again:
            self.follower.disconnect()

    def has_all(self, total):
        """Whether the follower has the whole feed; it comes back when the door has given it up."""
        f = self.follower
        if not f.alive or any(name == "nack" and body["refusal"] == "no_session" for name, body in f.others):
            f.others.clear()
            f.open(30)
        return len(f.items) >= total

    def settle(self):
        """All rest, and the history is sound."""
        for d in self.chain.all:
            d.wait_ready(30)
        self.load.run(2)
        self.load.finish()
        self.chain.wait_quiet()
        total = self.db.one("SELECT sum(last)::int8 FROM pulih.feed_head")
        self.follower.wait(lambda: self.has_all(total), 30, "the whole feed")
        check_history(self.db, self.load, self.follower)


def scene(y, d, during_start):
    """A start, or a few complaints; returns when the program is through, or has ended."""
    if during_start:
        d.start(ready=False)
        wait_until(lambda: not d.running or d.ready, 30, f"{d.name} is ready or has ended")
    goal = len(y.load.acks) + 3
    wait_until(lambda: y.step() or not d.running or len(y.load.acks) >= goal, 30, "receipts", every=0)
    wait_until(lambda: y.step(more=False) or not d.running or
               not y.db.one("SELECT count(*) FROM pulih.pending"), 30, "the work is done")


def fails(y, d, during_start, call, error, may_end, n):
    """Has the n-th call fail; False: there was none."""
    rule, since = y.rules[d.service], len(d.log_text())
    if during_start and d.running:
        d.kill()
    rule.fail(call, n, error, by_place=during_start and call in MEMORY)
    d.may_end()
    scene(y, d, during_start)
    hit = rule.over(call)
    try:
        if d.running:
            y.settle()
    except AssertionError:
        if d.running:
            raise
    if not d.running:
        assert may_end, f"ended with {d.process.returncode}"
        assert_said_why(call, d.process.returncode, d.log_text()[since:].strip())
        y.deaths += 1
        if not during_start or y.deaths % SETTLE_EVERY == 0:
            d.start()
            y.settle()
    return hit


def count(y, d, during_start, call):
    """How many such calls a scene makes."""
    rule = y.rules[d.service]
    if during_start and d.running:
        d.kill()
    rule.fail(call, 0, by_place=during_start and call in MEMORY)
    before = rule.calls(call)
    scene(y, d, during_start)
    total = rule.calls(call) - before
    rule.over(call)
    return total


def fails_everywhere(service, during_start):
    y = Yard()
    d = y.chain.daemons[service][0]
    sweep(service, SERVICES.index(service), lambda call: count(y, d, during_start, call),
          lambda *what: fails(y, d, during_start, *what))


@cases([(s, s) for s in SERVICES], timeout=TIME)
def a_call_fails_while_it_starts(service):
    fails_everywhere(service, True)


@cases([(s, s) for s in SERVICES], timeout=TIME)
def a_call_fails_while_it_works(service):
    fails_everywhere(service, False)


@test
def an_answer_that_memory_was_too_short_for_is_asked_for_again():
    """libpq throws it away and waits for another one; nobody waits with it."""
    y = Yard()
    n = 0
    while n < 8 and fails(y, y.chain.classification, False, "malloc", "ENOMEM", True, n + 1):
        n += 1
    assert n >= 4, f"{n} calls failed"


@cases([(call, call) for call in ("malloc", "calloc", "realloc")], timeout=TIME)
def a_policy_that_memory_was_too_short_for_is_never_taken_for_whole(call):
    rule = Failing()
    folder = tempfile.mkdtemp(prefix="pulih-check.")
    undo_last(lambda: shutil.rmtree(folder))
    path = os.path.join(folder, "pulih.cfg")
    with open(path, "w") as f:
        f.write(config_text({"policy": POLICY}))
    check = [os.path.join(BUILD, "pulih-followup"), "--check", "--config", path]
    env = dict(os.environ, **rule.env)
    said = subprocess.run(check, env=env, capture_output=True)
    assert said.returncode == 0, said
    total = rule.calls(call)
    for n in range(1, total - 20, STEP or total // 20):  # the last ones are of stdio, which does without
        rule.fail(call, n, "ENOMEM")
        done = subprocess.run(check, env=env, capture_output=True, text=True)
        assert rule.over(call)
        assert done.returncode and not done.stdout, f"call {n} of {total}: {done}"


# --- pulihctl, and in it libpulih -----------------------------------------------------------------------------

class Desk:
    """pulihctl under a rule, beside a chain that has something to tell."""

    def __init__(self):
        self.chain = Chain()
        self.rule = Failing()
        self.folder = tempfile.mkdtemp(prefix="pulih-desk.")
        undo_last(lambda: shutil.rmtree(self.folder))
        self.published = 0
        load = Load(self.chain.publish_port)
        load.run(30)
        load.finish()
        self.chain.wait_quiet()
        self.reference = next(a["reference"] for a in load.told)
        self.whole = None  # what the command at hand says, or makes, when nothing fails
        self.empty = None  # a database to migrate

    def run(self, *args, rule=False):
        env = dict(os.environ, PULIH_DATABASE=self.chain.db.conninfo(), **(self.rule.env if rule else {}))
        return subprocess.run([PULIHCTL, *args], env=env, capture_output=True, text=True, timeout=40,
                              stdin=subprocess.DEVNULL)


@shared
def the_desk():
    return Desk()


def publishes(desk, begin):
    """A file goes in; a second time, where the first one ended early, and then each line is there once."""
    desk.published += 1
    path = os.path.join(desk.folder, "complaints.jsonl")
    mark = f"kawat{desk.published}x"
    with open(path, "w") as f:
        for n in range(4):
            f.write(json.dumps(a_complaint(story=f"Sambungan putus {mark} nomor {n}.")) + "\n")
    args = ["publish", path, "--endpoint", f"tcp://127.0.0.1:{desk.chain.publish_port}"]
    begin()
    done = desk.run(*args, rule=True)
    yield done
    again = desk.run(*args)
    assert again.returncode == 0, again
    stored = desk.chain.db.one("SELECT count(*) FROM pulih.content WHERE position(%s::bytea in body) > 0",
                               mark.encode())
    assert stored == 4, f"{stored} of 4 are stored: {done}"
    if done.returncode == 0:
        assert done.stdout.startswith("4 read, 4 stored") or "duplicate" in done.stdout, done


def follows(desk, begin):
    """The feed from its start: each stream in order, nothing twice."""
    total = desk.chain.db.one("SELECT sum(last)::int8 FROM pulih.feed_head")
    args = ["feed", "--endpoint", f"tcp://127.0.0.1:{desk.chain.feed_port}", "--from", "start", "--json",
            "--count", str(total)]
    desk.whole = desk.whole or desk.run(*args).stdout.splitlines()
    assert len(desk.whole) == total
    begin()
    done = desk.run(*args, rule=True)
    yield done
    said = done.stdout.splitlines(True)
    said = [line.rstrip("\n") for line in said if line.endswith("\n")]
    assert len(set(said)) == len(said) and set(said) <= set(desk.whole), "what no one wrote, or twice"
    assert by_stream(said) == {s: lines[:len(by_stream(said)[s])] for s, lines in by_stream(desk.whole).items()
                               if s in by_stream(said)}, "out of order"
    assert done.returncode != 0 or len(said) == total, f"{len(said)} of {total}"


def by_stream(lines):
    found = collections.defaultdict(list)
    for line in lines:
        item = json.loads(line)
        found[item["stream"]].append(item["seq"])
    return found


def asks(*args):
    """A question about the database: the whole answer, or none that passes for it."""
    def answer(done):
        return [line for line in done.stdout.splitlines() if '"what":"replica"' not in line]  # they come and go

    def act(desk, begin):
        words = [desk.reference if a == "REF" else a for a in args]
        desk.whole = desk.whole or answer(desk.run(*words))
        begin()
        done = desk.run(*words, rule=True)
        yield done
        assert done.returncode != 0 or answer(done) == desk.whole, f"another answer: {done.stdout[-300:]}"
    return act


def migrates(desk, begin):
    """Tables come to be; a second time, where the first one ended early, and all is as if it had been done at once."""
    desk.empty = desk.empty or Database(migrate=False)
    db = desk.empty
    db.query("DROP SCHEMA IF EXISTS pulih CASCADE")
    begin()
    done = desk.run("migrate", "--database", db.conninfo(), rule=True)
    yield done
    assert done.returncode or db.one("SELECT count(*) FROM pulih.schema_version"), done
    db.migrate()
    desk.whole = desk.whole or what_was_made(Database())
    assert what_was_made(db) == desk.whole, done


COMMANDS = [("publish", publishes), ("feed", follows), ("show", asks("show", "REF")), ("list", asks("list")),
            ("stats", asks("stats", "--json")), ("migrate", migrates)]


def command_fails(desk, act, call, error, n):
    run = act(desk, lambda: desk.rule.fail(call, n, error, by_place=call in MEMORY))
    done = next(run)
    hit = desk.rule.over(call)
    if done.returncode:
        assert_said_why(call, done.returncode, done.stderr.strip())
    next(run, None)
    return hit


def calls_of(desk, act, call):
    before = None

    def begin():
        nonlocal before
        desk.rule.fail(call, 0, by_place=call in MEMORY)
        before = desk.rule.calls(call)
    for _ in act(desk, begin):
        total = desk.rule.calls(call) - before
    desk.rule.over(call)
    return total


@test
def no_text_is_published_with_signs_missing():
    """jansson leaves out what it lacks memory for, and does not say so."""
    for n in range(22, 29):
        command_fails(the_desk(), publishes, "malloc", "ENOMEM", n)


@cases([(name, name, act) for name, act in COMMANDS], timeout=TIME)
def a_call_of_pulihctl_fails(name, act):
    desk = the_desk()
    desk.whole = None
    desk.chain.wait_quiet()
    nth = [c[0] for c in COMMANDS].index(name)
    sweep(name, nth, lambda call: calls_of(desk, act, call),
          lambda call, error, may_end, n: command_fails(desk, act, call, error, n))


main()
