"""The publish door: sessions, credit, receipts, duplicates, conflicts, draining."""
import datetime
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@shared
def chain():
    return Chain()


@shared
def small():
    """A chain whose intake gives little credit."""
    return Chain(settings={"intake": {"credit_items": 8}})


def stored(complaint):
    """(complaints, messages of the chronology with an id) under this id."""
    db = chain().db
    return (db.one("SELECT count(*) FROM pulih.complaint WHERE id = %s", complaint.hex()),
            db.one("SELECT count(*) FROM pulih.event WHERE complaint = %s AND message IS NOT NULL", complaint.hex()))


def while_held(*send):
    """Occupies the worker of intake with one complaint, so that what the functions send lands in one batch."""
    p, db = chain().publisher(), chain().db

    def received():
        p.pump()
        return chain().intake.metrics()['pulih_received_total{stage="intake"}']
    with db.hold("pulih.complaint"):
        first = p.send("complaint", a_complaint())
        db.wait_blocked("pulih_intake")
        before = received()
        n = sum(f(p) for f in send)
        wait_until(lambda: received() >= before + n, what=f"{n} messages are received")
    p.receipt(first)
    return p


# --- sessions -----------------------------------------------------------------------------------------------

@test
def hello_is_answered_by_welcome_with_session_credit_and_limits():
    w = chain().publisher().welcome
    assert len(w["session"]) == 16 and w["credit"] >= 8 and w["item_max_bytes"] == 262144, w
    assert abs(w["server_time"] - now_us()) < 60_000_000 and "streams" not in w, w


@test
def another_protocol_is_refused():
    p = chain().publisher(open=False)
    p.connect()
    p.say("hello", protocol=2, client="x")
    nack = p.wait(lambda: p.nacks)[0]
    assert nack["refusal"] == "bad_protocol" and nack["field"] == "protocol", nack
    assert p.welcome is None


@test
def an_event_without_hello_is_refused():
    p = chain().publisher(open=False)
    p.connect()
    id = new_id()
    p.say("event", id=id, type="complaint", occurred_at=now_us(), body=a_complaint())
    nack = p.wait(lambda: p.nacks)[0]
    assert nack["refusal"] == "no_session" and nack["id"] == id, nack
    assert stored(id) == (0, 0)


@test
def a_second_hello_begins_a_new_session():
    p = chain().publisher()
    first = p.welcome["session"]
    p.call("complaint", a_complaint())
    p.welcome = None
    p.say("hello", protocol=1, client="again")
    p.wait(lambda: p.welcome)
    assert p.welcome["session"] != first
    assert p.call("complaint", a_complaint())["result"] == "stored"


@test
def ping_is_answered_by_pong():
    p = chain().publisher()
    heard = p._last_heard
    p.say("ping")
    p.wait(lambda: p._last_heard > heard)
    assert not p.nacks and not p.others


@test
def ping_without_a_session_is_no_life():
    """Else a client whose session ended while it stood still would wait for credit for ever."""
    p = chain().publisher(open=False)
    p.connect()
    p.say("ping")
    assert p.wait(lambda: p.nacks)[0]["refusal"] == "no_session"


@test
def what_only_the_feed_door_hears_is_refused():
    p = chain().publisher()
    p.say("letter_get", complaint=new_id(), number=1)
    assert p.wait(lambda: p.nacks)[0]["refusal"] == "unknown_type"


@test
def two_clients_at_once_each_get_their_own_receipts():
    a, b = chain().publisher("one"), chain().publisher("two")
    mine = [a.send("complaint", a_complaint()) for _ in range(5)]
    yours = [b.send("complaint", a_complaint()) for _ in range(5)]
    a.receipts(mine)
    b.receipts(yours)
    assert set(a.acks) == set(mine) and set(b.acks) == set(yours)


@test
def the_platforms_name_is_stored_as_source_whatever_it_writes():
    p = chain().publisher("platform-seven")
    ack = p.call("complaint", a_complaint(source="somebody-else"))
    assert events_of(chain().db, ack["complaint"])[0].body["source"] == "platform-seven"


# --- credit -------------------------------------------------------------------------------------------------

@test
def more_than_the_credit_is_refused_and_stored_nowhere():
    p = small().publisher()
    ids = [new_id() for _ in range(p.limit + 3)]
    with small().db.hold("pulih.complaint"):
        for id in ids:
            p.say("event", id=id, type="complaint", occurred_at=now_us(), body=a_complaint())
        p.wait(lambda: len(p.nacks) == 3)
    assert [n["id"] for n in p.nacks] == ids[-3:] and {n["refusal"] for n in p.nacks} == {"over_credit"}
    assert all(n["retry_after_ms"] > 0 for n in p.nacks)
    p.wait(lambda: len(p.acks) == len(ids) - 3)
    assert small().db.one("SELECT count(*) FROM pulih.complaint WHERE id = ANY(%s::uuid[])",
                          [i.hex() for i in ids[-3:]]) == 0


@test
def credit_never_exceeds_what_is_configured():
    p = Chain(settings={"intake": {"credit_items": 8}}).publisher()
    assert p.limit == 8, p.limit
    for _ in range(30):
        p.call("complaint", a_complaint())
        assert p.limit - len(p.acks) <= 8, (p.limit, len(p.acks))


@test
def credit_is_raised_as_messages_are_answered():
    p = chain().publisher()
    first = p.limit
    p.receipts([p.send("complaint", a_complaint()) for _ in range(first)])
    p.wait(lambda: p.limit > first)


@test
def refused_messages_give_their_credit_back():
    p = small().publisher()
    first = p.limit
    for _ in range(3 * first):
        assert p.refusal("nonsense", {})["refusal"] == "unknown_type"
    assert p.limit > first


@test
def sessions_that_publish_nothing_take_no_credit_from_those_who_do():
    for n in range(50):
        chain().publisher(f"idle-{n}")
    p = chain().publisher()
    wait_until(lambda: p.call("complaint", a_complaint()) and p.limit - len(p.acks) >= 32, what="more than a 50th")


@test
def credit_is_shared_among_sessions_and_each_has_some():
    several = [small().publisher(f"p{i}") for i in range(4)]
    assert all(p.limit >= 8 for p in several)
    for p in several:
        p.call("complaint", a_complaint())


# --- receipts -----------------------------------------------------------------------------------------------

@test
def a_batch_of_refusals_writes_nothing():
    """Else whoever sends what is refused would have everybody wait for the disk."""
    p, traces = chain().publisher(), "SELECT coalesce(sum(duplicate_batches), 0)::int8 FROM pulih.replica WHERE stage = 1"
    before = chain().db.one(traces)
    for _ in range(20):
        assert p.refusal("note", {"text": "x"}, complaint=new_id())["refusal"] == "unknown_complaint"
    assert chain().db.one(traces) == before


@test
def a_receipt_comes_only_after_commit():
    p, db = chain().publisher(), chain().db
    with db.hold("pulih.complaint"):
        id = p.send("complaint", a_complaint())
        db.wait_blocked("pulih_intake")
        p.say("ping")
        heard = p._last_heard
        p.wait(lambda: p._last_heard > heard)
        assert id not in p.acks and not p.nacks
    assert p.receipt(id)["result"] == "stored"
    assert stored(id) == (1, 1)


def times_x(v):
    return v << 1 ^ (0x25 if v & 16 else 0)


def check_sign(signs):
    """Sum of sign i times x^(i+1) in GF(32)."""
    total = 0
    for i, sign in enumerate(signs, 1):
        v = SIGNS.index(sign)
        for _ in range(i):
            v = times_x(v)
        total ^= v
    return SIGNS[total]


@test
def a_reference_ends_with_a_check_sign():
    p = chain().publisher()
    references = {p.call("complaint", a_complaint())["reference"] for _ in range(20)}
    assert len(references) == 20
    for r in references:
        assert re.fullmatch(f"PL-[{SIGNS}]{{4}}-[{SIGNS}]{{4}}-[{SIGNS}]", r), r
        assert check_sign(r[3:7] + r[8:12]) == r[-1], r


@test
def a_receipt_promises_when_the_plan_will_be_known():
    ack = chain().publisher().call("complaint", a_complaint())
    row = chain().db.query("SELECT kind, n, (extract(epoch from due_at) * 1000000)::int8 FROM pulih.promise "
                           "WHERE complaint = %s ORDER BY n LIMIT 1", ack["id"].hex())
    assert row == [(word("promise", "plan"), 1, ack["promised_at"])], row
    assert ack["promised_at"] > now_us()


@cases([("indonesian", "id", "Nomor keluhan Anda"), ("english", "en", "reference"),
        ("unknown is the company's", "unknown", "Nomor keluhan Anda")])
def the_receipt_is_in_the_customers_language(language, words):
    ack = chain().publisher().call("complaint", a_complaint(language=language))
    assert words in ack["receipt"] and ack["reference"] in ack["receipt"], ack["receipt"]
    assert "{{" not in ack["receipt"]


@test
def a_later_message_gets_a_receipt_without_promise():
    p = chain().publisher()
    first = p.call("complaint", a_complaint())
    ack = p.call("note", {"text": "Pelanggan menelepon lagi."}, first["complaint"])
    assert ack["result"] == "stored" and ack["reference"] == first["reference"], ack
    assert ack["complaint"] == first["complaint"] and "receipt" not in ack and "promised_at" not in ack


@test
def complaints_of_one_burst_get_receipts_in_order():
    p = chain().publisher()
    ids = [p.send("complaint", a_complaint()) for _ in range(20)]
    p.receipts(ids)
    assert [a["id"] for a in p.answers] == ids


# --- duplicates and conflicts -------------------------------------------------------------------------------

@test
def a_repeated_complaint_gets_the_same_receipt_again():
    p = chain().publisher()
    body = a_complaint()
    first = p.call("complaint", body)
    again = p.call("complaint", body, id=first["id"])
    assert again == dict(first, result="duplicate"), again
    assert stored(first["id"]) == (1, 1)


@test
def a_complaint_repeated_in_another_session_is_a_duplicate():
    body = a_complaint()
    first = chain().publisher().call("complaint", body)
    again = chain().publisher("another").call("complaint", body, id=first["id"])
    assert again["result"] == "duplicate" and again["reference"] == first["reference"]


@test
def a_repeated_later_message_is_a_duplicate_and_takes_effect_once():
    p = chain().publisher()
    complaint = p.call("complaint", a_complaint())["complaint"]
    first = p.call("note", {"text": "satu"}, complaint)
    again = p.call("note", {"text": "satu"}, complaint, id=first["id"])
    assert again["result"] == "duplicate" and again["reference"] == first["reference"]
    assert stored(complaint) == (1, 2)


@test
def the_same_id_with_another_story_is_a_conflict():
    p = chain().publisher()
    first = p.call("complaint", a_complaint())
    nack = p.refusal("complaint", a_complaint(story="Lain sama sekali."), id=first["id"])
    assert nack["refusal"] == "conflict" and "retry_after_ms" not in nack, nack
    assert stored(first["id"]) == (1, 1)


@test
def the_same_id_with_another_type_is_a_conflict():
    p = chain().publisher()
    complaint = p.call("complaint", a_complaint())["complaint"]
    first = p.call("note", {"text": "x"}, complaint)
    assert p.refusal("withdrawn", {}, complaint, id=first["id"])["refusal"] == "conflict"


@test
def the_same_message_id_under_two_complaints_is_no_conflict():
    p = chain().publisher()
    one, two = (p.call("complaint", a_complaint())["complaint"] for _ in range(2))
    id = p.call("note", {"text": "x"}, one)["id"]
    assert p.call("note", {"text": "y"}, two, id=id)["result"] == "stored"


@test
def the_same_complaint_twice_in_one_batch_is_stored_once():
    id, body = new_id(), a_complaint()

    def send(p):
        for _ in range(2):
            p.say("event", id=id, type="complaint", occurred_at=now_us(), body=body)
        return 2
    p = while_held(send)
    p.wait(lambda: len([a for a in p.answers if a["id"] == id]) == 2)
    one, two = [a for a in p.answers if a["id"] == id]
    assert one["result"] == "stored" and two == dict(one, result="duplicate"), (one, two)
    assert stored(id) == (1, 1)


@test
def the_same_id_with_other_bodies_in_one_batch_is_a_conflict():
    id = new_id()

    def send(p):
        for _ in range(2):
            p.say("event", id=id, type="complaint", occurred_at=now_us(), body=a_complaint())
        return 2
    p = while_held(send)
    p.wait(lambda: len([a for a in p.answers if a.get("id") == id]) == 2)
    assert p.acks[id]["result"] == "stored" and p.nacks[0]["refusal"] == "conflict", p.answers
    assert stored(id) == (1, 1)


@test
def the_same_note_twice_in_one_batch_is_stored_once():
    complaint = chain().publisher().call("complaint", a_complaint())["complaint"]
    id = new_id()

    def send(p):
        for _ in range(2):
            p.say("event", id=id, type="note", complaint=complaint, occurred_at=now_us(), body={"text": "x"})
        return 2
    p = while_held(send)
    p.wait(lambda: len([a for a in p.answers if a["id"] == id]) == 2)
    assert [a["result"] for a in p.answers if a["id"] == id] == ["stored", "duplicate"]
    assert stored(complaint) == (1, 2)


@test
def numbers_of_a_batch_that_is_tried_again_are_not_given_out_twice():
    """A duplicate among new complaints sends the whole batch the slow way; numbers come in blocks of 1024."""
    chain().intake.restart()  # begins a block
    p, body = chain().publisher(), a_complaint()
    used = [p.send("complaint", body) for _ in range(1024 - 11)]
    p.receipts(used)
    known = used[0]
    for _ in range(3):
        fresh = [new_id() for _ in range(6)]  # what is left of the block is enough for one try, not for two

        def send(p):
            for id in [known] + fresh:
                p.send("complaint", body, id=id)
            return 1 + len(fresh)
        p = while_held(send)
        p.receipts([known] + fresh)
    twice = chain().db.query("SELECT number FROM pulih.complaint GROUP BY number HAVING count(*) > 1")
    assert not twice, twice


@test
def a_batch_of_duplicates_only_is_answered():
    p = chain().publisher()
    bodies = [a_complaint() for _ in range(5)]
    ids = [p.send("complaint", b) for b in bodies]
    p.receipts(ids)
    again = [p.send("complaint", b, id=i) for i, b in zip(ids, bodies)]
    assert {a["result"] for a in p.receipts(again)} == {"duplicate"}


# --- later messages -----------------------------------------------------------------------------------------

@test
def a_message_about_an_unknown_complaint_is_refused():
    nack = chain().publisher().refusal("note", {"text": "x"}, new_id())
    assert nack["refusal"] == "unknown_complaint", nack


@test
def a_later_message_must_name_its_complaint():
    nack = chain().publisher().refusal("note", {"text": "x"})
    assert nack["refusal"] == "bad_field" and nack["field"] == "complaint", nack


@test
def a_later_message_may_not_be_its_own_complaint():
    p = chain().publisher()
    id = p.call("complaint", a_complaint())["complaint"]
    assert p.refusal("note", {"text": "x"}, id, id=id)["field"] == "complaint"


@test
def a_complaint_may_name_itself_and_no_other():
    p = chain().publisher()
    id = new_id()
    assert p.call("complaint", a_complaint(), id, id=id)["result"] == "stored"
    assert p.refusal("complaint", a_complaint(), new_id())["field"] == "complaint"


@cases([(name, name) for name in ("deadline_passed", "classified", "offered", "closed", "hello", "hint",
                                  "attachment", "nonsense")])
def what_clients_may_not_publish_is_an_unknown_type(name):
    nack = chain().publisher().refusal(name, {}, new_id())
    assert nack["refusal"] == "unknown_type" and nack["field"] == "type", nack


@test
def a_complaint_and_a_note_about_it_go_in_one_burst():
    p = chain().publisher()
    complaint = p.send("complaint", a_complaint())
    id = p.send("note", {"text": "Baru saja."}, complaint)
    assert [a["result"] for a in p.receipts([complaint, id])] == ["stored", "stored"]
    assert stored(complaint) == (1, 2)


@test
def a_complaint_and_notes_about_it_go_in_one_batch():
    complaint, ids = new_id(), [new_id() for _ in range(3)]

    def send(p):
        p.send("complaint", a_complaint(), id=complaint)
        for id in ids:
            p.send("note", {"text": "x"}, complaint, id=id)
        return 4
    p = while_held(send)
    p.receipts([complaint] + ids)
    chain().wait_state(complaint, "acknowledged")
    assert [e.message for e in events_of(chain().db, complaint) if e.message] == [complaint] + ids


@test
def a_note_that_comes_before_its_complaint_in_a_batch_is_stored_too():
    complaint, id = new_id(), new_id()

    def send(p):
        p.send("note", {"text": "x"}, complaint, id=id)
        p.send("complaint", a_complaint(), id=complaint)
        return 2
    p = while_held(send)
    assert [a["result"] for a in p.receipts([complaint, id])] == ["stored", "stored"]


@test
def one_bad_message_among_good_ones_of_a_batch_harms_none():
    bad = new_id()
    good = [new_id() for _ in range(4)]

    def send(p):
        for id in good[:2]:
            p.send("complaint", a_complaint(), id=id)
        p.send("note", {"text": "x"}, new_id(), id=bad)
        for id in good[2:]:
            p.send("complaint", a_complaint(), id=id)
        return 5
    p = while_held(send)
    p.wait(lambda: len(p.answers) == 6)
    assert {a["id"] for a in p.answers if a.get("result") == "stored"} >= set(good)
    assert [n["id"] for n in p.nacks] == [bad]


# --- stopping -----------------------------------------------------------------------------------------------

@test
def sigterm_tells_drain_sends_the_receipts_that_are_due_and_ends_with_0():
    own = Chain()
    publishers = [own.publisher() for _ in range(8)]
    with own.db.hold("pulih.complaint"):
        ids = [[p.send("complaint", a_complaint()) for _ in range(5)] for p in publishers]
        own.db.wait_blocked("pulih_intake")
        own.intake.signal(15)
        for p in publishers:
            p.wait(lambda: p.draining, what="drain")
            assert not p.acks
        assert own.intake.running
        released = datetime.datetime.now(datetime.timezone.utc)
    for p, its in zip(publishers, ids):
        p.receipts(its)
    assert own.intake.process.wait(15) == 0
    own.intake._ours = True
    ended = re.search(r"ts=(\S+) .*event=stopped", own.intake.log_text()).group(1)
    # A client may drop what it has not read when the connection ends: it has a while to read the receipts.
    assert datetime.datetime.fromisoformat(ended.replace("Z", "+00:00")) - released > datetime.timedelta(seconds=0.2)


@test
def a_stopping_intake_takes_no_new_session():
    own = Chain()
    p, late = own.publisher(), own.publisher(open=False)
    late.connect()
    with own.db.hold("pulih.complaint"):
        id = p.send("complaint", a_complaint())
        own.db.wait_blocked("pulih_intake")
        own.intake.signal(15)
        p.wait(lambda: p.draining)
        late.say("hello", protocol=1, client="late")
        assert late.wait(lambda: late.nacks)[0]["refusal"] == "busy"
    p.receipt(id)
    own.intake.stop()


@test
def what_had_no_receipt_is_sent_again_after_a_restart_and_stored_once():
    own = Chain()
    p = own.publisher()
    with own.db.hold("pulih.complaint"):
        id = p.send("complaint", a_complaint())
        own.db.wait_blocked("pulih_intake")
        own.intake.kill()
    own.intake.start()
    p.open()
    assert p.receipt(id)["result"] in ("stored", "duplicate")
    own.wait_state(id, "acknowledged")
    assert own.db.one("SELECT count(*) FROM pulih.complaint") == 1


@test
def sessions_beyond_the_most_are_refused_as_busy():
    own = Chain(settings={"intake": {"sessions_max": 2}})
    one, two = own.publisher(), own.publisher()
    three = own.publisher(open=False)
    three.connect()
    three.say("hello", protocol=1, client="three")
    nack = three.wait(lambda: three.nacks)[0]
    assert nack["refusal"] == "busy" and nack["retry_after_ms"] > 0, nack
    for p in (one, two):
        p.call("complaint", a_complaint())


main()
