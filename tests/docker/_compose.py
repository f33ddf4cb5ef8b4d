"""The project of docker-compose.yml under a name and with ports of its own, and what runs in it."""
import json
import os
import random
import shutil
import socket
import subprocess
import time
import uuid

import psycopg2

import pulihtest as t
from pg import Database
from tables import SERVICES

__all__ = ["Project", "Missing", "compose_command", "docker", "run"]

IMAGE = "pulih-check"  # stays, so that the next run need not build everything
HTTP = {s: 9401 + i for i, s in enumerate(SERVICES)}
DOORS = {"intake": 7400, "followup": 7410}
REPLICAS_MOST = 10


def run(command, timeout=120, stdin=subprocess.DEVNULL, fails=False, env=None):
    """What a command prints, both outputs; it must succeed, or with fails must not."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          stdin=stdin, cwd=t.ROOT, env=env)
    assert bool(done.returncode) == fails, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}"
    return done.stdout


def docker(*args, **more):
    return run(["docker", *args], **more)


class Missing(Exception):
    """What is not here, and how to get it."""


def compose_command():
    """docker-compose where it is installed, else the plugin of docker; raises Missing."""
    if not shutil.which("docker"):
        raise Missing("there is no Docker here: install Docker and docker-compose")
    try:
        docker("version")
    except AssertionError as e:
        raise Missing(f"no Docker daemon answers: start it, or become a member of group docker\n{e}") from None
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    raise Missing("there is neither docker-compose nor the plugin docker compose: install docker-compose")


def _free_ports(n):
    """The first of n ports in a row that nobody uses."""
    while True:
        first = random.randrange(20000, 30000)
        try:
            for port in range(first, first + n):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


class _Cluster:
    """PostgreSQL in its container, reached from this machine by the container's address."""

    def __init__(self, project):
        self._project = project
        self._password = uuid.uuid4().hex
        project.psql(f"ALTER ROLE pulih_owner PASSWORD '{self._password}'")

    def connect(self, dbname, **more):
        networks = self._project.inspect("postgres")["NetworkSettings"]["Networks"]
        c = psycopg2.connect(host=next(iter(networks.values()))["IPAddress"], dbname=dbname, user="pulih_owner",
                             password=self._password, connect_timeout=10, **more)
        c.autocommit = True
        return c


class _Database(Database):
    """The project's database, with what tests ask of one."""

    def __init__(self, project):
        self.cluster = _Cluster(project)
        self.name = "pulih"
        self._connection = None


class Project:
    def __init__(self):
        self._compose = compose_command()
        self.name = f"pulih-check-{os.getpid()}"
        self._ports = {s: _free_ports(REPLICAS_MOST) for s in DOORS}
        self._env = dict(os.environ, COMPOSE_PROJECT_NAME=self.name, PULIH_IMAGE=IMAGE)
        self.publish_doors()
        self.image = IMAGE
        self._db = None

    def publish_doors(self, many=False):
        """Gives each door one port of this machine, or a range for its replicas, from the next up() on."""
        for service, variable in (("intake", "PULIH_PUBLISH"), ("followup", "PULIH_FEED")):
            first = self._ports[service]
            self._env[variable] = f"127.0.0.1:{first}" + (f"-{first + REPLICAS_MOST - 1}" if many else "")

    @property
    def db(self):
        self._db = self._db or _Database(self)
        return self._db

    def do(self, *args, **more):
        """A command of docker-compose; returns what it prints."""
        return run([*self._compose, *args], **{"env": self._env, "timeout": 300, **more})

    def start(self, *args):
        """A command that goes on while the test does."""
        return subprocess.Popen([*self._compose, *args], env=self._env, cwd=t.ROOT, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def up(self, *args):
        self.do("up", "--detach", "--no-build", *args)

    def remove(self):
        self.do("--profile", "tools", "down", "--volumes", "--remove-orphans", "--timeout", "30")

    def show_logs(self):
        t.note(self.do("logs", "--no-color", "--tail", "15"))

    def containers(self, service):
        """Ids of a service's containers, the stopped ones too."""
        label = "label=com.docker.compose."
        return docker("ps", "--all", "--quiet", "--filter", f"{label}project={self.name}",
                      "--filter", f"{label}service={service}", "--filter", f"{label}oneoff=False").split()

    def inspect(self, service):
        return json.loads(docker("inspect", self.containers(service)[0]))[0]

    def state(self, container):
        return json.loads(docker("inspect", "--format", "{{json .State}}", container))

    def healthy(self, n=None):
        """Do all daemons and PostgreSQL run, each so many times as n says, and are they healthy?"""
        for s in ["postgres", *SERVICES]:
            found = [self.state(c) for c in self.containers(s)]
            if len(found) != (n or {}).get(s, 1):
                return False
            if any(not f["Running"] or f["Health"]["Status"] != "healthy" for f in found):
                return False
        return True

    def wait_healthy(self, timeout=60, n=None):
        t.wait_until(lambda: self.healthy(n), timeout, "all healthy", every=0.3)

    def ready(self):
        """Does every daemon say so itself, now?"""
        return all(self.asked(c, s, "/readyz") is not None for s in SERVICES for c in self.containers(s))

    def asked(self, container, service, path):
        """What a daemon answers inside its container; None: not 200, or not there."""
        done = subprocess.run(["docker", "exec", container, "/usr/share/pulih/ask", str(HTTP[service]), path],
                              text=True, capture_output=True)
        return done.stdout if done.returncode == 0 else None

    def metric(self, container, service, name):
        text = self.asked(container, service, "/metrics") or ""
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(f"pulih_{name}{{"))

    def psql(self, sql):
        return self.do("exec", "-T", "postgres", "psql", "--no-psqlrc", "-qAtU", "pulih_owner", "pulih", "-c", sql)

    def doors(self, service):
        """Where clients of this machine reach the replicas of a service with a door."""
        return ["tcp://" + docker("port", c, str(DOORS[service])).split()[0] for c in self.containers(service)]

    def ends(self, container):
        """Seconds from SIGTERM until a container ended, as docker stop does it."""
        began = time.monotonic()
        docker("stop", "--time", "30", container)
        return time.monotonic() - began
