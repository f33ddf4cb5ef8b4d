"""Daemons that die, stand still, are replaced or stopped under load: nothing is lost, nothing happens twice."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from load import *

TIMES = max(1, round(10 * SCALE))


def settled(chain, load, subscriber=None):
    """Finishes the load, waits for rest and checks the history."""
    load.finish()
    chain.wait_quiet(60)
    if subscriber:
        total = chain.db.one("SELECT sum(last)::int8 FROM pulih.feed_head")
        subscriber.wait(lambda: len(subscriber.items) >= total, 30, "the whole feed")
    return check_history(chain.db, load, subscriber)


@cases([(s, s) for s in SERVICES])
def killed_under_load(service):
    chain = Chain()
    load = Load(chain.publish_port)
    load.run(100)
    daemon = getattr(chain, service)
    chance = random.Random(service)
    for n in range(TIMES):
        load.run_for(chance.uniform(0, 0.15))
        daemon.kill()
        load.run_for(chance.uniform(0, 0.02))
        daemon.start(ready=n % 2 == 0)
        if service == "intake":
            load.reconnect()
        load.run(30)
    assert len(settled(chain, load).events) > 500 * min(SCALE, 1)


@test(timeout=120)
def all_killed_at_once():
    chain = Chain()
    load = Load(chain.publish_port)
    load.run(50)
    for _ in range(max(1, round(4 * SCALE))):
        for d in chain.all:
            d.kill()
        chain.start()
        load.reconnect()
        load.run(50)
    settled(chain, load)


@test
def client_dies_between_send_and_receipt():
    """It sends the same ids again: some were stored, some were not; each is stored once."""
    chain = Chain()
    load = Load(chain.publish_port, later=0.3, window=200)
    load.run(50)
    for _ in range(TIMES):
        load.step()
        load.step()
        load.reconnect()
    load.run(50)
    settled(chain, load)
    assert any(a["result"] == "duplicate" for a in load.told) or load.sessions > TIMES


@test(timeout=120)
def two_replicas_of_each_stage_share_the_work():
    """Replicas take from the same manifests; one of each pair dies now and then."""
    chain = Chain(replicas={s: 2 for s in SERVICES})
    load = Load(chain.publish_port)
    load.run(100)
    for n in range(max(1, round(3 * SCALE))):
        for s in SERVICES[1:]:
            chain.daemons[s][n % 2].kill()
            load.run(20)
            chain.daemons[s][n % 2].start(ready=False)
    settled(chain, load)


@cases([(s, s) for s in SERVICES[1:]])
def a_whole_stage_is_down_for_a_while(service):
    """The stages before it go on, what is for it waits in pending, and drains when it is back."""
    chain = Chain()
    load = Load(chain.publish_port, later=0)
    load.run(20)
    chain.wait_quiet()
    getattr(chain, service).kill()
    load.run(100)
    waiting = chain.db.wait_row("SELECT sum(n)::int8 FROM pulih.pending HAVING sum(n) >= 100 AND "
                                "count(*) FILTER (WHERE stage <> %s) = 0", STAGE[service])[0][0]
    assert waiting >= 100, waiting
    assert chain.intake.ready
    getattr(chain, service).start()
    settled(chain, load)


@cases([(s, s) for s in SERVICES])
def stopped_by_sigterm_under_load(service):
    """It ends with 0; what it acknowledged is stored, and its successor goes on."""
    chain = Chain()
    load = Load(chain.publish_port)
    load.run(50)
    for _ in range(max(1, round(3 * SCALE))):
        load.run_for(0.05)
        daemon = getattr(chain, service)
        wait_until(lambda: daemon.get("/healthz")[0] == 200)  # before that it is a process that has not begun
        daemon.stop()
        load.step()
        getattr(chain, service).start(ready=False)
        if service == "intake":
            load.reconnect()
        load.run(20)
    settled(chain, load)


@cases([(s, s) for s in SERVICES])
def stands_still_for_a_while(service):
    """SIGSTOP keeps its sessions and its locks open; after SIGCONT it goes on as if nothing had been."""
    chain = Chain()
    load = Load(chain.publish_port)
    load.run(50)
    daemon = getattr(chain, service)
    for _ in range(2):
        load.run_for(0.05)
        daemon.pause()
        load.run_for(0.5)
        daemon.resume()
        load.run(20)
    settled(chain, load)


main()
