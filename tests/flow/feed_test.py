"""The feed door: positions, ranges without gaps, credit, heads, letters; restarts and replicas."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

STREAMS = 64


@shared
def chain():
    """Two replicas of follow-up, and something on the feed."""
    made = Chain(replicas={"followup": 2})
    p = made.publisher()
    for ack in p.receipts([p.send("complaint", a_complaint()) for _ in range(40)]):
        made.wait_state(ack["complaint"], "acknowledged")
    return made


def stored(db):
    """The feed as it is in the database, in the order of streams and numbers."""
    return [(stream, seq, bytes.fromhex(complaint.replace("-", "")), version, MESSAGE[type]) for
            stream, seq, complaint, version, type in
            db.query("SELECT stream, seq, complaint, version, type FROM pulih.feed ORDER BY stream, seq")]


def taken(subscriber):
    return sorted((i["stream"], i["seq"], i["complaint"], i["version"], i["type"]) for i in subscriber.items)


def wait_all(subscriber, db):
    """Waits until the subscriber has all there is, and compares."""
    n = db.one("SELECT sum(last) FROM pulih.feed_head")
    subscriber.wait(lambda: len(subscriber.items) >= n, timeout=30, what=f"{n} items")
    assert taken(subscriber) == stored(db)


def heads(db):
    return dict(db.query("SELECT stream, last FROM pulih.feed_head"))


def publish(n=1, to=None, state="acknowledged"):
    to = to or chain()
    p = to.publisher()
    ids = [p.send("complaint", a_complaint()) for _ in range(n)]
    p.receipts(ids)
    for id in ids:
        to.wait_state(id, state)
    return ids


def wait_heads(subscriber, n):
    """Waits for as many tellings of the heads, so that whatever was to be sent has been sent."""
    count = []
    take = subscriber.take

    def counting(name, body):
        if name == "heads":
            count.append(body)
        return take(name, body)
    subscriber.take = counting
    subscriber.wait(lambda: len(count) >= n, what="heads")
    del subscriber.take
    return count


def nacks(subscriber):
    return [body for name, body in subscriber.others if name == "nack"]


# --- where it begins ----------------------------------------------------------------------------------------

@test
def welcome_tells_session_streams_and_the_credit_that_was_granted():
    w = chain().subscriber(credit=321).welcome
    assert len(w["session"]) == 16 and w["streams"] == STREAMS and w["credit"] == 321, w


@test
def from_the_start_every_item_comes_once_and_in_order():
    wait_all(chain().subscriber(), chain().db)


@test
def from_now_only_what_is_new_comes():
    chain().wait_quiet()
    before = heads(chain().db)
    s = chain().subscriber(from_now=True)
    s.wait(lambda: s.heads)
    [id] = publish()
    item = s.wait_item(id, "acknowledged")
    assert [i["complaint"] for i in s.items] == [id] and item["seq"] == before[item["stream"]] + 1


@test
def from_now_holds_when_others_follow_already():
    other = chain().subscriber("other")
    wait_all(other, chain().db)
    several = [chain().subscriber(from_now=True) for _ in range(20)]
    for s in several:
        wait_heads(s, 1)
        assert s.items == []


@test
def from_positions_the_next_items_come():
    first = chain().subscriber()
    wait_all(first, chain().db)
    half = {stream: seq // 2 for stream, seq in first.positions.items()}
    second = chain().subscriber(positions=half)
    n = sum(first.positions.values()) - sum(half.values())
    second.wait(lambda: len(second.items) >= n)
    assert taken(second) == [t for t in taken(first) if t[1] > half[t[0]]]


@test
def streams_that_are_not_named_begin_at_the_end_with_from_now():
    chain().wait_quiet()
    at = heads(chain().db)
    stream = max(at, key=at.get)
    s = chain().subscriber(positions={stream: 0}, from_now=True)
    s.wait(lambda: len(s.items) >= at[stream])
    wait_heads(s, 1)
    assert {i["stream"] for i in s.items} == {stream} and len(s.items) == at[stream]


@test
def a_position_beyond_the_head_is_refused_and_the_session_ends():
    at = heads(chain().db)
    s = chain().subscriber(positions={5: at[5] + 1000})
    nack = s.wait(lambda: nacks(s))[0]
    assert nack["refusal"] == "bad_field" and nack["field"] == "positions", nack
    s.say("credit", limit=10)
    assert s.wait(lambda: nacks(s)[1:])[0]["refusal"] == "no_session"
    assert s.items == []


@test
def a_position_that_another_replica_has_just_given_is_no_position_beyond_the_head():
    one, several = chain().subscriber(replica=0), []
    for _ in range(20):
        id = chain().publisher().call("complaint", a_complaint())["id"]
        item = one.wait_item(id, "acknowledged")
        several.append(chain().subscriber(replica=1, positions={item["stream"]: item["seq"]}, from_now=True))
    for two in several:
        wait_heads(two, 1)
        assert not nacks(two)


@test
def what_is_no_longer_kept_is_told_as_too_old():
    own = Chain()
    publish(30, own)
    stream = own.db.one("SELECT stream FROM pulih.feed_head ORDER BY last DESC LIMIT 1")
    last = heads(own.db)[stream]
    for keep in (1, 0):  # the last one is still there; all are gone
        own.db.query("DELETE FROM pulih.feed WHERE stream = %s AND seq <= %s", stream, last - keep)
        s = own.subscriber(positions={stream: 0}, from_now=True)
        s.wait(lambda: s.too_old, what="too_old")
        assert s.too_old == [{"stream": stream, "oldest": last - keep}], s.too_old
        s.say("credit", limit=10)
        assert s.wait(lambda: nacks(s))[0]["refusal"] == "no_session"
        s = own.subscriber(positions={stream: last - keep}, from_now=True)
        s.wait(lambda: len(s.items) == keep)


@test
def a_feed_that_was_not_subscribed_is_refused():
    s = chain().subscriber(open=False)
    s.connect()
    s.say("credit", limit=10)
    s.say("letter_get", complaint=new_id(), number=1)
    s.wait(lambda: len(nacks(s)) == 2)
    assert {n["refusal"] for n in nacks(s)} == {"no_session"}


@test
def another_protocol_is_refused():
    s = chain().subscriber(open=False)
    s.connect()
    s.say("subscribe", protocol=9, client="x", credit=1)
    assert s.wait(lambda: nacks(s))[0]["refusal"] == "bad_protocol"


@test
def subscribers_beyond_the_most_are_refused_as_busy():
    own = Chain(settings={"followup": {"subscribers_max": 1}})
    first = own.subscriber()
    second = own.subscriber(open=False)
    second.connect()
    second.say("subscribe", protocol=1, client="x", credit=1)
    assert second.wait(lambda: nacks(second))[0]["refusal"] == "busy"
    [id] = publish(1, own)
    first.wait_item(id, "acknowledged")


# --- credit and heads ---------------------------------------------------------------------------------------

class Strict(Subscriber):
    """Grants nothing by itself."""

    def _take_events(self, body):
        self.credit, keep = 0, self.credit
        super()._take_events(body)
        self.credit = keep


@test
def not_more_comes_than_was_granted():
    s = Strict(chain().feed_port, credit=7)
    s.wait(lambda: len(s.items) >= 7)
    wait_heads(s, 2)
    assert len(s.items) == 7
    s.say("credit", limit=12)
    s.wait(lambda: len(s.items) >= 12)
    wait_heads(s, 2)
    assert len(s.items) == 12


@test
def credit_is_a_total_and_a_repeat_or_a_smaller_one_changes_nothing():
    s = Strict(chain().feed_port, credit=3)
    s.wait(lambda: len(s.items) == 3)
    for limit in (3, 1, 3):
        s.say("credit", limit=limit)
    wait_heads(s, 2)
    assert len(s.items) == 3


@test
def without_credit_nothing_comes_but_heads():
    s = Strict(chain().feed_port, credit=0)
    wait_heads(s, 2)
    assert s.items == [] and sum(s.heads.values()) > 0


@test
def heads_tell_every_stream_each_second():
    chain().wait_quiet()
    s = chain().subscriber(credit=0)
    began = now_us()
    told = wait_heads(s, 3)
    took_s = (now_us() - began) / 1e6
    assert {h["stream"]: h["seq"] for h in told[-1]["heads"]} == heads(chain().db)
    assert len(told[0]["heads"]) == STREAMS and 1.5 < took_s < 4.5 * SLOW, took_s


@test
def ping_is_answered():
    s = chain().subscriber(from_now=True)
    heard = s._last_heard
    s.say("ping")
    s.wait(lambda: s._last_heard > heard)
    assert not s.others


@test
def ping_without_a_session_is_no_life():
    """Else a subscriber whose session ended while it stood still would wait for events for ever."""
    s = chain().subscriber(open=False)
    s.connect()
    s.say("ping")
    assert s.wait(lambda: nacks(s))[0]["refusal"] == "no_session"


@test
def items_come_soon_after_they_happened():
    s = chain().subscriber(from_now=True)
    s.wait(lambda: s.heads)
    p = chain().publisher()
    lags = []
    for _ in range(10):
        ack = p.call("complaint", a_complaint())
        item = s.wait_item(ack["complaint"], "acknowledged")
        lags.append((now_us() - item["at"]) / 1000)
    note(f"an item reached its subscriber {sorted(lags)[5]:.1f} ms (median) after it was recorded")
    assert sorted(lags)[5] < 500 * SLOW


# --- several subscribers ------------------------------------------------------------------------------------

@test
def two_subscribers_get_the_same_each_at_its_own_place():
    one, two = chain().subscriber("one"), chain().subscriber("two")
    wait_all(one, chain().db)
    wait_all(two, chain().db)


@test
def a_slow_subscriber_costs_the_others_nothing():
    slow = [Strict(chain().feed_port, f"slow{i}", credit=1) for i in range(10)]
    fast = chain().subscriber("fast")
    ids = publish(30)
    for id in ids:
        fast.wait_item(id, "acknowledged")
    for s in slow:
        s.wait(lambda: s.items)
        assert len(s.items) == 1


@test
def a_subscriber_that_reads_nothing_costs_the_others_nothing():
    deaf = chain().subscriber("deaf", credit=10**9)
    fast = chain().subscriber("fast")
    publish(30)
    wait_all(fast, chain().db)
    wait_all(deaf, chain().db)  # and it still gets everything once it listens


@cases([("first", 0), ("second", 1)])
def either_replica_gives_the_whole_feed(replica):
    wait_all(chain().subscriber(replica=replica), chain().db)


@test
def a_subscriber_may_go_on_at_the_other_replica_at_any_place():
    s = Strict(chain().feed_ports[0], credit=10)
    s.wait(lambda: len(s.items) == 10)
    rest = Subscriber(chain().feed_ports[1], positions=s.positions)
    n = chain().db.one("SELECT sum(last) FROM pulih.feed_head")
    rest.wait(lambda: len(rest.items) + 10 >= n)
    rest.items += s.items
    assert taken(rest) == stored(chain().db)


# --- restarts -----------------------------------------------------------------------------------------------

@cases([("stopped", lambda d: d.restart()), ("killed", lambda d: (d.kill(), d.start()))])
def behind_a_restart_the_feed_goes_on_from_the_position_without_loss_or_repeat(restart):
    own = Chain()
    s = own.subscriber()
    publish(15, own)
    s.wait(lambda: len(s.items) >= 5)
    for _ in range(3):
        p = own.publisher()
        ids = [p.send("complaint", a_complaint()) for _ in range(20)]
        restart(own.followup)
        p.receipts(ids)
        s.open()
    own.wait_quiet()
    wait_all(s, own.db)


@test
def a_stopping_followup_tells_drain():
    own = Chain()
    s = own.subscriber()
    own.followup.signal(15)
    s.wait(lambda: s.draining)
    own.followup.stop()


@test
def while_the_database_is_away_the_session_lives_and_goes_on_after():
    own = Chain(database=Database(Cluster()))
    s = own.subscriber()
    [id] = publish(1, own)
    s.wait_item(id, "acknowledged")
    own.db.cluster.restart("immediate")
    [id] = publish(1, own)
    s.wait_item(id, "acknowledged", timeout=30)
    wait_all(s, own.db)


# --- letters ------------------------------------------------------------------------------------------------

@test
def a_letter_comes_with_the_name_filled_in_and_where_to_send_it():
    case = Case(chain(), name="Ibu Ratna Dewi", phone="+62811", email="ratna@example.com", address="Jalan Contoh 1",
                preferred_channel="email")
    letter = chain().subscriber(from_now=True).letter(case.id, 1)
    assert letter["letter"] == "acknowledgement" and letter["channel"] == "email" and letter["language"] == "id"
    assert "Ibu Ratna Dewi" in letter["text"] and case.ack["reference"] in letter["subject"] + letter["text"]
    assert (letter["name"], letter["phone"], letter["email"], letter["address"]) == \
        ("Ibu Ratna Dewi", "+62811", "ratna@example.com", "Jalan Contoh 1")
    assert "{{" not in letter["text"]


@test
def without_a_name_the_address_is_polite():
    case = Case(chain(), name=None, phone=None, email=None, customer_ref=None)
    letter = chain().subscriber(from_now=True).letter(case.id, 1)
    assert "Bapak/Ibu" in letter["text"].splitlines()[0] and "name" not in letter and "{{" not in letter["text"]


@test
def behind_an_erasure_the_letter_names_nobody():
    case = Case(chain(), name="Pak Hapus")
    case.db.query("DELETE FROM pulih.person WHERE complaint = %s", case.id.hex())
    letter = chain().subscriber(from_now=True).letter(case.id, 1)
    assert "Pak Hapus" not in letter["text"] and not {"name", "phone", "email"} & set(letter)


@cases([("number that was never written", 1, 99), ("number 0", 1, 0), ("unknown complaint", 0, 1)])
def a_letter_that_is_not_there_is_refused(known, number):
    id = publish()[0] if known else new_id()
    s = chain().subscriber(from_now=True)
    s.say("letter_get", complaint=id, number=number)
    nack = s.wait(lambda: nacks(s))[0]
    assert nack["refusal"] == "no_such_letter" and nack["id"] == id, nack


@test
def a_hundred_letters_at_once_all_come():
    ids = publish(100)
    s = chain().subscriber(from_now=True)
    for id in ids:
        s.say("letter_get", complaint=id, number=1)
    s.wait(lambda: len(s.letters) == 100)
    assert set(s.letters) == {(id, 1) for id in ids}


@test
def letters_come_while_items_flow():
    s = chain().subscriber()
    ids = publish(20)
    for id in ids:
        s.wait_item(id, "acknowledged")
        assert s.letter(id, 1)["complaint"] == id


@test
def the_whole_feed_is_gapless_in_the_database_too():
    chain().wait_quiet()
    wrong = chain().db.query("SELECT h.stream FROM pulih.feed_head h LEFT JOIN pulih.feed f USING (stream) "
                             "GROUP BY h.stream, h.last "
                             "HAVING count(f.seq) <> h.last OR coalesce(max(f.seq), 0) <> h.last")
    assert wrong == []


main()
