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
        self._plain()
        for target, args in ((self._to_server, (client, server)), (self._to_client, (server, client))):
            threading.Thread(target=self._carry, args=(target, *args), daemon=True).start()

    def _plain(self):
        """Says no to encryption, as the server would."""
        client = self.sockets[0]
        while len(head := client.recv(8, socket.MSG_PEEK)) == 8 and struct.unpack(">II", head)[1] in _ASKS:
            client.recv(8)
            client.sendall(b"N")

    def cut(self):
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

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
    """

    def __init__(self, to_port):
        self._to = ("127.0.0.1", to_port)
        self._lock = threading.Lock()
        self._trap = None
        self._connections = []
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        t.undo("proxy", self.close)

    def cut_next(self, times, user=None, statement=None, when="after"):
        with self._lock:
            self._trap = [times, user, statement, when]

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

    def close(self):
        self._listener.close()
        for c in self._connections:
            c.cut()

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
            try:
                self._connections.append(_Connection(self, client, server))
            except OSError:
                client.close()
                server.close()
