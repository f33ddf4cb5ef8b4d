"""One session at a door of pulih: frames, heartbeat, loss. See proto/README.md.

Needs pyzmq and msgpack."""
import os
import random
import sys
import time

import msgpack
import zmq
import zmq.auth

TYPES = {"hello": 0x01, "welcome": 0x02, "credit": 0x03, "event": 0x04, "acks": 0x05, "nack": 0x06, "ping": 0x07,
         "pong": 0x08, "drain": 0x09, "subscribe": 0x0A, "events": 0x0B, "heads": 0x0C, "too_old": 0x0D,
         "letter_get": 0x0E, "letter": 0x0F}
NAMES = {number: name for name, number in TYPES.items()}
PING_S, DEAD_S, WELCOME_S = 1, 4, 5


class Lost(Exception):
    """The session is over; what was not answered must be said again in a new one."""


def use_keys(socket):
    """Where the environment names them: our key pair, a file made by pulihctl key new, and the door's key."""
    if os.environ.get("PULIH_SERVER_KEY"):
        socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(os.environ["PULIH_KEY_FILE"])
        socket.curve_serverkey = os.environ["PULIH_SERVER_KEY"].encode()


class Session:
    """A DEALER socket of its own for each session; it never reconnects by itself."""

    def __init__(self, context, address, greeting, body):
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RECONNECT_IVL, -1)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        use_keys(self.socket)
        self.socket.connect(address)
        self.heard_at = time.monotonic()
        self.say(greeting, body)
        self.welcome = self._wait_welcome()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, name, body):
        self.socket.send(msgpack.packb([1, TYPES[name], body]))
        self.said_at = time.monotonic()

    def hear(self, wait_s=0.1):
        """The next message as (name, body), or None if none came. Keeps the session alive: call it often."""
        now = time.monotonic()
        if now - self.heard_at > DEAD_S:
            raise Lost("nothing heard for 4 seconds")
        if now - self.said_at > PING_S:
            self.say("ping", {})
        if not self.socket.poll(int(wait_s * 1000)):
            return None
        _, number, body = msgpack.unpackb(self.socket.recv())
        self.heard_at = time.monotonic()
        name = NAMES.get(number)
        if name == "ping":
            self.say("pong", {})
        if name == "nack" and body["refusal"] == "no_session":
            raise Lost("the daemon knows no session of ours")
        return None if name in ("ping", "pong", None) else (name, body)

    def _wait_welcome(self):
        until = time.monotonic() + WELCOME_S
        try:
            while time.monotonic() < until:
                name, body = self.hear() or (None, None)
                if name == "welcome":
                    return body
                if name == "nack":
                    raise SystemExit(f"no session: {body}")
            raise Lost("no welcome")
        except BaseException:
            self.socket.close()
            raise


def keep_open(address, greeting, make_body, work):
    """Opens sessions and calls work(session) in each, until it returns; a lost session is followed by another."""
    context = zmq.Context.instance()
    pause_s = 0.05
    while True:
        try:
            with Session(context, address, greeting, make_body()) as session:
                pause_s = 0.05
                return work(session)
        except Lost as why:
            print(f"session lost: {why}", file=sys.stderr, flush=True)
        time.sleep(pause_s * random.uniform(0.5, 1.5))
        pause_s = min(2, pause_s * 2)
