"""History checker: what clients were told against what the database holds. faults() is a pure function, so that
it can be tested with histories broken by hand.

A fault has a kind:
    lost          what was acknowledged, decided or promised is not there, or is there with other content
    doubled       it is there more than once, or was never said
    out_of_order  what one client said in order, or one complaint went through, stands in another order
    feed_gaps     the feed has holes, or a subscriber did not see what it holds
    hash_breaks   the chain of hashes does not hold
    restless      work is left that nobody does
"""
import collections
import contextlib
import hashlib
import struct
import types

import msgpack

import pulihtest as t
from tables import MESSAGE, STATE_NAME, rows, word

__all__ = ["KINDS", "Fault", "faults", "summary", "read_history", "event_hash", "check_history", "Row", "Card",
           "Item", "Deadline", "Sent", "Opened", "Acked", "Refusal"]

KINDS = ("lost", "doubled", "out_of_order", "feed_gaps", "hash_breaks", "restless")
Fault = collections.namedtuple("Fault", "kind text")

# Rows as the checker sees them: ids are 16 bytes, types and states are names, times microseconds.
Row = collections.namedtuple(
    "Row", "complaint shard version type prior state message occurred recorded body digest hash")
Card = collections.namedtuple("Card", "id number state version holder waiting letters promises offers "
                                      "ladder_armed silence_armed hash")
Item = collections.namedtuple("Item", "stream seq complaint version type state")
Deadline = collections.namedtuple("Deadline", "complaint silence armed")

# What a publisher's log holds, in the order in which it happened there.
Opened = collections.namedtuple("Opened", "")                                        # a new session
Sent = collections.namedtuple("Sent", "id complaint type body")                      # for the first time
Acked = collections.namedtuple("Acked", "id complaint result reference promised_at")
Refusal = collections.namedtuple("Refusal", "id refusal")                            # for good

_ROLE = {r[0]: r[2] for r in rows("proto/messages.tbl.h", "MSG")}
_SHOWN = {r[0] for r in rows("proto/messages.tbl.h", "MSG") if r[5] == "SHOWN"}
_MOVES = {(r[0], r[1]): r[2] for r in rows("include/pulih/tbl/life.tbl.h", "MOVE")}
_WIRE = {name: number for number, name in MESSAGE.items()}
_STATE = {name: number for number, name in STATE_NAME.items()}
_SILENCE, _CONSUMER = word("deadline", "silence"), word("deadline", "consumer")

# What was said, and what it comes to: exactly one of these, or a refusal. A closing is counted by its reason.
_TURNS = [
    (("offer_made", "approved", "refused"), ("offered", "approval_asked", "offer_refused")),
    (("offer_answered",), ("offer_accepted", "offer_declined")),
    (("executed",), ("carried_out",)),
    (("verification_answered",), ("verified", "obstacle_found")),
    (("withdrawn",), (("closed", "withdrawn"),)),
    (("reopened",), ("taken_up_again",)),
    (("paused",), ("clock_paused",)),
    (("resumed",), ("clock_resumed",)),
    (("complaint", "reclassified"), ("classified",)),
    (("deadline_passed",), ("warned", "reprimanded", "ladder_ended")),
]
# What follows of itself, once each time.
_FOLLOWS = [("classified", ("planned",)), ("planned", ("acknowledged", "informed")), ("verified", ("thanked",)),
            ("thanked", (("closed", "resolved"),))]


def event_hash(before, e):
    """The hash of an event: BLAKE2b-256 over the hash before and every column but the hash."""
    text = before + e.complaint + struct.pack(">hihhh", e.shard, e.version, _WIRE[e.type], _STATE[e.prior],
                                              _STATE[e.state])
    text += (e.message or bytes(16)) + struct.pack(">qq", e.occurred, e.recorded)
    for part in (e.body, e.digest or b""):
        text += struct.pack(">I", len(part)) + part
    return hashlib.blake2b(text, digest_size=32).digest()


def _is_mail(type):
    return type != "complaint" and _ROLE[type] in ("IN", "TICK")


def _by_complaint(events):
    chronologies = collections.defaultdict(list)
    for e in sorted(events, key=lambda e: (e.complaint, e.version)):
        chronologies[e.complaint].append(e)
    return chronologies


def _body(e):
    return msgpack.unpackb(e.body, raw=False)


def _stored(h):
    """Message id -> events that hold it."""
    stored = collections.defaultdict(list)
    for e in h.events:
        if e.message or e.type == "complaint":
            stored[e.message or e.complaint].append(e)
    return stored


def _named(h, what):
    """All records of one kind in all logs."""
    return [r for log in h.logs or () for r in log if isinstance(r, what)]


# --- what clients were told --------------------------------------------------------------------------------

def _messages(h):
    stored = _stored(h)
    sent = {s.id for s in _named(h, Sent)}
    for id, events in stored.items():
        if len(events) > 1:
            yield "doubled", f"message {id.hex()} is stored {len(events)} times"
        if h.logs is not None and id not in sent:
            yield "doubled", f"message {id.hex()} is stored and nobody sent it"
    for a in _named(h, Acked):
        if a.id not in sent:
            yield "doubled", f"receipt of {a.id.hex()}, which nobody sent"
        if [e.complaint for e in stored[a.id][:1]] != [a.complaint]:
            yield "lost", f"message {a.id.hex()} is acknowledged and not stored"
    for r in _named(h, Refusal):
        if r.id in stored and stored[r.id]:
            yield "doubled", f"message {r.id.hex()} is refused ({r.refusal}) and stored"
        else:
            yield "lost", f"message {r.id.hex()} is refused ({r.refusal})"


def _content(h):
    """What is kept of a message, its parts put together again, is what was sent."""
    stored = _stored(h)
    for s in _named(h, Sent):
        for e in stored.get(s.id, ()):
            if e.type == "consumer_noted" and (e.complaint, e.version) not in h.contents:
                continue  # a hint is erased when its time is over
            kept = _body(e)
            kept.pop("source", None)
            for part in (h.contents.get((e.complaint, e.version)), e.version == 1 and h.persons.get(e.complaint)):
                kept.update(msgpack.unpackb(part, raw=False) if part else {})
            if e.type != s.type or kept != msgpack.unpackb(s.body, raw=False):
                yield "lost", f"message {s.id.hex()} is stored with other content than was sent"


def _receipts(h):
    references, promised = {}, {(p[0], p[1]): p[2] for p in h.promises}
    for a in _named(h, Acked):
        if references.setdefault(a.complaint, a.reference) != a.reference:
            yield "lost", f"complaint {a.complaint.hex()} has two references"
        if a.promised_at and promised.get((a.complaint, 1)) != a.promised_at:
            yield "lost", f"complaint {a.complaint.hex()}: the promise of the receipt is not kept"
    if len(set(references.values())) != len(references):
        yield "doubled", "two complaints have one reference"
    if len({c.number for c in h.cards}) != len(h.cards):
        yield "doubled", "two complaints have one number"


def _said_in_order(h):
    """What a client said about a complaint after it had a receipt for something else stands behind that; and
    receipts of one session come in the order in which messages were stored."""
    version = {id: events[0].version for id, events in _stored(h).items() if events}
    for log in h.logs or ():
        behind, in_session = {}, {}
        after = {}  # complaint -> greatest version with a receipt
        for r in log:
            if isinstance(r, Opened):
                in_session = {}
            elif isinstance(r, Sent):
                behind[r.id] = after.get(r.complaint, 0)
            elif isinstance(r, Acked) and r.id in version:
                v = version[r.id]
                if v <= behind.pop(r.id, 0):
                    yield "out_of_order", f"message {r.id.hex()} stands before one that was acknowledged earlier"
                if r.result == "stored":
                    if v <= in_session.get(r.complaint, 0):
                        yield "out_of_order", f"message {r.id.hex()} has its receipt after a later one"
                    in_session[r.complaint] = v
                after[r.complaint] = max(v, after.get(r.complaint, 0))


# --- what the database holds -------------------------------------------------------------------------------

def _chronology(h):
    cards = {c.id: c for c in h.cards}
    chronologies = _by_complaint(h.events)
    for id in set(cards) ^ set(chronologies):
        yield "lost", f"complaint {id.hex()} lacks its row or its chronology"
    for id in set(cards) & set(chronologies):
        version, state, hash, recorded = 0, "none", bytes(32), 0
        for e in chronologies[id]:
            name = f"{id.hex()} version {e.version}"
            if e.version != version + 1:
                yield "lost", f"{name} follows {version}"
            after = state if _is_mail(e.type) else _MOVES.get((state, e.type))
            if e.prior != state or e.state != after:
                yield "out_of_order", f"{name}: {e.type} from {e.prior} to {e.state} is not legal after {state}"
            if event_hash(hash, e) != e.hash:
                yield "hash_breaks", f"{name}: wrong hash"
            if e.recorded < recorded:
                yield "out_of_order", f"{name} is recorded before the one before it"
            version, state, hash, recorded = e.version, e.state, e.hash, e.recorded
        card = cards[id]
        if (card.version, card.state) != (version, state):
            yield "lost", f"{id.hex()}: row and chronology differ"
        elif card.hash != hash:
            yield "hash_breaks", f"{id.hex()}: row and chronology differ in their hash"


def _took_effect(h):
    """Every message had its turn, and had it once: it did what it is for, or was refused."""
    for id, chronology in _by_complaint(h.events).items():
        count = collections.Counter(e.type for e in chronology)
        refusals = collections.Counter()
        for e in chronology:
            if e.type == "closed":
                count[e.type, _body(e)["closure"]] += 1
            elif e.type == "message_refused":
                body = _body(e)
                refusals[body["version"]] += 1
                count[body["type"], "refused"] += 1
        for version, n in refusals.items():
            if n > 1:
                yield "doubled", f"{id.hex()} version {version} is refused {n} times"
        if count["parked"]:
            continue
        for said, done in _TURNS:
            turns = sum(count[type] for type in said)
            took = sum(count[type] for type in done) + sum(count[type, "refused"] for type in said)
            if turns != took:
                yield ("lost" if took < turns else "doubled",
                       f"{id.hex()}: {' or '.join(map(str, said))} came {turns} times and took effect {took} times")
        for one, then in _FOLLOWS:
            n = sum(count[type] for type in then)
            if n != count[one]:
                yield ("lost" if n < count[one] else "doubled",
                       f"{id.hex()}: {count[one]} {one} and {n} {' or '.join(map(str, then))}")


def _feed(h):
    last = {}
    for i in sorted(h.feed, key=lambda i: (i.stream, i.seq)):
        if i.seq != last.get(i.stream, 0) + 1:
            yield "feed_gaps", f"stream {i.stream}: {i.seq} after {last.get(i.stream, 0)}"
        last[i.stream] = i.seq
    for stream, head in h.heads.items():
        if head != last.get(stream, 0):
            yield "feed_gaps", f"stream {stream}: head {head}, last item {last.get(stream, 0)}"
    shown = {(e.complaint, e.version): e for e in h.events if e.type in _SHOWN}
    published = collections.Counter((i.complaint, i.version) for i in h.feed)
    for key in set(shown) | set(published):
        wanted, n = key in shown, published[key]
        if n != wanted:
            yield ("feed_gaps" if n < wanted else "doubled",
                   f"{key[0].hex()} version {key[1]} is published {n} times")
    for i in h.feed:
        e = shown.get((i.complaint, i.version))
        if e and (i.type != e.type or i.stream != e.shard or (not _is_mail(e.type) and i.state != e.state)):
            yield "feed_gaps", f"stream {i.stream} item {i.seq} is not the event it names"
    # What somebody said is published when its turn comes: in order among its like, as is what was decided.
    order = {}
    for i in sorted(h.feed, key=lambda i: (i.stream, i.seq)):
        key = i.complaint, _is_mail(i.type)
        if i.version <= order.get(key, 0):
            yield "out_of_order", f"{i.complaint.hex()}: version {i.version} is published after {order[key]}"
        order[key] = i.version


def _seen(h):
    """Each subscriber saw the feed as it is, in order, without a hole or a repeat."""
    feed = set(h.feed)
    for n, seen in enumerate(h.seen, 1):
        last, counted = {}, collections.Counter(seen)
        for i in seen:
            if i.seq > last.get(i.stream, 0) + 1:
                yield "feed_gaps", f"subscriber {n}, stream {i.stream}: saw {i.seq} after {last.get(i.stream, 0)}"
            last[i.stream] = max(i.seq, last.get(i.stream, 0))
        missing, extra = len(feed - set(counted)), len(set(counted) - feed)
        if missing or extra:
            yield "feed_gaps", f"subscriber {n} missed {missing} items and saw {extra} that are not there"
        twice = sum(1 for times in counted.values() if times > 1)
        if twice:
            yield "doubled", f"subscriber {n} saw {twice} items twice"


def _rest(h):
    if h.pending:
        yield "restless", f"{h.pending} rows are left in pending"
    for complaint, version in set(h.dead) ^ set(h.poison):
        yield "restless", f"{complaint.hex()} version {version} " + (
            "is left in dead" if (complaint, version) in h.dead else "is poison and not in dead")
    held = {complaint for complaint, _ in h.poison}
    for c in h.cards:
        if c.id not in held and (c.holder or c.waiting):
            yield "restless", f"{c.id.hex()} does not rest: holder {c.holder}, {c.waiting} waiting"
    answered = {r.id for r in _named(h, Acked) + _named(h, Refusal)}
    silent = sum(1 for s in _named(h, Sent) if s.id not in answered)
    if silent:
        yield "restless", f"{silent} messages have no receipt"


def _letters(h):
    announced = collections.Counter()
    for e in h.events:
        if _ROLE[e.type] != "STEP":
            continue
        body = _body(e)
        number = body.get("number") if e.type == "letter_written" else body.get("letter")
        if number is not None:
            announced[e.complaint, number] += 1
    written = collections.Counter(h.letters)
    for key in set(announced) | set(written):
        if announced[key] != 1 or written[key] != 1:
            yield ("lost" if min(announced[key], written[key]) == 0 and announced[key] else "doubled",
                   f"{key[0].hex()} letter {key[1]}: announced {announced[key]} times, "
                   f"written {written[key]} times")
    yield from _numbered("letters", written, {c.id: c.letters for c in h.cards})


def _numbered(what, found, counts):
    """Rows of a complaint are numbered 1, 2 ... up to what its own row says."""
    numbers = collections.defaultdict(list)
    for complaint, n in found:
        numbers[complaint].append(n)
    for id in set(counts) | set(numbers):
        wanted, there = counts.get(id, 0), sorted(numbers[id])
        if there != list(range(1, wanted + 1)):
            yield ("lost" if len(set(there)) < wanted else "doubled",
                   f"{id.hex()}: {wanted} {what} counted, {len(there)} there")


def _promises(h):
    """Promises and offers are there as counted, and every deadline that a complaint waits for is watched."""
    yield from _numbered("promises", [p[:2] for p in h.promises], {c.id: c.promises for c in h.cards})
    yield from _numbered("offers", h.offers, {c.id: c.offers for c in h.cards})
    watched = set(h.deadlines)
    for c in h.cards:
        for silence, armed in ((False, c.ladder_armed), (True, c.silence_armed)):
            if armed and Deadline(c.id, silence, armed) not in watched:
                yield "lost", f"{c.id.hex()}: the deadline armed by version {armed} is not watched"


def _ticks(h):
    """A deadline fires once, and so does the warning of it: the version that armed them names them."""
    fired = collections.Counter()
    for e in h.events:
        body = _body(e) if _ROLE[e.type] == "TICK" else {}
        if "armed" in body:
            fired[e.complaint, e.type, body.get("deadline"), body["armed"]] += 1
    for (id, type, deadline, armed), n in fired.items():
        if n > 1:
            yield "doubled", f"{id.hex()}: {deadline or type} armed by version {armed} fired {n} times"


_CHECKS = (_messages, _content, _receipts, _said_in_order, _chronology, _took_effect, _feed, _seen, _rest, _letters,
           _promises, _ticks)


def faults(h):
    """Everything that is wrong with a history, as Faults.

    logs     what each publisher did and was told, as records in order; None: not known
    seen     what each subscriber saw, as Items in order
    events, cards, feed   rows of event, complaint, feed
    heads    stream -> last number
    contents, persons     (complaint, version) -> body, complaint -> body
    letters, offers       (complaint, number) of their rows
    promises   (complaint, number, due)
    deadlines  rows of deadline that a complaint may wait for
    pending  number of rows
    dead     (complaint, version) of the rows
    poison   (complaint, version) of what was made to be there
    """
    return [Fault(*found) for check in _CHECKS for found in check(h)]


def summary(h, found, kills):
    """The one line."""
    count = collections.Counter(f.kind for f in found)
    acknowledged = len({a.id for a in _named(h, Acked)})
    return f"acknowledged={acknowledged} kills={kills} " + " ".join(f"{k}={count[k]}" for k in KINDS[:5])


# --- reading -----------------------------------------------------------------------------------------------

def _id(text):
    return text and bytes.fromhex(text.replace("-", ""))


def _at_rest(connection, ask, patience):
    """Begins a transaction that sees a moment without work. Deadlines may fall due at any time: there may be none for
    a while. Where there is none at all, the checker tells what is left."""
    def restful():
        connection.rollback()
        return ask("SELECT (SELECT count(*) FROM pulih.pending) "
                   "+ (SELECT count(*) FROM pulih.complaint WHERE holder <> 0)") == [(0,)]

    with contextlib.suppress(t.TooLate):
        t.wait_until(restful, patience)


def read_history(db, logs=None, seen=(), poison=(), patience=60):
    """The history of a database, as of one moment, at rest if one comes within `patience` seconds; and what clients were
    told."""
    us = "(extract(epoch from {}) * 1000000)::int8"
    connection = db.cluster.connect(db.name)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)

    def ask(sql):
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall()

    _at_rest(connection, ask, patience)
    events = ask("SELECT complaint, shard, version, type, prior, state, message, "
                 f"{us.format('occurred_at')}, {us.format('recorded_at')}, body, digest, hash FROM pulih.event")
    cards = ask("SELECT id, number, state, version, holder, waiting, letters, promises, offers, ladder_armed, "
                "silence_armed, hash FROM pulih.complaint")
    h = types.SimpleNamespace(
        logs=logs, seen=list(seen), poison=set(poison),
        events=[Row(_id(c), s, v, MESSAGE[t], STATE_NAME[p], STATE_NAME[st], _id(m), o, r, bytes(b),
                    d and bytes(d), bytes(h)) for c, s, v, t, p, st, m, o, r, b, d, h in events],
        cards=[Card(_id(i), n, STATE_NAME[st], *more, bytes(h)) for i, n, st, *more, h in cards],
        feed=[Item(s, q, _id(c), v, MESSAGE[t], STATE_NAME[st]) for s, q, c, v, t, st in
              ask("SELECT stream, seq, complaint, version, type, state FROM pulih.feed")],
        heads=dict(ask("SELECT stream, last FROM pulih.feed_head")),
        contents={(_id(c), v): bytes(b) for c, v, b in ask("SELECT complaint, version, body FROM pulih.content")},
        persons={_id(c): bytes(b) for c, b in ask("SELECT complaint, body FROM pulih.person")},
        letters=[(_id(c), n) for c, n in ask("SELECT complaint, n FROM pulih.letter")],
        offers=[(_id(c), n) for c, n in ask("SELECT complaint, n FROM pulih.offer")],
        promises=[(_id(c), n, due) for c, n, due in
                  ask(f"SELECT complaint, n, {us.format('due_at')} FROM pulih.promise")],
        deadlines=[Deadline(_id(c), k == _SILENCE, a) for c, k, a in
                   ask(f"SELECT complaint, kind, armed FROM pulih.deadline WHERE kind <> {_CONSUMER}")],
        pending=ask("SELECT count(*) FROM pulih.pending")[0][0],
        dead=[(_id(c), v) for c, v in ask("SELECT complaint, version FROM pulih.dead")])
    connection.close()
    return h


def _seen_by(subscriber, heads):
    """What a subscriber saw of a feed that may have gone on since."""
    subscriber.wait(lambda: len(subscriber.items) >= sum(heads.values()), 30, "the whole feed")
    return [Item(i["stream"], i["seq"], bytes(i["complaint"]), i["version"], i["type"], i["state"])
            for i in subscriber.items if i["seq"] <= heads[i["stream"]]]


def check_history(db, loads=(), subscriber=None):
    """Raises when something is wrong with what Loads were told, a Subscriber saw and the database holds."""
    loads = list(loads) if isinstance(loads, (list, tuple)) else [loads]
    h = read_history(db, [load.log for load in loads] or None)
    if subscriber is not None:
        h.seen.append(_seen_by(subscriber, h.heads))
    wrong = faults(h)
    assert not wrong, f"{len(wrong)} faults in {len(h.events)} events:\n" + \
        "\n".join(f"{f.kind}: {f.text}" for f in wrong[:20])
    return h
