"""A TCP link that can be cut: stands between two programs and forwards bytes until told otherwise."""
import random
import selectors
import socket
import threading

import pulihtest as t

__all__ = ["Link", "free_port"]

_FIRST, _BLOCK, _BLOCKS = 10000, 200, 50
_ours = []   # sockets whose abstract names say that blocks of ports are ours, until the end of the process
_ports = []  # of our blocks, not given yet


def _claim_block():
    """Takes a block of ports that no other test has: what is down for a moment is not free."""
    for block in random.sample(range(_BLOCKS), _BLOCKS):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0pulih-test-ports-{block}")
        except OSError:
            claim.close()
            continue
        _ours.append(claim)
        _ports.extend(range(_FIRST + block * _BLOCK, _FIRST + (block + 1) * _BLOCK))
        return
    raise RuntimeError("all blocks of ports are taken")


def free_port():
    """A port nobody listens on, below the range that outgoing connections take, never given twice."""
    while True:
        if not _ports:
            _claim_block()
        port = _ports.pop()
        with socket.socket() as s:
            try:
                s.bind(("0.0.0.0", port))
            except OSError:
                continue
        return port


class Link:
    """Forwards 127.0.0.1:port to (host, to_port).

    cut()        closes all connections and refuses new ones;  mend() allows them again
    freeze()     keeps connections open and carries nothing;   thaw() carries what waited
    slow(s)      takes so much longer for each piece, until it is told 0
    cut_on(text, towards="server", forward=True)   cuts when these bytes pass for the next time; forward says
                 whether they still arrive: a COMMIT that got through, or one that did not
    """

    def __init__(self, to_port, host="127.0.0.1"):
        self._to = (host, to_port)
        self._lock = threading.Lock()
        self._open = True
        self._frozen = False
        self._slow = 0
        self._trap = None
        self._pairs = {}  # socket -> (other socket, direction)
        self.cuts = 0
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._wake_in, self._wake_out = socket.socketpair()
        for s in (self._listener, self._wake_out):
            self._selector.register(s, selectors.EVENT_READ)
        self._running = True
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        t.undo("link", self.close)

    def cut(self):
        with self._lock:
            self._open = False
            self._drop_all()

    def mend(self):
        with self._lock:
            self._open = True
            self._frozen = False

    def freeze(self):
        with self._lock:
            self._frozen = True

    def thaw(self):
        with self._lock:
            self._frozen = False
        self._wake_in.send(b"x")

    def slow(self, seconds):
        self._slow = seconds

    def cut_on(self, text, towards="server", forward=True):
        with self._lock:
            self._trap = (text, towards, forward)

    def close(self):
        self._running = False
        self._wake_in.send(b"x")
        self._thread.join()
        with self._lock:
            self._drop_all()
        for s in (self._listener, self._wake_in, self._wake_out):
            s.close()
        self._selector.close()

    def _drop_all(self):
        for s in list(self._pairs):
            self._drop(s)

    def _drop(self, s):
        if s in self._pairs:
            for one in (s, self._pairs[s][0]):
                del self._pairs[one]
                self._selector.unregister(one)
                one.close()

    def _work(self):
        while self._running:
            for key, _ in self._selector.select(0.02 if self._frozen else 1):
                with self._lock:
                    self._serve(key.fileobj)
            if self._frozen:
                # Level-triggered sockets with waiting bytes would spin.
                threading.Event().wait(0.01)

    def _serve(self, s):
        if s is self._wake_out:
            s.recv(64)
        elif s is self._listener:
            self._accept()
        elif s in self._pairs and not self._frozen:
            self._carry(s)

    def _accept(self):
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._to, timeout=2) if self._open else None
        except OSError:
            server = None
        if server is None:
            client.close()
            return
        for s, other, towards in ((client, server, "server"), (server, client, "client")):
            s.settimeout(5)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pairs[s] = (other, towards)
            self._selector.register(s, selectors.EVENT_READ)

    def _carry(self, s):
        other, towards = self._pairs[s]
        try:
            data = s.recv(65536)
            if self._slow:
                threading.Event().wait(self._slow)
            sprung = self._trap and self._trap[1] == towards and self._trap[0] in data
            if data and (not sprung or self._trap[2]):
                other.sendall(data)
        except OSError:
            data, sprung = b"", False
        if sprung:
            self._trap = None
            self._open = False
            self.cuts += 1
            self._drop_all()
        elif not data:
            self._drop(s)
