"""The tables of the sources, read as data: message numbers, states, words."""
import os
import re

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))

__all__ = ["rows", "WIRE", "MESSAGE", "STATE", "STATE_NAME", "SERVICES", "STAGE", "AXES", "word", "word_name"]


def _arguments(text):
    """Splits a row's arguments at commas outside strings; strings lose their quotes."""
    parts = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^,"]+)\s*(?:,|$)', text)
    return [p[1:-1].replace('\\"', '"') if p.startswith('"') else p.strip() for p in parts]


def rows(path, macro):
    """All rows macro(...) of a table, as lists of texts."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = f.read()
    return [_arguments(m) for m in re.findall(rf'^\s*{macro}\((.*)\)\s*(?:/\*.*)?$', text, re.M)]


WIRE = {r[0]: int(r[1], 0) for r in rows("proto/messages.tbl.h", "MSG")}
MESSAGE = {number: name for name, number in WIRE.items()}
STATE = {r[0]: int(r[1]) for r in rows("include/pulih/tbl/life.tbl.h", "STATE")}
STATE_NAME = {number: name for name, number in STATE.items()}
SERVICES = [r[0] for r in rows("include/pulih/tbl/services.tbl.h", "SERVICE")]
STAGE = {r[0]: int(r[1]) for r in rows("include/pulih/tbl/services.tbl.h", "SERVICE")}
AXES = [r[0] for r in rows("include/pulih/tbl/axes.tbl.h", "AXIS")]
_WORDS = {(r[0], r[1]): int(r[2]) for r in rows("include/pulih/tbl/words.tbl.h", "WORD")}


def word(words, name):
    """Number of a word: word("tier", "normal")."""
    return _WORDS[words, name]


def word_name(words, number):
    """Name of a word: word_name("tier", 2)."""
    return next(name for (list, name), n in _WORDS.items() if (list, n) == (words, number))
