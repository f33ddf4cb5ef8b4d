"""Every sample complaint passes all four stages, and leaves personal data nowhere it must not be."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

STEPS = ["complaint", "classified", "planned", "acknowledged"]
CLASS = {r[2]: r[6] for r in rows("proto/messages.tbl.h", "FIELD") if r[0] == "complaint"}


class Passed:
    """A chain through which all samples have gone."""

    def __init__(self):
        self.chain = Chain()
        self.db = self.chain.db
        self.bodies = samples()
        self.publisher = self.chain.publisher("samples")
        self.ids = [self.publisher.send("complaint", b) for b in self.bodies]
        self.acks = self.publisher.receipts(self.ids)
        for id in self.ids:
            self.chain.wait_state(id, "acknowledged")
        self.feed = self.chain.subscriber()
        shown = lambda: self.chain.db.one("SELECT sum(last) FROM pulih.feed_head")
        self.feed.wait(lambda: len(self.feed.items) >= shown())  # pages of important ones, too
        self.events = [events_of(self.db, id) for id in self.ids]
        self.rows = {bytes.fromhex(id.replace("-", "")): row for id, *row in self.db.query(
            "SELECT id, language, category, department, tier, unsure, letters, promises, waiting, holder "
            "FROM pulih.complaint")}

    def each(self):
        return zip(self.ids, self.bodies, self.acks, self.events)


@shared
def passed():
    return Passed()


def is_important(events):
    """Safety or life: a post is paged beside all that every complaint has."""
    return events[1].body["tier"] == "important"


def packed(value):
    return msgpack.unpackb(bytes(value), raw=False)


def body_of(table, id, more=""):
    return packed(passed().db.one(f"SELECT body FROM pulih.{table} WHERE complaint = %s {more}", id.hex()))


@test
def all_samples_are_there_to_be_tried():
    assert len(passed().bodies) >= 60


@test
def every_one_has_the_four_events_in_order():
    for id, body, ack, events in passed().each():
        steps = STEPS + ["paged"] * is_important(events)
        assert [(e.version, e.name) for e in events] == list(enumerate(steps, 1)), (body["story"], events)
        assert [e.state for e in events[:4]] == ["received", "classified", "planned", "acknowledged"]
        assert events[-1].state == "acknowledged"


@test
def times_of_the_chronology_never_run_backwards():
    for _, _, _, events in passed().each():
        recorded = [e.recorded for e in events]
        assert recorded == sorted(recorded)


@test
def only_the_first_event_carries_a_message_id():
    for id, _, _, events in passed().each():
        assert [e.message for e in events] == [id] + [None] * (3 + is_important(events))


@test
def nothing_works_on_them_any_more():
    assert all(row[7:] == [0, 0] for row in passed().rows.values())
    assert passed().db.one("SELECT count(*) FROM pulih.pending") == 0
    assert passed().db.one("SELECT count(*) FROM pulih.dead") == 0


@test
def what_was_sent_is_kept_split_by_class_and_complete():
    for id, body, _, events in passed().each():
        kept = dict(events[0].body)
        assert kept.pop("source") == "samples"
        content = body_of("content", id, "AND version = 1")
        person = {k: v for k, v in body.items() if CLASS[k] == "PERSON"}
        if person:
            assert body_of("person", id) == person
        else:
            assert passed().db.query("SELECT 1 FROM pulih.person WHERE complaint = %s", id.hex()) == []
        assert content == {k: v for k, v in body.items() if CLASS[k] == "TEXT"}
        assert kept == {k: v for k, v in body.items() if CLASS[k] == "OPEN"}


@test
def every_one_has_a_classification_row_that_agrees_with_its_event():
    for id, body, _, events in passed().each():
        found = passed().db.query("SELECT version, language, category, department, tier, confidence, policy, actor "
                                  "FROM pulih.classification WHERE complaint = %s", id.hex())
        assert len(found) == 1, found
        version, language, category, department, tier, confidence, policy, actor = found[0]
        told = events[1].body
        assert version == 2 and actor is None and policy == told["policy"], found
        assert told["language"] == word_name("language", language)
        assert told["category"] == word_name("category", category)
        assert told["department"] == word_name("department", department)
        assert told["tier"] == word_name("tier", tier)
        assert len(bytes(confidence)) == len(AXES) and all(0 <= c <= 100 for c in bytes(confidence))


@test
def a_language_that_was_given_is_the_one_that_is_used():
    for id, body, _, events in passed().each():
        if body.get("language"):
            assert events[1].body["language"] == body["language"]
            assert events[3].body["language"] == body["language"]


@test
def most_samples_are_classified_without_doubt():
    unsure = [b["story"][:60] for _, b, _, events in passed().each() if events[1].body.get("unsure")]
    note(f"{len(unsure)} of {len(passed().bodies)} wait for a person to look")
    assert len(unsure) <= len(passed().bodies) / 3, unsure


@test
def danger_to_life_is_important():
    tiers = [events[1].body["tier"] for _, b, _, events in passed().each()
             if "meledak" in b["story"] or "bau gas" in b["story"]]
    assert len(tiers) >= 2 and set(tiers) == {"important"}, tiers


@test
def every_one_has_both_promises_and_a_watched_deadline():
    for id, body, ack, events in passed().each():
        promises = passed().db.query("SELECT n, kind, version, (extract(epoch from due_at) * 1000000)::int8 "
                                     "FROM pulih.promise WHERE complaint = %s ORDER BY n", id.hex())
        due = events[2].body["due_at"]
        assert promises == [(1, word("promise", "plan"), 1, ack["promised_at"]),
                            (2, word("promise", "resolution"), 3, due)], promises
        watched = (word("deadline", "acknowledge"), events[2].body["page_by"], 3) if is_important(events) else \
            (word("deadline", "resolution"), due, 3)
        found = passed().db.query("SELECT kind, (extract(epoch from due_at) * 1000000)::int8, armed FROM pulih.deadline "
                                  "WHERE complaint = %s", id.hex())
        beside = {word("deadline", "warning"): due, word("deadline", "reminder"): body.get("customer_deadline")}
        assert [f for f in found if f[0] not in beside] == [watched], found
        assert all(f[1] < beside[f[0]] and f[2] == 3 for f in found if f[0] in beside), found
        assert is_reminded(body) == (word("deadline", "reminder") in [f[0] for f in found]), found
        assert events[3].body["due_at"] == due and due > events[2].recorded


@test
def every_one_has_an_acknowledgement_in_its_language_without_a_hole():
    for id, body, ack, events in passed().each():
        found = passed().db.query("SELECT n, kind, language, channel, post, subject, body FROM pulih.letter "
                                  "WHERE complaint = %s ORDER BY n", id.hex())
        assert len(found) == 1 + is_important(events), found
        n, kind, language, channel, post, subject, text = found[0]
        assert (n, word_name("letter", kind), post) == (1, "acknowledgement", None)
        told = events[3].body["language"]
        assert word_name("language", language) == ("id" if told == "unknown" else told)
        assert word_name("channel", channel) == body.get("preferred_channel", body["channel"])
        assert ack["reference"] in text and "{{" not in text.replace("{{name}}", "") + subject, text


@test
def each_is_told_once_on_the_feed():
    feed = passed().feed
    for id, _, ack, events in passed().each():
        items = feed.of(id)
        assert [i["type"] for i in items] == ["acknowledged"] + ["paged"] * is_important(events), items
        assert items[0]["reference"] == ack["reference"] and items[0]["body"] == events[3].body
        assert items[0]["version"] == 4 and items[0]["state"] == "acknowledged"


@test
def every_hash_of_every_chronology_is_right():
    assert verify_chains(passed().db) == sum(4 + is_important(events) for _, _, _, events in passed().each())


@test
def a_changed_chronology_is_found_out():
    own = Case(Chain())
    verify_chains(own.db)
    own.db.query("UPDATE pulih.event SET recorded_at = recorded_at + interval '1 us' WHERE version = 2")
    try:
        verify_chains(own.db)
    except AssertionError as e:
        assert "version 2" in str(e)
    else:
        raise AssertionError("not found out")


# --- privacy ------------------------------------------------------------------------------------------------

def personal_values():
    """Names, numbers and addresses of the samples, long enough not to stand anywhere by chance."""
    found = {v for b in passed().bodies for k, v in b.items() if CLASS[k] == "PERSON" and len(v) >= 5}
    assert len(found) > 60
    return found


def where_found(values, texts):
    """(value, place) of each value in each of {place: text}."""
    return [(v, place) for place, text in texts.items() for v in values if v.encode() in text]


@test
def the_search_for_personal_data_would_find_it():
    bodies = passed().db.query("SELECT string_agg(body, ''::bytea) FROM pulih.person")
    assert len(where_found(personal_values(), {"person": bytes(bodies[0][0])})) == len(personal_values())


@test
def chronology_and_feed_hold_nothing_personal():
    columns = passed().db.query(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c "
        "JOIN information_schema.tables t USING (table_schema, table_name) WHERE table_schema = 'pulih' "
        "AND table_type = 'BASE TABLE' AND c.data_type IN ('bytea', 'text') "
        "AND table_name NOT IN ('person', 'content', 'letter')")
    assert {("event", "body"), ("feed", "body"), ("classification", "evidence")} <= {c[:2] for c in columns}
    texts = {}
    for table, column, kind in columns:
        as_bytes = column if kind == "bytea" else f"convert_to({column}, 'UTF8')"
        joined = passed().db.one(f"SELECT string_agg({as_bytes}, ' '::bytea) FROM pulih.{table}")
        texts[f"{table}.{column}"] = bytes(joined or b"")
    assert not where_found(personal_values(), texts)


@test
def letters_as_stored_hold_no_name():
    text = passed().db.one("SELECT string_agg(subject || body, ' ') FROM pulih.letter").encode()
    assert not where_found(personal_values(), {"letters": text})


@test
def what_people_wrote_stands_in_content_only():
    stories = {b["story"][:40] for b in passed().bodies}
    text = passed().db.one("SELECT string_agg(body, ''::bytea) FROM pulih.event")
    feed = passed().db.one("SELECT string_agg(body, ''::bytea) FROM pulih.feed")
    assert not where_found(stories, {"event": bytes(text), "feed": bytes(feed)})


@test
def logs_at_level_debug_hold_nothing_personal_and_nothing_people_wrote():
    logs = {d.name: d.log_text().encode() for d in passed().chain.all}
    assert not where_found(personal_values() | {b["story"][:30] for b in passed().bodies}, logs)


@test
def metrics_hold_nothing_personal():
    texts = {d.name: d.get("/metrics")[1].encode() for d in passed().chain.all}
    assert not where_found(personal_values(), texts)


main()
