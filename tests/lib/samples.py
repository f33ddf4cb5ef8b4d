"""Material for tests: the sample complaints, and policies that differ from the standard one."""
import datetime
import glob
import json
import os
import re
import shutil
import tempfile
import time

import pulihtest as t

__all__ = ["samples", "is_reminded", "a_policy", "change_policy"]

_FOLDER = os.path.join(t.ROOT, "deploy/policies")
_TIMES = ("happened_at", "customer_deadline")


def _microseconds(text):
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1_000_000)


def is_reminded(body):
    """Whether the one in charge is reminded of a date that the customer set: not of one that has passed."""
    return body.get("customer_deadline", 0) > time.time() * 1_000_000


def samples():
    """Bodies of the complaints of tests/samples/complaints.jsonl."""
    with open(os.path.join(t.ROOT, "tests/samples/complaints.jsonl"), encoding="utf-8") as f:
        found = [json.loads(line) for line in f if line.strip()]
    return [{k: _microseconds(v) if k in _TIMES else v for k, v in body.items()} for body in found]


def a_policy(*changes):
    """Path of a policy of the test's own: the standard one with changes, see change_policy."""
    folder = tempfile.mkdtemp(prefix="pulih-policy.")
    t.undo_last(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.symlink(os.path.join(t.ROOT, "deploy/models"), os.path.join(folder, "models"))
    policies = os.path.join(folder, "policies")
    os.mkdir(policies)
    for path in glob.glob(os.path.join(_FOLDER, "*.cfg")) + glob.glob(os.path.join(_FOLDER, "*.ics")):
        shutil.copy(path, policies)
    path = os.path.join(policies, "default.cfg")
    change_policy(path, *changes)
    return path


def change_policy(path, *changes):
    """Replaces in a policy: each change is (regular expression that is found once, replacement)."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for pattern, replacement in changes:
        text, n = re.subn(pattern, replacement, text)
        assert n == 1, f"{pattern} is found {n} times"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
