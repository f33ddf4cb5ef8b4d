"""Journals of clients: what one did and was told, on disk before it does the next thing, so that it can be killed
at any moment and come back."""
import os

import msgpack

import history

__all__ = ["Journal"]

_KINDS = [history.Opened, history.Sent, history.Acked, history.Refusal, history.Item]


class Journal:
    """A file of records of history.py. append() writes through to the kernel: what is written outlives its writer,
    though not the machine. records() reads what is new since the last call; a record cut short is left for later."""

    def __init__(self, path):
        self.path = path
        self._file = None
        self._read_to = 0

    def append(self, *found):
        if self._file is None:
            self._cut_tail()
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(self._file, b"".join(msgpack.packb([_KINDS.index(type(r)), *r]) for r in found))

    def records(self):
        """Records that were not read before."""
        if not os.path.exists(self.path):
            return []
        found = []
        with open(self.path, "rb") as f:
            f.seek(self._read_to)
            unpacker = msgpack.Unpacker(f, raw=False, strict_map_key=False)
            for kind, *fields in unpacker:
                found.append(_KINDS[kind](*fields))
                end = unpacker.tell()
        if found:
            self._read_to += end
        return found

    def _cut_tail(self):
        """Removes a record that a death cut short."""
        whole = Journal(self.path)
        whole.records()
        if os.path.exists(self.path):
            os.truncate(self.path, whole._read_to)
