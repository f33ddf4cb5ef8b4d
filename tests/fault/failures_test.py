"""The n-th call of a function fails."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from failing import *

ALL = os.environ.get("PULIH_FAILURES") == "all"


@cases([(call, call) for call in ("malloc", "calloc", "realloc")], timeout=36000 if ALL else 60)
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
    for n in range(1, total - 20, 1 if ALL else total // 40):  # the last ones are of stdio, which does without
        rule.fail(call, n, "ENOMEM")
        done = subprocess.run(check, env=env, capture_output=True, text=True)
        assert rule.over(call)
        assert done.returncode and not done.stdout, f"call {n} of {total}: {done}"


main()
