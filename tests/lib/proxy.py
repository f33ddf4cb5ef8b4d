"""A proxy between daemons and PostgreSQL that understands the messages, so that it can cut exactly around a
commit. The daemons send in pipelines; COMMIT is a Parse message of that text."""
import socket
import struct
import threading

import pulihtest as t

__all__ = ["Proxy"]

_BEGUN = b"BEGIN\0"
_DONE = b"COMMIT\0"
_ASKS = {80877103: "TLS", 80877104: "GSSAPI"}  # asked for before the first message; answered with one byte


class _Cut(Exception):
    pass


class _Messages:
    """Splits a stream into messages: (type or None for the first of a client, bytes as sent)."""

    def __init__(self, startup):
        self._rest = b""
        self._startup = startup

    def feed(self, data):
        self._rest += data
        while True:
            head = 0 if self._startup else 1
            if len(self._rest) < head + 4:
                return
            end = head + struct.unpack_from(">I", self._rest, head)[0]
            if len(self._rest) < end:
                return
            message, self._rest = self._rest[:end], self._rest[end:]
            kind = None if self._startup else message[:1]
            self._startup = False
            yield kind, message


class _Connection:
    def __init__(self, proxy, client, server):
        self.proxy = proxy
        self.sockets = client, server
        self.user = ""
        self.calls = set()  # prepared statements executed since BEGIN
        self.abandoned = False
        self.over = False
        self._plain()
        for target, args in ((self._to_server, (client, server)), (self._to_client, (server, client))):
            threading.Thread(target=self._carry, args=(target, *args), daemon=True).start()

    def _plain(self):
        """Says no to encryption, as the server would."""
        client = self.sockets[0]
        while len(head := client.recv(8, socket.MSG_PEEK)) == 8 and struct.unpack(">II", head)[1] in _ASKS:
            client.recv(8)
            client.sendall(b"N")

    def cut(self, whole=False):
        """Ends it on both sides; one that was abandoned keeps its session at the server until whole is said."""
        self.over = whole or not self.abandoned
        for s in self.sockets[:1] if self.abandoned and not whole else self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def abandon(self):
        """The daemon loses it, and the server does not know: a half-open connection."""
        self.abandoned = True
        self.cut()

    def _carry(self, look, source, to):
        messages = _Messages(startup=look == self._to_server)
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                passed = b""
                for kind, message in messages.feed(data):
                    try:
                        look(kind, message)
                    except _Cut:
                        to.sendall(passed)
                        raise
                    passed += message
                self.proxy.hold(self, to)
                to.sendall(passed)
        except (OSError, _Cut):
            pass
        self.cut()

    def _to_server(self, kind, message):
        if kind is None:
            words = message[8:].split(b"\0")
            named = dict(zip(words[::2], words[1::2]))
            self.user = named.get(b"user", b"").decode()
        elif kind == b"B":
            self.calls.add(message[5:].split(b"\0")[1].decode())
        elif kind == b"P":
            text = message[5:].split(b"\0")[1]
            if text == b"BEGIN":
                self.calls = set()
            elif text == b"COMMIT":
                self.proxy.passes(self, "before")

    def _to_client(self, kind, message):
        if kind == b"C":
            if message[5:] == _BEGUN:
                self.proxy.passes(self, "begun")
            elif message[5:] == _DONE:
                self.proxy.passes(self, "after")


class Proxy:
    """Forwards 127.0.0.1:port to a PostgreSQL port.

    cut_next(times, user, statement, when)   cuts the next so many times when a transaction of that user that
    executed that prepared statement passes a point: "begun" its BEGIN was answered, "before" its COMMIT is
    sent and does not arrive, "after" it is committed and the answer does not arrive. cuts says how often.
    freeze(user, answers)   carries nothing of that user, or no answers only; connections stay open
    abandon(user)           ends that user's connections, while their sessions at the server live on
    slow(seconds, user)     everything, or all of that user, takes so much longer
    mend()                  ends all of that; what was held goes on
    """

    def __init__(self, to_port):
        self._to = ("127.0.0.1", to_port)
        self._lock = threading.Lock()
        self._trap = None
        self._frozen = None  # (user, answers only)
        self._slow = 0, None  # seconds, user
        self._moved = threading.Condition(self._lock)
        self._connections = []
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        t.undo("proxy", self.close)

    def cut_next(self, times, user=None, statement=None, when="after"):
        with self._lock:
            self._trap = [times, user, statement, when]

    def disarm(self):
        with self._lock:
            self._trap = None

    @property
    def armed(self):
        return self._trap is not None

    def passes(self, connection, when):
        """Called by a connection at each point; raises when it shall be cut there."""
        with self._lock:
            if not self._trap:
                return
            _, user, statement, at = self._trap
            if when != at or (user and user != connection.user) or (statement and statement not in connection.calls):
                return
            self._trap[0] -= 1
            self.cuts += 1
            if not self._trap[0]:
                self._trap = None
        raise _Cut

    def freeze(self, user=None, answers=False):
        with self._moved:
            self._frozen = user, answers

    def slow(self, seconds, user=None):
        self._slow = seconds, user

    def abandon(self, user):
        for c in list(self._connections):
            if c.user == user:
                c.abandon()

    def mend(self):
        with self._moved:
            self._slow = 0, None
            self._frozen = None
            self._moved.notify_all()
        for c in list(self._connections):
            if c.abandoned:
                c.cut(whole=True)

    def hold(self, connection, to):
        """Called by a connection before it hands something on: returns when it may."""
        def held():
            user, answers = self._frozen or (None, False)
            return self._frozen and (user in (None, connection.user)) and \
                (not answers or to is connection.sockets[0])
        with self._moved:
            self._moved.wait_for(lambda: not held())
        seconds, user = self._slow
        if seconds and user in (None, connection.user):
            threading.Event().wait(seconds)

    def close(self):
        self._listener.close()
        self.mend()
        for c in self._connections:
            c.cut(whole=True)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._to, timeout=5)
            except OSError:
                client.close()
                continue
            for s in (client, server):
                s.settimeout(None)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections = [c for c in self._connections if not c.over]
            try:
                self._connections.append(_Connection(self, client, server))
            except OSError:
                client.close()
                server.close()
