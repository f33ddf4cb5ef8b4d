"""Every rule of every field that clients may send: what breaks it is refused by name, and harms nobody beside."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

# Rows of messages.tbl.h: what clients say about complaints, and the lists in it.
PUBLISHED = [r[0] for r in rows("proto/messages.tbl.h", "MSG") if r[2] == "IN"]
FIELDS = {}  # message: {field: (kind, max, of, needed, class)}
for message, kind, name, most, of, need, group, *_ in rows("proto/messages.tbl.h", "FIELD"):
    LIMITS = {"UINT64_MAX": 2**64 - 1, "INT64_MAX": 2**63 - 1, "INT32_MAX": 2**31 - 1, "UINT32_MAX": 2**32 - 1}
    FIELDS.setdefault(message, {})[name] = (kind, LIMITS.get(most) or int(most), of, need == "NEED", group)
SECRET = "Rahasia-7731"  # must never come back in a refusal


@shared
def chain():
    return Chain()


class Other:
    """A good client beside the bad one."""

    def __init__(self):
        self.publisher = chain().publisher("good")

    def is_unharmed(self):
        assert self.publisher.call("complaint", a_complaint())["result"] == "stored"
        assert not self.publisher.nacks


def good_value(kind, most, of):
    if kind == "str":
        return "x"
    if kind == "word":
        return next(w for l, w in WORD_LISTS if l == of)
    if kind == "list":
        return [{n: good_value(k, m, o) for n, (k, m, o, need, _) in FIELDS[of].items() if need}]
    return {"u64": 1, "i64": 1, "time": now_us(), "boolean": True, "bin": b"x", "id": new_id()}[kind]


WORD_LISTS = [(r[0], r[1]) for r in rows("include/pulih/tbl/words.tbl.h", "WORD")]


def good_body(message):
    return {n: good_value(k, m, o) for n, (k, m, o, need, _) in FIELDS[message].items() if need}


def refused(publisher, message, body, field, value_shown=None):
    """Sends a body that must be refused because of `field`; returns the nack."""
    id = new_id()
    complaint = None if message == "complaint" else new_id()
    nack = publisher.refusal(message, body, complaint, id=id)
    what = (message, field, nack)
    assert nack["refusal"] == "bad_field" and nack["field"] == field, what
    assert nack["id"] == id and nack["rule"] and "retry_after_ms" not in nack, what
    assert SECRET not in repr(nack), what
    if value_shown is not None:
        assert nack.get("value") == value_shown, what
    return nack


def send_raw(publisher, message, body):
    """Sends an event whose body is these bytes; returns its id."""
    id = new_id()
    event = msgpack.packb({"id": id, "type": message, "occurred_at": now_us(),
                           "complaint": id if message == "complaint" else new_id()})
    publisher.sent += 1
    publisher.send_frame(bytes([0x93, 0x01, WIRE["event"], event[0] + 1]) + event[1:] + msgpack.packb("body") + body)
    return id


def refused_pairs(publisher, message, pairs, field):
    """As refused, for a body of packed (name, value) pairs, which a map of Python could not hold."""
    body = bytes([0xde]) + len(pairs).to_bytes(2, "big") + b"".join(msgpack.packb(n) + v for n, v in pairs)
    id = send_raw(publisher, message, body)
    publisher.wait(lambda: any(n.get("id") == id for n in publisher.nacks), what=f"refusal of {field}")
    nack = next(n for n in publisher.nacks if n.get("id") == id)
    assert nack["refusal"] == "bad_field" and nack["field"] == field and nack["rule"], (field, nack)
    return nack


def shown(group, value):
    """What a refusal may quote of a value: nothing of what people wrote or are."""
    return value if group == "OPEN" else None


def each_message(rule):
    """One test per kind of message, with the good client beside it."""
    def run(message):
        other = Other()
        rule(chain().publisher("bad"), message)
        other.is_unharmed()
    run.__name__ = rule.__name__
    return cases([(m, m) for m in PUBLISHED])(run)


# Texts that must be words of the policy's lists; department_test.py has their refusals.
BY_POLICY = {("reclassified", "department")}

# --- rules of fields ----------------------------------------------------------------------------------------

@each_message
def a_missing_field_is_named(p, message):
    for name, (_, _, _, need, _) in FIELDS[message].items():
        if need:
            body = good_body(message)
            del body[name]
            assert "needed" in refused(p, message, body, name)["rule"]


@each_message
def a_value_of_the_wrong_type_is_named(p, message):
    for name, (kind, *_) in FIELDS[message].items():
        wrong = [True, None, 1.5, [1], {"a": 1}]
        wrong += {"str": [7, b"x"], "word": [7, b"x"], "list": ["x", 7], "boolean": [1, "true"]}.get(kind, ["7", b"7"])
        for value in wrong:
            if kind == "boolean" and value is True:
                continue
            if kind == "list" and value == [1]:
                continue  # an element of the wrong type, see below
            refused(p, message, dict(good_body(message), **{name: value}), name)


@each_message
def text_that_is_too_long_is_named_with_its_limit(p, message):
    for name, (kind, most, *_, group) in FIELDS[message].items():
        if kind == "str":
            text = "x" * (most + 1) if group == "OPEN" else SECRET * (most // len(SECRET) + 1)
            nack = refused(p, message, dict(good_body(message), **{name: text}), name)
            assert str(most) in nack["rule"], nack


@each_message
def text_of_exactly_the_limit_is_accepted(p, message):
    body = good_body(message)
    for name, (kind, most, *_) in FIELDS[message].items():
        if kind == "str" and (message, name) not in BY_POLICY:
            body[name] = "x" * most
    if message == "complaint":
        assert p.call(message, body)["result"] == "stored"
    else:
        complaint = p.call("complaint", a_complaint())["complaint"]
        assert p.call(message, body, complaint)["result"] == "stored"


@each_message
def text_that_is_not_utf8_is_refused(p, message):
    for name, (kind, *_) in FIELDS[message].items():
        if kind == "str":
            for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
                body = {k: v for k, v in good_body(message).items() if k != name}
                packed = msgpack.packb(body)
                packed = bytes([packed[0] + 1]) + packed[1:]
                packed += msgpack.packb(name) + bytes([0xa0 + len(bad)]) + bad
                before = len(p.nacks)
                send_raw(p, message, packed)
                nack = p.wait(lambda: p.nacks[before:], what=f"{name} {bad}")[0]
                assert nack["refusal"] in ("bad_frame", "bad_field") and "UTF-8" in nack["rule"], (name, bad, nack)


@each_message
def text_with_a_zero_character_is_refused(p, message):
    for name, (kind, *_) in FIELDS[message].items():
        if kind == "str":
            nack = refused(p, message, dict(good_body(message), **{name: "a\0b"}), name)
            assert "U+0000" in nack["rule"], nack


@each_message
def a_word_that_is_not_in_the_list_is_named_with_the_list(p, message):
    for name, (kind, _, of, _, group) in FIELDS[message].items():
        if kind == "word":
            first = next(w for l, w in WORD_LISTS if l == of)
            for value in ("nonsense", "", first.upper(), first + " "):
                nack = refused(p, message, dict(good_body(message), **{name: value}), name,
                               shown(group, value) or None)
                assert first in nack["rule"], nack


@each_message
def every_word_of_each_list_is_accepted(p, message):
    complaint = p.call("complaint", a_complaint())["complaint"]
    for name, (kind, _, of, *_) in FIELDS[message].items():
        if kind == "word":
            about = None if message == "complaint" else complaint
            ids = [p.send(message, dict(good_body(message), **{name: w}), about) for l, w in WORD_LISTS if l == of]
            p.receipts(ids)


@each_message
def a_number_beyond_its_limit_is_named_with_the_limit(p, message):
    for name, (kind, most, _, _, group) in FIELDS[message].items():
        if kind == "u64":
            for value in [-1, most + 1] if most < 2**64 - 1 else [-1]:
                nack = refused(p, message, dict(good_body(message), **{name: value}), name,
                               shown(group, str(value)))
                assert str(most) in nack["rule"], nack


@each_message
def a_time_before_1970_or_after_the_year_9999_is_named(p, message):
    for name, (kind, *_) in FIELDS[message].items():
        if kind == "time":
            for value in (-1, 253402300800000000, 2**63):
                refused(p, message, dict(good_body(message), **{name: value}), name)


@each_message
def a_field_that_comes_twice_is_named(p, message):
    for name, (kind, most, of, *_) in FIELDS[message].items():
        pairs = [(n, msgpack.packb(v)) for n, v in good_body(message).items() if n != name]
        value = msgpack.packb(good_value(kind, most, of))
        nack = refused_pairs(p, message, pairs + [(name, value), (name, value)], name)
        assert "once" in nack["rule"], nack


@each_message
def unknown_names_are_skipped(p, message):
    body = dict(good_body(message), brand_new_field={"deep": [1, {"er": None}]}, another=None)
    if message == "complaint":
        assert p.call(message, body)["result"] == "stored"
    else:
        complaint = p.call("complaint", a_complaint())["complaint"]
        assert p.call(message, body, complaint)["result"] == "stored"


# --- the event around them, lists, sessions -----------------------------------------------------------------

def event_refused(field, **changes):
    p, other = chain().publisher("bad"), Other()
    event = {"id": new_id(), "type": "complaint", "occurred_at": now_us(), "body": a_complaint()}
    event.update(changes)
    p.say("event", **{k: v for k, v in event.items() if v != "absent"})
    nack = p.wait(lambda: p.nacks)[0]
    assert nack["refusal"] in ("bad_field", "unknown_type") and nack["field"] == field, nack
    other.is_unharmed()
    return nack


EVENT = [
    ("id missing", "id", {"id": "absent"}), ("id too short", "id", {"id": b"x" * 15}),
    ("id too long", "id", {"id": b"x" * 17}), ("id as text", "id", {"id": "x" * 16}),
    ("type missing", "type", {"type": "absent"}), ("type as number", "type", {"type": 32}),
    ("type too long", "type", {"type": "x" * 33}), ("type empty", "type", {"type": ""}),
    ("occurred_at missing", "occurred_at", {"occurred_at": "absent"}),
    ("occurred_at as text", "occurred_at", {"occurred_at": "2026-11-20"}),
    ("occurred_at negative", "occurred_at", {"occurred_at": -5}),
    ("body missing", "body", {"body": "absent"}), ("body as text", "body", {"body": "keluhan"}),
    ("body as list", "body", {"body": [1]}), ("body too large", "body", {"body": {"x": "y" * 200000}}),
    ("complaint too short", "complaint", {"complaint": b"x"}),
]


@cases(EVENT)
def an_event_that_breaks_a_rule_is_refused_by_field(field, changes):
    event_refused(field, **changes)


@test
def a_refusal_of_an_event_names_the_message_where_it_can_be_read():
    id = new_id()
    assert event_refused("occurred_at", id=id, occurred_at="x")["id"] == id
    assert "id" not in event_refused("id", id="absent")


LISTS = [
    ("element without its needed field", "attachments[1].ref", [{"ref": "a"}, {"name": "b"}]),
    ("element that is no map", "attachments[0]", [7]),
    ("number of an element", "attachments[2].size_bytes",
     [{"ref": "a"}, {"ref": "b"}, {"ref": "c", "size_bytes": -1}]),
    ("text of an element", "attachments[0].media", [{"ref": "a", "media": SECRET * 20}]),
    ("digest of an element", "attachments[0].digest", [{"ref": "a", "digest": b"x" * 65}]),
    ("too many elements", "attachments", [{"ref": "a"}] * 33),
]


@cases(LISTS)
def a_fault_in_a_list_is_named_with_its_element(field, value):
    other = Other()
    nack = refused(chain().publisher("bad"), "complaint", a_complaint(attachments=value), field)
    assert "value" not in nack, nack
    other.is_unharmed()


HELLO = [
    ("without client", "client", {"protocol": 1}), ("without protocol", "protocol", {"client": "x"}),
    ("client too long", "client", {"protocol": 1, "client": "x" * 65}),
    ("client with zero", "client", {"protocol": 1, "client": "a\0b"}),
    ("protocol as text", "protocol", {"protocol": "1", "client": "x"}),
]


@cases(HELLO)
def a_hello_that_breaks_a_rule_opens_no_session(field, body):
    p = chain().publisher(open=False)
    p.connect()
    p.say("hello", **body)
    nack = p.wait(lambda: p.nacks)[0]
    assert nack["refusal"] == "bad_field" and nack["field"] == field, nack
    assert p.welcome is None


SUBSCRIBE = [
    ("without credit", "credit", {"protocol": 1, "client": "x"}),
    ("without client", "client", {"protocol": 1, "credit": 1}),
    ("credit negative", "credit", {"protocol": 1, "client": "x", "credit": -1}),
    ("positions no list", "positions", {"protocol": 1, "client": "x", "credit": 1, "positions": 7}),
    ("position without stream", "positions[0].stream",
     {"protocol": 1, "client": "x", "credit": 1, "positions": [{"seq": 1}]}),
    ("stream that is none", "positions",
     {"protocol": 1, "client": "x", "credit": 1, "positions": [{"stream": 64, "seq": 0}]}),
    ("from_now as number", "from_now", {"protocol": 1, "client": "x", "credit": 1, "from_now": 1}),
]


@cases(SUBSCRIBE)
def a_subscribe_that_breaks_a_rule_opens_no_session(field, body):
    s = chain().subscriber(open=False)
    s.connect()
    s.say("subscribe", **body)
    name, nack = s.wait(lambda: s.others)[0]
    assert name == "nack" and nack["refusal"] == "bad_field" and nack["field"] == field, nack
    assert s.welcome is None


@test
def what_people_wrote_and_who_they_are_is_never_quoted():
    p = chain().publisher()
    for name, (kind, most, *_, group) in FIELDS["complaint"].items():
        if kind == "str" and group in ("TEXT", "PERSON"):
            nack = refused(p, "complaint", dict(good_body("complaint"), **{name: SECRET + "\0"}), name)
            assert "value" not in nack, nack
    assert SECRET not in chain().intake.log_text()


main()
