"""A second server takes over: what has a receipt is there, work goes on, and no reference is given twice."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *
from load import *


class Pair:
    """A primary, its standby, and a database that daemons reach on whichever takes writes."""

    def __init__(self):
        self.primary = Cluster()
        self.db = Database(self.primary)
        self.standby = Cluster(of=self.primary)
        wait_until(lambda: self._asked("state = 'streaming'"), 30, "the standby follows")

    def _asked(self, condition):
        c = self.primary.connect()
        try:
            cursor = c.cursor()
            cursor.execute(f"SELECT count(*) FROM pg_stat_replication WHERE {condition}")
            return cursor.fetchone()[0]
        finally:
            c.close()

    def commit_on_both(self):
        """From now on a commit is answered when the standby has it."""
        for sql in ("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"):
            self.db.query(sql)
        wait_until(lambda: self._asked("sync_state = 'sync'"), 30, "commits wait for the standby")

    def chain(self, **more):
        ports = ",".join(c.parts["port"] for c in (self.primary, self.standby))
        return Chain(database=self.db, settings={
            "database": f"host=127.0.0.1,127.0.0.1 port={ports} dbname={self.db.name}"}, **more)

    def fail_over(self, chain):
        """The primary dies; the standby is found by itself."""
        self.primary.crash()
        self.standby.start()
        self.standby.promote()
        chain.db = Database.of(self.standby, self.db.name)


@test(timeout=180)
def what_has_a_receipt_survives_the_loss_of_the_primary():
    pair = Pair()
    pair.commit_on_both()
    chain = pair.chain(replicas={"intake": 2, "followup": 2})
    load = Load(chain.publish_port)
    load.run(200)
    load.run_for(0.2)
    pair.fail_over(chain)
    load.run(200)
    load.finish(90)
    chain.wait_quiet(60)
    h = check_history(chain.db, load)
    assert len(h.cards) >= 100, len(h.cards)


@test(timeout=120)
def the_feed_goes_on_where_a_subscriber_stood():
    pair = Pair()
    pair.commit_on_both()
    chain = pair.chain()
    before = chain.publisher().call("complaint", a_complaint())
    subscriber = chain.subscriber()
    subscriber.wait_item(before["complaint"], "acknowledged")
    pair.fail_over(chain)
    chain.intake.wait_ready(30)
    chain.followup.wait_ready(30)
    after = chain.publisher().call("complaint", a_complaint())
    again = chain.subscriber(positions=subscriber.positions)
    again.wait_item(after["complaint"], "acknowledged", timeout=30)
    assert not [i for i in again.items if bytes(i["complaint"]) == before["complaint"]]


@test(timeout=120)
def numbers_of_a_standby_that_lagged_are_not_given_twice():
    pair = Pair()
    chain = pair.chain(replicas={"intake": 2})
    pair.standby.stop()
    lost = chain.publisher().call("complaint", a_complaint())  # its block of numbers is unknown to the standby
    pair.fail_over(chain)
    for intake in chain.daemons["intake"]:
        intake.wait_ready(30)
    other, first = (chain.publisher(f"platform-{n}", replica=n) for n in (1, 0))
    told = [p.call("complaint", a_complaint()) for p in (other, other, other, first)]
    assert chain.db.one("SELECT count(*) FROM pulih.complaint WHERE id = %s", lost["complaint"].hex()) == 0
    assert chain.db.one("SELECT count(DISTINCT number) FROM pulih.complaint") == len(told)
    assert len({t["reference"] for t in told}) == len(told)


main()
