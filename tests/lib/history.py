"""History checker: what clients were told against what the database holds. faults() is a pure function, so that
it can be tested with histories broken by hand."""
import collections
import hashlib
import struct
import types

import msgpack

from tables import MESSAGE, STATE_NAME, rows

__all__ = ["faults", "read_history", "event_hash", "check_history", "Row", "Card", "Item"]

# Rows as the checker sees them: ids are 16 bytes, types and states are names, times microseconds.
Row = collections.namedtuple(
    "Row", "complaint shard version type prior state message occurred recorded body digest hash")
Card = collections.namedtuple("Card", "id number state version holder waiting letters hash")
Item = collections.namedtuple("Item", "stream seq complaint version type state")

_ROLE = {r[0]: r[2] for r in rows("proto/messages.tbl.h", "MSG")}
_SHOWN = {r[0] for r in rows("proto/messages.tbl.h", "MSG") if r[5] == "SHOWN"}
_MOVES = {(r[0], r[1]): r[2] for r in rows("include/pulih/tbl/life.tbl.h", "MOVE")}
_WIRE = {name: number for number, name in MESSAGE.items()}
_STATE = {name: number for number, name in STATE_NAME.items()}


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


def _acknowledged(h):
    stored = collections.Counter(e.message or e.complaint for e in h.events if e.message or e.type == "complaint")
    home = {e.message or e.complaint: e.complaint for e in h.events if e.message or e.type == "complaint"}
    for id, n in stored.items():
        if n > 1:
            yield f"message {id.hex()} is stored {n} times"
        if h.sent is not None and id not in h.sent:
            yield f"message {id.hex()} is stored and nobody sent it"
    references = {}
    for ack in h.acks:
        id, complaint = ack["id"], ack["complaint"]
        if h.sent is not None and id not in h.sent:
            yield f"receipt of {id.hex()}, which nobody sent"
        if home.get(id) != complaint:
            yield f"message {id.hex()} is acknowledged and not stored"
        if references.setdefault(complaint, ack["reference"]) != ack["reference"]:
            yield f"complaint {complaint.hex()} has two references"
    if len(set(references.values())) != len(references):
        yield "two complaints have one reference"


def _chronology(h):
    cards = {c.id: c for c in h.cards}
    chronologies = _by_complaint(h.events)
    for id in set(cards) ^ set(chronologies):
        yield f"complaint {id.hex()} lacks its row or its chronology"
    for id in set(cards) & set(chronologies):
        version, state, hash, recorded = 0, "none", bytes(32), 0
        for e in chronologies[id]:
            name = f"{id.hex()} version {e.version}"
            if e.version != version + 1:
                yield f"{name} follows {version}"
            after = state if _is_mail(e.type) else _MOVES.get((state, e.type))
            if e.prior != state or e.state != after:
                yield f"{name}: {e.type} from {e.prior} to {e.state} is not legal after {state}"
            if event_hash(hash, e) != e.hash:
                yield f"{name}: wrong hash"
            if e.recorded < recorded:
                yield f"{name} is recorded before the one before it"
            version, state, hash, recorded = e.version, e.state, e.hash, e.recorded
        card = cards[id]
        if (card.version, card.state, card.hash) != (version, state, hash):
            yield f"{id.hex()}: row and chronology differ"


def _feed(h):
    last = {}
    for i in sorted(h.feed, key=lambda i: (i.stream, i.seq)):
        if i.seq != last.get(i.stream, 0) + 1:
            yield f"stream {i.stream}: {i.seq} after {last.get(i.stream, 0)}"
        last[i.stream] = i.seq
    for stream, head in h.heads.items():
        if head != last.get(stream, 0):
            yield f"stream {stream}: head {head}, last item {last.get(stream, 0)}"
    shown = {(e.complaint, e.version): e for e in h.events if e.type in _SHOWN}
    published = collections.Counter((i.complaint, i.version) for i in h.feed)
    for key in set(shown) | set(published):
        if published[key] != (key in shown):
            yield f"{key[0].hex()} version {key[1]} is published {published[key]} times"
    for i in h.feed:
        e = shown.get((i.complaint, i.version))
        if e and (i.type != e.type or i.stream != e.shard or (not _is_mail(e.type) and i.state != e.state)):
            yield f"stream {i.stream} item {i.seq} is not the event it names"
    # What somebody said is published when its turn comes: in order among its like, as is what was decided.
    order = {}
    for i in sorted(h.feed, key=lambda i: (i.stream, i.seq)):
        key = i.complaint, _is_mail(i.type)
        if i.version <= order.get(key, 0):
            yield f"{i.complaint.hex()}: version {i.version} is published after {order[key]}"
        order[key] = i.version


def _seen(h):
    """The subscriber saw the feed as it is, without a hole or a repeat."""
    if h.seen is None:
        return
    if sorted(h.seen) != sorted(h.feed):
        missing, extra = set(h.feed) - set(h.seen), set(h.seen) - set(h.feed)
        yield f"the subscriber missed {len(missing)} items, saw {len(extra)} that are not there, " \
              f"and {len(h.seen) - len(set(h.seen))} twice"


def _rest(h):
    for what, n in (("pending", h.pending), ("dead", h.dead)):
        if n:
            yield f"{n} rows are left in {what}"
    for c in h.cards:
        if c.holder or c.waiting:
            yield f"{c.id.hex()} does not rest: holder {c.holder}, {c.waiting} waiting"
    if len({c.number for c in h.cards}) != len(h.cards):
        yield "two complaints have one number"


def _letters(h):
    announced = collections.Counter()
    for e in h.events:
        if _ROLE[e.type] != "STEP":
            continue
        body = msgpack.unpackb(e.body, raw=False)
        number = body.get("number") if e.type == "letter_written" else body.get("letter")
        if number is not None:
            announced[e.complaint, number] += 1
    written = collections.Counter(h.letters)
    for key in set(announced) | set(written):
        if announced[key] != 1 or written[key] != 1:
            yield f"{key[0].hex()} letter {key[1]}: announced {announced[key]} times, written {written[key]} times"
    for c in h.cards:
        if sum(1 for id, _ in written if id == c.id) != c.letters:
            yield f"{c.id.hex()}: {c.letters} letters counted, others written"


def _ticks(h):
    """A deadline fires once: the version that armed it and the time it was due name it."""
    fired = collections.Counter()
    for e in h.events:
        if _ROLE[e.type] == "TICK":
            body = msgpack.unpackb(e.body, raw=False)
            fired[e.complaint, e.type, body["armed"], body["due_at"]] += 1
    for (id, type, armed, _), n in fired.items():
        if n > 1:
            yield f"{id.hex()}: {type} armed by version {armed} fired {n} times"


def faults(h):
    """Everything that is wrong with a history, as texts.

    sent     ids of messages that were sent; None: not known
    acks     receipts as they came, repeats included
    events, cards, feed   rows of event, complaint, feed
    heads    stream -> last number
    seen     items as a subscriber saw them; None: nobody looked
    letters  (complaint, number) of the rows of letter
    pending, dead   numbers of rows
    """
    found = []
    for check in (_acknowledged, _chronology, _feed, _seen, _rest, _letters, _ticks):
        found += check(h)
    return found


def _id(text):
    return text and bytes.fromhex(text.replace("-", ""))


def read_history(db, acks=(), sent=None, seen=None):
    """The history of a database at rest, and what clients were told."""
    us = "(extract(epoch from {}) * 1000000)::int8"
    events = db.query("SELECT complaint, shard, version, type, prior, state, message, "
                      f"{us.format('occurred_at')}, {us.format('recorded_at')}, body, digest, hash FROM pulih.event")
    cards = db.query("SELECT id, number, state, version, holder, waiting, letters, hash FROM pulih.complaint")
    feed = db.query("SELECT stream, seq, complaint, version, type, state FROM pulih.feed")
    return types.SimpleNamespace(
        sent=sent, acks=list(acks), seen=seen,
        events=[Row(_id(c), s, v, MESSAGE[t], STATE_NAME[p], STATE_NAME[st], _id(m), o, r, bytes(b),
                    d and bytes(d), bytes(h)) for c, s, v, t, p, st, m, o, r, b, d, h in events],
        cards=[Card(_id(i), n, STATE_NAME[st], v, ho, w, le, bytes(h)) for i, n, st, v, ho, w, le, h in cards],
        feed=[Item(s, q, _id(c), v, MESSAGE[t], STATE_NAME[st]) for s, q, c, v, t, st in feed],
        heads=dict(db.query("SELECT stream, last FROM pulih.feed_head")),
        letters=[(_id(c), n) for c, n in db.query("SELECT complaint, n FROM pulih.letter")],
        pending=db.one("SELECT count(*) FROM pulih.pending"),
        dead=db.one("SELECT count(*) FROM pulih.dead"))


def check_history(db, load=None, subscriber=None):
    """Raises when something is wrong with what a Load was told, a Subscriber saw and the database holds."""
    seen = None
    if subscriber:
        seen = [Item(i["stream"], i["seq"], bytes(i["complaint"]), i["version"], i["type"], i["state"])
                for i in subscriber.items]
    h = read_history(db, load.told if load else (), set(load.ids) if load else None, seen)
    wrong = faults(h)
    assert not wrong, f"{len(wrong)} faults in {len(h.events)} events:\n" + "\n".join(wrong[:20])
    return h
