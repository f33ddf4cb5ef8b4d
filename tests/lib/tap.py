"""TAP for checks: each check gives a list of faults, and none is good. Also finds the project's files."""
import os
import re
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
NOT_OURS = {".git", "build", "var", "__pycache__", ".cache", "node_modules"}


def files(*patterns):
    """Paths of the project's files, relative to its root, that match one of the regular expressions whole."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if any(re.fullmatch(p, path) for p in patterns):
                found.append(path)
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def lines(path):
    """(number, text) of each line."""
    return enumerate(read(path).splitlines(), 1)


def report(checks):
    """Prints the results of [(name, faults)] and exits."""
    print(f"1..{len(checks)}")
    failed = 0
    for number, (name, faults) in enumerate(checks, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults:
            print(f"# {fault}")
        failed += bool(faults)
    sys.exit(1 if failed else 0)
