"""Keys for daemons and clients that speak CURVE, and those who come without."""
import os
import shutil
import socket
import tempfile
import threading

import msgpack
import zmq

import pulihtest as t
from tables import WIRE

__all__ = ["Keys", "Siege", "INTRUDERS", "knock"]


class Keys:
    """A key pair for the daemons, one for each client by name, and the list of those who may come."""

    def __init__(self, *names):
        self.folder = tempfile.mkdtemp(prefix="pulih-keys.")
        t.undo_last(lambda: shutil.rmtree(self.folder, ignore_errors=True))
        self.server = zmq.curve_keypair()
        self.clients = {name: zmq.curve_keypair() for name in names}
        self.list = os.path.join(self.folder, "clients")
        self.secret = self.write("server.key", self.text(self.server), 0o600)
        self.allow(*names)

    @staticmethod
    def text(pair):
        return f'curve\n    public-key = "{pair[0].decode()}"\n    secret-key = "{pair[1].decode()}"\n'

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as f:
            f.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def allow(self, *names):
        """Writes the list anew."""
        self.write("clients", "# who may come\n" + "".join(f"{n} {self.clients[n][0].decode()}\n" for n in names))

    def settings(self, **more):
        return {"curve": {"secret_key": self.secret, "clients": self.list}, **more}

    def of(self, name):
        """What a client's socket needs: the server's public key, its own pair."""
        return (self.server[0], *self.clients[name])

    def file(self, name):
        return self.write(name + ".key", self.text(self.clients[name]), 0o600)


# --- those who may not come in ------------------------------------------------------------------------------

def _curve(s, server, pair):
    s.curve_serverkey = server
    s.curve_publickey, s.curve_secretkey = pair


def _plain(s, keys):
    s.plain_username, s.plain_password = b"intruder", b"secret"


# What a socket is given before it connects. `keys` has a client "removed" that is not on the list.
SOCKETS = {
    "without a key": lambda s, keys: None,
    "with a password": _plain,
    "with the key of another server": lambda s, keys: _curve(s, zmq.curve_keypair()[0], keys.clients["good"]),
    "with an unknown key": lambda s, keys: _curve(s, keys.server[0], zmq.curve_keypair()),
    "with a key that was removed": lambda s, keys: _curve(s, keys.server[0], keys.clients["removed"]),
    "with the server's own key": lambda s, keys: _curve(s, keys.server[0], keys.server),
}
FRAMES = [msgpack.packb([1, WIRE["hello"], {"protocol": 1, "client": "intruder"}]),
          msgpack.packb([1, WIRE["subscribe"], {"protocol": 1, "client": "intruder", "credit": 1000}]),
          msgpack.packb([1, WIRE["ping"], {}])]
_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00%b\x00" + bytes(31)
RAW = {
    "with raw bytes": b"\x00\x01\x02" * 100,
    "with a browser": b"GET / HTTP/1.1\r\nHost: pulih\r\n\r\n",
    "with an old protocol": b"\x01\x00" + b"".join(bytes([len(f) + 1, 0]) + f for f in FRAMES),
    "with frames behind a greeting": _GREETING % b"NULL".ljust(20, b"\0") + b"\x04\x19\x05READY\x0bSocket-Type"
                                     b"\0\0\0\x06DEALER" + b"".join(bytes([0, len(f)]) + f for f in FRAMES),
    "with frames instead of a handshake": _GREETING % b"CURVE".ljust(20, b"\0")
                                          + b"".join(bytes([0, len(f)]) + f for f in FRAMES),
}
INTRUDERS = [*SOCKETS, *RAW]


def _knock_raw(port, data, wait_s):
    """What came back behind a greeting."""
    got = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as s:
            s.sendall(data)
            while (more := s.recv(4096)):
                got += more
    except OSError:
        pass
    return [got[64:]] if len(got) > 64 + 44 else []  # a greeting, and at most a READY or an ERROR


def knock(context, kind, port, keys, wait_s=0.3):
    """Tries to speak at a door; returns the frames that were answered."""
    if kind in RAW:
        return _knock_raw(port, RAW[kind], wait_s)
    s = context.socket(zmq.DEALER)
    try:
        s.setsockopt(zmq.LINGER, 0)
        s.setsockopt(zmq.RECONNECT_IVL, -1)
        SOCKETS[kind](s, keys)
        s.connect(f"tcp://127.0.0.1:{port}")
        answers = []
        for frame in FRAMES:
            try:
                s.send(frame, zmq.DONTWAIT)
            except zmq.Again:
                break  # thrown out already
        while s.poll(int(wait_s * 1000)):
            answers.append(s.recv())
        return answers
    finally:
        s.close()


class Siege:
    """All kinds of intruders at some doors, again and again, a thread for each kind, until the end."""

    def __init__(self, ports, keys):
        self.ports, self.keys = ports, keys
        self.leaks = []
        self.counts = {kind: 0 for kind in INTRUDERS}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(kind,), daemon=True) for kind in INTRUDERS]
        t.undo("siege", self.end)
        for thread in self._threads:
            thread.start()

    def _run(self, kind):
        with zmq.Context() as context:
            while not self._over.is_set():
                for port in self.ports:
                    answers = knock(context, kind, port, self.keys, 0.05)
                    if answers:
                        self.leaks.append((kind, port, answers))
                self.counts[kind] += 1

    def rounds(self, n=2, clients=()):
        """Waits until every kind has tried all doors, begun from now, n times; keeps sessions alive meanwhile."""
        want = {kind: count + 1 + n for kind, count in self.counts.items()}

        def done():
            for client in clients:
                client.pump()
            return all(self.counts[k] >= want[k] for k in want)
        t.wait_until(done, 30, "rounds of the siege")

    def end(self):
        """Raises if anybody got in."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert not self.leaks, self.leaks[:3]
