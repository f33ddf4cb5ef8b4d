"""docker-compose.yml for real: built, started, scaled, killed, stopped, from outside of the containers."""
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from load import *
from _compose import *

SECONDS_TO_HEALTH = 60
REPLICAS = 3


@shared
def project():
    """Built images, nothing started."""
    p = Project()
    p.do("build", timeout=1500)
    undo("project", p.remove)
    return p


@shared
def running():
    """All of it, with one client that publishes through all tests and remembers what it was told."""
    p = project()
    began = time.monotonic()
    p.up()
    try:
        p.wait_healthy(SECONDS_TO_HEALTH)
    except AssertionError:
        p.show_logs()
        raise
    p.healthy_after = time.monotonic() - began
    p.load = Load(p.doors("intake")[0])
    return p


def settled(p):
    """Everything that was acknowledged is there, once; the feed is complete to who reads it from outside."""
    p.load.finish()
    h = check_history(p.db, p.load, Subscriber(p.doors("followup")[0]))
    note(f"{len(p.load.told)} receipts for {len(p.load.acks)} messages; {len(h.cards)} complaints, {len(h.events)} "
         f"events, {len(h.feed)} items of the feed: none lost, none twice")


def load_for(p, seconds):
    """Publishes for a while in a new session: the door forgets one that was silent as long as a check takes."""
    p.load.reconnect()
    p.load.run_for(seconds)


def come_back(p):
    """Everything is there again, each once, and the client found its door."""
    p.up()
    wait_until(p.ready, 60, "all ready", every=0.3)
    p.load.address = p.doors("intake")[0]
    p.load.reconnect()
    p.load.run(50)


@test(timeout=1800)
def the_image_is_built():
    image = json.loads(docker("image", "inspect", project().image))[0]
    base = json.loads(docker("image", "inspect", "debian:bookworm-slim"))[0]
    added = (image["Size"] - base["Size"]) / 1e6
    note(f"{image['Size'] / 1e6:.0f} MB, of which {added:.0f} MB are above the base image")
    assert added < 40, added
    assert image["Config"]["User"] == "pulih"
    labels = image["Config"]["Labels"]
    version = docker("run", "--rm", project().image, "pulihctl", "version")
    assert labels["org.opencontainers.image.version"] in version, (labels, version)
    told = docker("run", "--rm", "--env", "TZ=Asia/Jakarta", project().image, "date", "+%z %u %U")
    assert told.startswith("+0700"), told
    uid = docker("run", "--rm", project().image, "id", "-u").strip()
    assert uid == "10001", uid


@test
def the_image_has_no_compiler_no_sources_and_no_password():
    found = docker("run", "--rm", "--user", "0", project().image, "bash", "-c",
                   "ls -d /src /usr/include/pulih.h /run/pulih/* 2>/dev/null; command -v gcc make python3; true")
    assert found == "", found
    history = docker("history", "--no-trunc", project().image)
    assert not re.search(r"passw(?!ords)", history, re.I), history


@test
def the_file_is_valid():
    project().do("config", "--quiet")


@test(timeout=180)
def all_are_healthy_within_a_minute():
    took = running().healthy_after
    note(f"healthy after {took:.1f} s, with empty volumes")
    assert took < SECONDS_TO_HEALTH, took


@cases([(s, s) for s in SERVICES])
def may_do_nothing_it_does_not_need(service):
    found = running().inspect(service)
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"], host
    assert "no-new-privileges:true" in host["SecurityOpt"], host["SecurityOpt"]
    status = docker("exec", found["Id"], "cat", "/proc/1/status")
    assert re.search(r"^Uid:\t10001\t10001\t", status, re.M), status
    assert re.search(r"^CapEff:\t0+$", status, re.M), status
    assert not [e for e in found["Config"]["Env"] if "PASS" in e.upper()], found["Config"]["Env"]


@test
def postgresql_asks_daemons_for_a_password_and_shows_itself_to_nobody_outside():
    p = running()
    intake = p.containers("intake")[0]
    refused = docker("exec", intake, "pulihctl", "stats", "--database",
                     "host=postgres dbname=pulih user=pulih_owner", fails=True)
    assert "password" in refused, refused
    assert not [b for b in p.inspect("postgres")["NetworkSettings"]["Ports"].values() if b]
    assert docker("exec", intake, "stat", "-c", "%a %u", "/run/pulih/passfile").split() == ["600", "10001"]


@test
def a_publisher_outside_gets_receipts_and_reads_the_feed():
    p = running()
    p.load.run(100)
    feed = Subscriber(p.doors("followup")[0])
    feed.wait_item(p.load.cases[0], "acknowledged")


@test
def a_policy_is_read_again():
    p = running()
    for s in SERVICES:
        container = p.containers(s)[0]
        before = p.metric(container, s, "policy_reloads_total")
        # Not docker kill, after which Docker would not start the container again by itself.
        docker("exec", container, "bash", "-c", "kill -HUP 1")
        wait_until(lambda: p.metric(container, s, "policy_reloads_total") > before, what=f"{s} read it", every=0.1)


@cases([(s, s) for s in SERVICES[1:]])
def replicas_of_a_stage_share_the_work(stage):
    """Hints and feed go on as they are; only a door that is published needs a port for each replica."""
    p = running()
    p.publish_doors(many=stage == "followup")
    undo("ports", p.publish_doors)
    p.up("--scale", f"{stage}={REPLICAS}")
    replicas = p.containers(stage)
    assert len(replicas) == REPLICAS, replicas
    before = [p.metric(c, stage, "items_total") for c in replicas]
    began = time.monotonic()

    def shares():
        p.load.run_for(0.5)
        done = [p.metric(c, stage, "items_total") - n for c, n in zip(replicas, before)]
        return all(n > 0 for n in done) and done
    p.load.reconnect()
    done = wait_until(shares, 10, f"every replica of {stage} works")
    note(f"after {time.monotonic() - began:.1f} s they had done {', '.join(f'{n:.0f}' for n in done)}")
    p.publish_doors()
    come_back(p)


@test(timeout=240)
def replicas_of_a_door_have_a_port_each():
    p = running()
    p.publish_doors(many=True)
    undo("ports", p.publish_doors)
    counts = {"intake": REPLICAS, "followup": REPLICAS}
    p.up(*[f for s, n in counts.items() for f in ("--scale", f"{s}={n}")])
    p.wait_healthy(60, counts)
    seen = []
    assert len(set(p.doors("intake"))) == REPLICAS
    for endpoint in p.doors("intake"):
        p.load.address = endpoint
        load_for(p, 0)
        p.load.run(20)
        seen.append(p.load.cases[-1])
    for endpoint in p.doors("followup"):
        feed = Subscriber(endpoint)
        for complaint in seen:
            feed.wait_item(complaint, "acknowledged")
    stored = [p.metric(c, "intake", "stored_total") for c in p.containers("intake")]
    assert all(stored), stored
    note(f"the doors stored {', '.join(f'{n:.0f}' for n in stored)}")
    p.publish_doors()
    come_back(p)
    assert len(p.containers("intake")) == len(p.containers("followup")) == 1
    settled(p)


@cases([(s, s) for s in ["postgres", *SERVICES]])
def killed_under_load(service):
    """docker kill, which nobody undoes but docker-compose up."""
    p = running()
    for _ in range(2):
        load_for(p, 1)
        docker("kill", p.containers(service)[0])
        p.load.run_for(0.5)
        come_back(p)
    settled(p)


@cases([(s, s) for s in SERVICES])
def starts_again_by_itself(service):
    """The process dies inside; the container is started again by its policy."""
    p = running()
    container = p.containers(service)[0]
    started = p.state(container)["StartedAt"]
    load_for(p, 0.5)
    # Kills all but the first process, which ends with what it watches over.
    docker("exec", container, "bash", "-c", "kill -9 -1")
    wait_until(lambda: p.state(container)["StartedAt"] != started, 30, f"{service} was started again", every=0.1)
    come_back(p)
    settled(p)


@test(timeout=120)
def all_killed_at_once():
    p = running()
    load_for(p, 0.5)
    docker("kill", *[c for s in ["postgres", *SERVICES] for c in p.containers(s)])
    come_back(p)
    settled(p)


@test(timeout=120)
def a_daemon_whose_database_hangs_ends_before_docker_kills_it():
    """Only a first process that hands signals on lets its alarm through."""
    p = running()
    load_for(p, 0.5)
    docker("pause", p.containers("postgres")[0])
    try:
        container = p.containers("classification")[0]
        took = p.ends(container)
        code = p.state(container)["ExitCode"]
    finally:
        docker("unpause", p.containers("postgres")[0])
    wait_until(lambda: p.state(p.containers("postgres")[0])["Health"]["Status"] == "healthy", 30, "PostgreSQL is back",
               every=0.3)
    note(f"exit code {code} after {took:.1f} s")
    assert took < 29 and code != 137, (took, code)
    come_back(p)
    settled(p)


@test(timeout=180)
def stop_drains_and_ends_with_0():
    p = running()
    load_for(p, 0.5)
    stopping = p.start("stop")
    wait_until(lambda: p.load.step() or stopping.poll() is not None, 60, "docker-compose stop", every=0)
    ended = {s: p.state(p.containers(s)[0]) for s in ["postgres", *SERVICES]}
    if any(state["Running"] or state["ExitCode"] for state in ended.values()):
        p.show_logs()
        raise AssertionError({s: (state["Running"], state["ExitCode"]) for s, state in ended.items()})
    come_back(p)
    settled(p)


@test
def pulihctl_runs_outside_beside_and_inside():
    """The last: what it publishes is unknown to the client whose history was checked before."""
    p = running()
    samples = os.path.join(ROOT, "tests/samples/complaints.jsonl")
    told = run([os.path.join(BUILD, "pulihctl"), "publish", "--endpoint", p.doors("intake")[0], samples])
    assert "60 stored" in told, told
    with open(samples, encoding="utf-8") as f:
        told = p.do("exec", "-T", "intake", "pulihctl", "publish", "--format", "jsonl", "-", stdin=f)
    assert "60 duplicate" in told, told
    listed = p.do("run", "--rm", "pulihctl", "list", "--department", "delivery", "--json")
    assert "PL-" in listed, listed
    assert p.do("exec", "-T", "intake", "pulihctl", "check", "/etc/pulih/pulih.cfg", "/etc/pulih/policy.cfg")


try:
    compose_command()
except Missing as e:
    print("1..1\nnot ok 1 - containers can be run here")
    note(e)
    sys.exit(1)
main()
