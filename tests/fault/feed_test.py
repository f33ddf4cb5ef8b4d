"""The feed: whoever dies, subscriber or publisher, goes on from the position; no item is missing, none comes twice."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from load import *

TIMES = max(1, round(6 * SCALE))


def settled(chain, load, subscriber):
    """The subscriber saw the whole feed, each item once; the harness itself refuses gaps and repeats."""
    load.finish()
    chain.wait_quiet(60)
    total = chain.db.one("SELECT sum(last)::int8 FROM pulih.feed_head")
    if not subscriber.alive:
        subscriber.open()
    subscriber.wait(lambda: len(subscriber.items) >= total, 30, f"{total} items")
    check_history(chain.db, load, subscriber)


@test(timeout=90)
def subscriber_dies_and_resumes_from_its_position():
    """Between its deaths it reads some; another one with little credit keeps up as well."""
    chain = Chain()
    load = Load(chain.publish_port)
    s = chain.subscriber()
    slow = chain.subscriber("slow", credit=10)
    for _ in range(TIMES):
        load.run(40)
        n = len(s.items)
        s.wait(lambda: slow.pump(0) or len(s.items) > n, 30, "items")
        s.open()
    settled(chain, load, s)
    slow.wait(lambda: len(slow.items) == len(s.items), 30, "the slow one has all")
    check_history(chain.db, load, slow)


@test(timeout=90)
def followup_is_killed_while_it_sends():
    chain = Chain()
    load = Load(chain.publish_port)
    s = chain.subscriber(credit=50)
    chance = random.Random(5)
    for _ in range(TIMES):
        load.run(40)
        end = len(s.items) + chance.randint(1, 60)
        s.wait(lambda: load.step() or len(s.items) >= end, 30, "items")
        chain.followup.kill()
        load.run(20)
        chain.followup.start()
        s.open(30)
    settled(chain, load, s)


@test(timeout=90)
def subscriber_goes_on_at_another_replica():
    """Positions count everywhere: the second replica continues where the first one died."""
    chain = Chain(replicas={"followup": 2})
    load = Load(chain.publish_port)
    s = chain.subscriber(replica=0)
    load.run(60)
    s.wait(lambda: len(s.items) > 30)
    chain.daemons["followup"][0].kill()
    load.run(60)
    other = chain.subscriber(replica=1, positions=s.positions)
    other.items[:0] = s.items
    settled(chain, load, other)


@test
def the_database_is_away_while_a_subscriber_listens():
    cluster = Cluster()
    chain = Chain(database=Database(cluster))
    load = Load(chain.publish_port)
    s = chain.subscriber()
    load.run(60)
    cluster.crash()
    load.run_for(0.3)
    s.pump()
    cluster.start()
    load.run(60)
    settled(chain, load, s)


@test
def a_subscriber_that_stands_still_holds_up_nobody():
    """Its socket fills; others get all, and it may come back to its position."""
    chain = Chain()
    load = Load(chain.publish_port)
    still = chain.subscriber("still", credit=1000000)
    s = chain.subscriber()
    load.run(300)
    settled(chain, load, s)
    still.open()
    still.wait(lambda: len(still.items) == len(s.items), 30, "the same items")
    check_history(chain.db, load, still)


main()
