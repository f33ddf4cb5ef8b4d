"""Runs the model checker Spin over a model and reports in TAP.

Does.   Writes the model to $BUILD/model/<name>.pml, has spin make a checker of it, compiles that and runs it
        once per property. A state that the model reaches but does not say it means to is no fault.
Fails.  A property that does not hold is `not ok`, with the steps that lead there. Without spin everything is
        skipped.
"""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
FOLDER = os.path.join(ROOT, os.environ.get("BUILD", "build/release"), "model")
TRAIL_LINES = 120


class Property:
    """`defines` are those of the model, `flags` of the compiler, `run` of the checker. `holds` false: a
    counterexample must be found, which shows that the model can do what the claim forbids."""

    def __init__(self, name, defines=(), flags=(), run=(), claim=None, holds=True):
        self.name, self.claim, self.holds = name, claim, holds
        self.defines, self.flags, self.run = [f"-D{d}" for d in defines], list(flags), list(run)


def _call(folder, *command, timeout=600):
    done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout)
    return done.returncode, done.stdout


def _trail(folder, model, p):
    """The steps of the counterexample."""
    out = _call(folder, "spin", *p.defines, "-t", "-p", "-g", model)[1].splitlines()
    steps = [l for l in out if not l.startswith(("ltl", "Never claim", "starting claim"))]
    return steps if len(steps) < TRAIL_LINES else steps[:20] + ["..."] + steps[-TRAIL_LINES:]


def _check(folder, model, p):
    """(holds, what to tell)"""
    for old in os.listdir(folder):
        if old.startswith("pan") or old.endswith(".trail"):
            os.remove(os.path.join(folder, old))
    code, said = _call(folder, "spin", *p.defines, "-a", model)
    if code or "rror" in said:
        return None, said.splitlines()
    code, said = _call(folder, "gcc", "-O1", "-w", "-DMEMLIM=2000", "-DCOLLAPSE", *p.flags, "-o", "pan", "pan.c")
    if code:
        return None, said.splitlines()
    claim = ["-N", p.claim] if p.claim else []
    said = _call(folder, "./pan", "-m1000000", *p.run, *claim)[1]
    errors = re.search(r"errors: (\d+)", said)
    states = re.search(r"^ *(\d+) states, stored", said, re.M)
    if not errors or not states or "Search not completed" in said and errors.group(1) == "0":
        return None, said.splitlines()
    told = [f"{states.group(1)} states"]
    if errors.group(1) != "0" and p.holds:
        told += [l for l in said.splitlines() if l.startswith("pan:")] + _trail(folder, model, p)
    return errors.group(1) == "0", told


def verify(name, text, properties):
    """Checks all properties of a model, prints TAP and exits."""
    folder = os.path.join(FOLDER, name)
    model = f"{name}.pml"
    if not shutil.which("spin") or not shutil.which("gcc"):
        print("1..0 # SKIP spin is not installed: make deps WITH=lint")
        sys.exit(0)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, model), "w", encoding="utf-8") as f:
        f.write(text)
    print(f"1..{len(properties)}", flush=True)
    failed = 0
    for number, p in enumerate(properties, 1):
        holds, told = _check(folder, model, p)
        good = holds == p.holds
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {p.name}", flush=True)
        for line in told if not good else told[:1]:
            print("# " + line)
    sys.exit(1 if failed else 0)
