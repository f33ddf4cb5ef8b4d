"""Calls of a program that fail, and its clock: the page that failing.so shares with a test."""
import errno
import mmap
import os
import struct
import tempfile

import pulihtest as t
from tables import rows

__all__ = ["Failing", "CALLS"]

_TABLE = "tests/fault/calls.tbl.h"
_ROWS = [(r[1], r[-2], r[-1]) for r in rows(_TABLE, "CALL")] + [tuple(r) for r in rows(_TABLE, "OWN")]
_AT = {name: n for n, (name, _, _) in enumerate(_ROWS)}

# (call, name of errno or "0", may the program end of it?)
CALLS = [(name, error, follows == "ends") for name, errors, follows in _ROWS for error in errors.split()]


class Failing:
    """env is what a program needs to be under its rule; it then does so as it runs."""

    def __init__(self):
        f, path = tempfile.mkstemp(prefix="pulih-failing.")
        os.ftruncate(f, mmap.PAGESIZE)
        self._page = mmap.mmap(f, mmap.PAGESIZE)
        os.close(f)
        t.undo_last(lambda: os.unlink(path))
        self.env = {"LD_PRELOAD": os.path.join(t.BUILD, "failing.so"), "PULIH_FAILING": path}

    def _word(self, n):
        return struct.unpack_from("q", self._page, 8 * n)[0]

    def _set(self, n, value):
        struct.pack_into("q", self._page, 8 * n, value)

    def move_clock(self, seconds):
        """The program's wall clock goes wrong by so many seconds."""
        self._set(0, round(seconds * 1_000_000))

    def calls(self, name):
        """How often the call was made."""
        return self._word(1 + 4 * _AT[name])

    def fail(self, name, n, error="0", by_place=False):
        """The n-th call from now on fails; by place, a chain of callers counts once in the life of a program."""
        at = 1 + 4 * _AT[name]
        self._set(at + 3, by_place)
        self._set(at + 2, getattr(errno, error, 0))
        self._set(at + 1, self._word(at) + n)

    def over(self, name):
        """No call fails any more; True: one did."""
        at = 1 + 4 * _AT[name]
        wanted, made = self._word(at + 1), self._word(at)
        self._set(at + 1, 0)
        self._set(at + 3, 0)
        return made >= wanted
