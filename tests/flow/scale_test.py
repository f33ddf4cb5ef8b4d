"""Replicas share the work, and twenty thousand texts pass: none missing, none twice, nothing out of order."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

TEXTS = 20000
REPLICAS = {"intake": 2, "classification": 3, "escalation": 2, "followup": 2}


class Flood:
    """All texts, published at two replicas of intake at once."""

    def __init__(self):
        self.chain = Chain(replicas=REPLICAS)
        self.db = self.chain.db
        self.bodies = samples()
        self.acks = {}
        began = time.monotonic()
        threads = [threading.Thread(target=self.publish, args=(self.chain.publisher(f"p{i}", replica=i),))
                   for i in range(REPLICAS["intake"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        received = time.monotonic() - began
        self.chain.wait_quiet(120)
        note(f"{TEXTS} texts: receipts after {received:.1f} s, all done after {time.monotonic() - began:.1f} s")

    def portion(self):
        """What each replica is sent."""
        return [self.bodies[i % len(self.bodies)] for i in range(TEXTS // REPLICAS["intake"])]

    def publish(self, publisher):
        ids = [publisher.send("complaint", body) for body in self.portion()]
        publisher.receipts(ids, timeout=120)
        self.acks.update(publisher.acks)


@shared
def flood():
    return Flood()


@test(timeout=240)
def every_text_has_its_receipt():
    assert len(flood().acks) == TEXTS
    assert {a["result"] for a in flood().acks.values()} == {"stored"}
    assert len({a["reference"] for a in flood().acks.values()}) == TEXTS


@shared
def paged():
    """How many are important: for them a post was paged, too."""
    return flood().db.one("SELECT count(*) FROM pulih.complaint WHERE tier = %s", word("tier", "important"))


@test
def every_text_is_stored_once_and_acknowledged():
    counts = flood().db.query("SELECT state, version, holder, waiting, count(*) FROM pulih.complaint "
                              "GROUP BY 1, 2, 3, 4 ORDER BY 2")
    assert counts == [(STATE["acknowledged"], 4, 0, 0, TEXTS - paged()), (STATE["acknowledged"], 5, 0, 0, paged())], counts
    stored = {bytes.fromhex(i.replace("-", "")) for i, in flood().db.query("SELECT id FROM pulih.complaint")}
    assert stored == set(flood().acks)


def reminded():
    return REPLICAS["intake"] * sum(is_reminded(body) for body in flood().portion())


@test
def each_left_what_it_must_in_every_table():
    counts = {t: flood().db.one(f"SELECT count(*) FROM pulih.{t}") for t in
              ("event", "content", "classification", "promise", "deadline", "letter", "feed", "pending", "dead")}
    assert counts == {"event": 4 * TEXTS + paged(), "content": TEXTS, "classification": TEXTS, "promise": 2 * TEXTS,
                      "deadline": 2 * TEXTS - paged() + reminded(),  # who is not paged is warned before
                      "letter": TEXTS + paged(), "feed": TEXTS + paged(), "pending": 0, "dead": 0}, counts


@test
def every_hash_of_every_chronology_is_right():
    assert verify_chains(flood().db) == 4 * TEXTS + paged()


@cases([(s, s) for s in REPLICAS])
def every_replica_does_its_share(service):
    done = [d.metrics()[f'pulih_items_total{{stage="{service}"}}'] for d in flood().chain.daemons[service]]
    note(f"{service}: {[int(n) for n in done]}")
    assert sum(done) >= TEXTS and min(done) > sum(done) / 10, done


@cases([("first", 0), ("second", 1)])
def the_feed_gives_each_once_without_a_gap(replica):
    s = flood().chain.subscriber(replica=replica)
    s.wait(lambda: len(s.items) >= TEXTS + paged(), timeout=60)
    assert len(s.items) == TEXTS + paged() and {i["complaint"] for i in s.items} == set(flood().acks)
    assert s.positions == {k: v for k, v in flood().db.query("SELECT stream, last FROM pulih.feed_head") if v}


@test
def no_daemon_grows_beyond_64_mebibytes():
    sizes = {}
    for d in flood().chain.all:
        with open(f"/proc/{d.pid}/status") as f:
            sizes[d.name] = int(next(line for line in f if line.startswith("VmHWM:")).split()[1]) // 1024
    note(f"most memory, MiB: {sizes}")
    assert SLOW > 1 or max(sizes.values()) <= 64, sizes


@test
def what_one_intake_stored_is_a_duplicate_at_the_other():
    one, two = (flood().chain.publisher("again", replica=i) for i in (0, 1))
    for _ in range(5):
        body = a_complaint()
        first = one.call("complaint", body)
        again = two.call("complaint", body, id=first["id"])
        assert again == dict(first, result="duplicate")
        assert two.refusal("complaint", a_complaint(story="Lain."), id=first["id"])["refusal"] == "conflict"


main()
