"""What torture does, and when: derived from a seed alone, so that the same seed tells the same story again."""
import collections
import random

from tables import SERVICES

__all__ = ["Act", "ACTS", "SLOTS", "FIRST", "PLATFORMS", "READERS", "plan"]

SLOTS = 3       # replicas of a daemon that there may be
FIRST = 2       # replicas that run at the beginning
PLATFORMS = 3   # publishers
READERS = 3     # subscribers: one for each follow-up that there may be

Act = collections.namedtuple("Act", "at name what")  # seconds since the beginning, a method of torture, its arguments

ACTS = {  # name: how often
    "kill": 14,        # kill -9 of a daemon
    "pause": 3,        # SIGSTOP, then SIGCONT
    "stop": 4,         # SIGTERM, and later another one: replicas come and go
    "reload": 1,       # SIGHUP
    "cut": 10,         # the connection ends when the next commits pass
    "terminate": 4,    # pg_terminate_backend
    "crash": 1,        # PostgreSQL dies as by a power cut
    "freeze": 2,       # connections to PostgreSQL stay open and carry nothing
    "abandon": 2,      # daemons lose theirs, and PostgreSQL does not know
    "slow": 1,         # connections to PostgreSQL, or to a port, take longer
    "port": 4,         # a door or a hint port is cut off or frozen
    "fall_due": 2,     # deadlines fall due
    "platform": 3,     # a publisher is killed and comes back
    "reader": 3,       # so is a subscriber
}
_PORTS = ["publish", "feed", "classification", "escalation", "followup"]


def _away(chance):
    """How long something stays away: mostly short, so that much happens."""
    return chance.choice([0, 0, chance.uniform(0, 0.3), chance.uniform(0.3, 2), chance.uniform(2, 6)])


class _Planner:
    def __init__(self, seed, services):
        self.chance = random.Random(seed)
        self.services = services
        self.acts = []
        self.free = {}  # what is being acted upon -> when it is over
        for s in services:
            for n in range(FIRST, SLOTS):
                self.free[s, n] = self.chance.uniform(0, 10)
                self._later(self.free[s, n], "start", s, n)

    def _later(self, at, name, *what):
        self.acts.append(Act(round(at, 3), name, what))

    def _take(self, at, keys, until):
        """One of the things that nothing happens to now; None if there is none."""
        free = [k for k in keys if self.free.get(k, 0) <= at]
        if not free:
            return None
        key = self.chance.choice(free)
        self.free[key] = until
        return key

    def _there_and_back(self, at, there, keys, back, seconds, *more):
        key = self._take(at, keys, at + seconds + 0.2)
        if key is not None:
            self._later(at, there, *key, *more)
            self._later(at + seconds, back, *key)

    def add(self, at, name):
        c = self.chance
        daemons = [(s, n) for s in self.services for n in range(SLOTS)]
        user = "pulih_" + c.choice(self.services)
        if name in ("kill", "stop"):
            self._there_and_back(at, name, daemons, "start", _away(c))
        elif name == "pause":
            self._there_and_back(at, "pause", daemons, "resume", c.choice([c.uniform(0, 1), c.uniform(1, 5)]))
        elif name == "reload":
            self._later(at, "reload", *c.choice(daemons))
        elif name == "cut":
            self._later(at, "cut", user, c.choice(["begun", "before", "after", "after"]), c.randint(1, 3))
        elif name == "terminate":
            self._later(at, "terminate", user)
        elif name == "crash":
            self._there_and_back(at, "crash", [("postgres",)], "recover", c.choice([0, c.uniform(0, 2)]))
        elif name == "freeze":
            self._there_and_back(at, "freeze", [("wire",)], "mend", c.uniform(0.1, 4), c.choice([user, None]),
                                 c.choice([False, True]))
        elif name == "abandon":
            self._there_and_back(at, "abandon", [("wire",)], "mend", c.uniform(0.1, 4), user)
        elif name == "slow":
            self._there_and_back(at, "slow", [("wire",)], "mend", c.uniform(0.5, 3), c.uniform(0.001, 0.05),
                                 c.choice([user, None]))
        elif name == "port":
            ports = [(p, n) for p in _PORTS for n in range(SLOTS)]
            self._there_and_back(at, "port", ports, "mend_port", c.uniform(0.1, 4),
                                 c.choice(["cut", "freeze", "slow"]))
        elif name == "fall_due":
            self._later(at, "fall_due", c.randrange(8))
        elif name in ("platform", "reader"):
            clients = [(name, n) for n in range(PLATFORMS if name == "platform" else READERS)]
            self._there_and_back(at, "kill_client", clients, "start_client", _away(c))


def plan(seed, seconds, acts=None, services=None):
    """Acts in the order of time. acts: names of the only ones that shall happen; services: the only ones that they
    shall happen to."""
    planner = _Planner(seed, services or SERVICES)
    names = [n for n in ACTS if not acts or n in acts]
    at = planner.chance.uniform(0, 1)
    while at < seconds:
        planner.add(at, planner.chance.choices(names, [ACTS[n] for n in names])[0])
        at += planner.chance.uniform(0.05, 0.75)
    return [a for a in sorted(planner.acts, key=lambda a: a.at) if a.at <= seconds]
