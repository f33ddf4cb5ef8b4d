"""Harness of the tests that need a database or running daemons.

A test script looks like this, prints TAP, and runs by itself or under tests/run:

    import os, sys
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
    from pulihtest import *

    @test
    def a_complaint_gets_a_receipt():
        chain = Chain()
        ack = chain.publisher().call("complaint", a_complaint())
        assert ack["result"] == "stored", ack

    main()

Names of arguments pick tests. Nobody sleeps to let something happen: wait_until a condition holds, and the
test fails after its timeout. What a test makes (databases, daemons, sessions) is taken down after it, the
last one first; a daemon that does not stop cleanly then, or that a sanitizer complained about, fails the
test. When a test fails, the ends of its daemons' logs are printed. What a function marked with @shared makes
serves all tests of the script; its end counts as a test of its own.
"""
import contextlib
import faulthandler
import os
import signal
import sys
import time
import traceback

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build/release"))
SLOW = 4 if "asan" in BUILD else 1  # sanitized programs get more time
SCALE = float(os.environ.get("FAULT_SCALE", "1"))  # fault tests do so many times as much, in so much more time

_tests = []
_undo = []  # (what, callable): taken down after the test, last first
_last = []  # callables: after the logs were shown
_logs = []  # paths of logs that a failure shows
_shared = []         # fixtures of the script
_shared_undo = []    # as _undo, _last and _logs, for what all tests share
_shared_last = []
_shared_logs = []
_shared_checks = []  # (what, callable): must hold after every test


class Skip(Exception):
    """Raised by a test that cannot run here; it counts as passed and says why."""


class TooLate(AssertionError):
    pass


def test(function=None, timeout=60):
    """Marks a function as a test."""
    def register(f):
        _tests.append((f.__name__, f, round(timeout * SLOW * max(1, SCALE))))
        return f
    return register(function) if function else register


def cases(rows, timeout=60):
    """One test per row (name, arguments...) of a table."""
    def register(f):
        for row in rows:
            _tests.append((f"{f.__name__}: {row[0]}", lambda r=row: f(*r[1:]), round(timeout * SLOW * max(1, SCALE))))
        return f
    return register


def shared(make):
    """Marks a function that makes something for all tests of the script: it is called once, at the first use,
    and what it made is taken down at the end of the script."""
    made = []
    _shared.append(make.__name__)

    def get():
        if not made:
            with _for_all_tests():
                made.append(make())
        return made[0]
    return get


@contextlib.contextmanager
def _for_all_tests():
    """What is registered inside stays until the end of the script."""
    global _undo, _last, _logs
    before = _undo, _last, _logs
    _undo, _last, _logs = _shared_undo, _shared_last, _shared_logs
    try:
        yield
    finally:
        _undo, _last, _logs = before
        _logs += [path for path in _shared_logs if path not in _logs]


def undo(what, function):
    """Has `function` called after the current test, whatever happens."""
    _undo.append((what, function))


def keep_true(what, function):
    """Has `function` called after each test as long as the thing lives: it raises when something is wrong.
    What belongs to one test only is checked when that is taken down."""
    if _undo is _shared_undo:
        _shared_checks.append((what, function))


def undo_last(function):
    """Has `function` called when the test is over and its logs were shown."""
    _last.append(function)


def show_log(path):
    """Has the end of a file printed when the current test fails."""
    if path not in _logs:
        _logs.append(path)


def wait_until(condition, timeout=15, what=None, every=0.01):
    """Polls until condition() is true and returns what it gave."""
    end = time.monotonic() + timeout * SLOW
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise TooLate(f"not within {timeout * SLOW} s: {what or condition.__name__}")
        time.sleep(every)


def note(text):
    for line in str(text).rstrip().splitlines():
        print("# " + line, flush=True)


def tail(path, lines=40):
    try:
        with open(path, errors="replace") as f:
            return f.read().splitlines()[-lines:]
    except OSError as e:
        return [str(e)]


def _take_down():
    """Undoes everything of a test; returns what went wrong with it."""
    wrong = _undo_all(_undo)
    for what, check in _shared_checks:
        try:
            check()
        except Exception as e:
            wrong.append(f"{what}: {e}")
    return wrong


def _undo_all(undo):
    wrong = []
    while undo:
        what, function = undo.pop()
        try:
            function()
        except Exception as e:  # the rest must be taken down all the same
            wrong.append(f"{what}: {e}")
    return wrong


def _end_shared():
    """Takes down what the tests of the script shared, as its last test."""
    del _shared_checks[:]
    _undo.extend(_shared_undo)
    _last.extend(_shared_last)
    del _shared_undo[:], _shared_last[:]


def _on_alarm(*_):
    raise TooLate("the test took too long")


def _run(name, function, timeout):
    """Runs one test; returns (why it was skipped or None, lines that say why it failed)."""
    _logs[:] = _shared_logs
    skipped, why = None, []
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.alarm(timeout)
    # A call into a library may not hear the alarm; then the whole script ends.
    faulthandler.dump_traceback_later(timeout + 90 * SLOW, exit=True)
    try:
        function()
    except Skip as e:
        skipped = str(e)
    except Exception:
        why = traceback.format_exc().splitlines()
    finally:
        signal.alarm(60 * SLOW)  # for taking down
        try:
            why += _take_down()
        finally:
            signal.alarm(0)
            faulthandler.cancel_dump_traceback_later()
    if why:
        for path in _logs:
            why += ["", f"--- end of {os.path.basename(path)} ---"] + tail(path)
    while _last:
        _last.pop()()
    return skipped, why


def _pick(names):
    for name in names:
        if not any(name in t[0] for t in _tests):
            sys.exit(f"no test named like {name}")
    return [t for t in _tests if not names or any(n in t[0] for n in names)]


def _run_all(picked):
    """Returns how many failed."""
    failed = 0
    for number, (name, function, timeout) in enumerate(picked, 1):
        skipped, why = _run(name, function, timeout)
        skip = f" # SKIP {skipped}" if skipped and not why else ""
        print(f"{'not ok' if why else 'ok'} {number} - {name.replace('_', ' ')}{skip}", flush=True)
        note("\n".join(why))
        failed += bool(why)
    return failed


def main():
    """Runs the tests of this script and exits. Who ends it early, by Ctrl-C or SIGTERM, leaves nothing running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    picked = _pick(sys.argv[1:])
    if _shared:
        picked.append(("what the tests shared ends cleanly", _end_shared, 60 * SLOW))
    print(f"1..{len(picked)}", flush=True)
    try:
        failed = _run_all(picked)
    except KeyboardInterrupt:
        _end_shared()
        note("\n".join(_take_down()))
        while _last:
            _last.pop()()
        failed = 1
    at_end()
    sys.exit(1 if failed else 0)


_at_end = []


def at_end(function=None):
    """Registers a function for the end of the script; without one, calls them."""
    if function:
        _at_end.append(function)
        return
    while _at_end:
        _at_end.pop()()


from tables import *   # noqa: E402,F401,F403  tests import everything from here
from pg import *       # noqa: E402,F401,F403
from link import *     # noqa: E402,F401,F403
from doors import *    # noqa: E402,F401,F403
from daemons import *  # noqa: E402,F401,F403
from samples import *  # noqa: E402,F401,F403
from chronology import *  # noqa: E402,F401,F403
from keys import *  # noqa: E402,F401,F403
