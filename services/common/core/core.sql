-- Statements that every stage uses. One statement per table and batch. Rows come as binary arrays.
-- The inner LATERAL (... OFFSET 0) and ctid keep the plan on the key at any size of the table: a plain join
-- with unnest can flip to a scan when statistics are stale, and stays flipped. `shard + 0` keeps a planner that
-- takes complaint for empty off the index of numbers, which holds the shard, too. Where a row may change while the
-- statement waits for it, what was found is asked for again beside the ctid: before 15.15, 16.11, 17.7 and 18.1
-- PostgreSQL forgot to compare a ctid again after the wait. Messages about the ladder (53 to 56) go by the reprimand (81)
-- or page (100) before them.

-- name: schema_version ()
SELECT max(version), max(min_code), clock_timestamp(), current_setting('transaction_read_only') = 'on'
FROM pulih.schema_version
-- name: seen (uuid id, int2 stage, text name, timestamptz at, int8 duplicate_batches)
INSERT INTO pulih.replica VALUES ($1::uuid, $2::int2, $3::text, $4::timestamptz, $4::timestamptz, $5::int8)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at,
    duplicate_batches = pulih.replica.duplicate_batches + excluded.duplicate_batches
-- name: drop_manifests (int2 stage, timestamptz[] next_at, int8[] batch, int8 wanted)
WITH gone AS (
    DELETE FROM pulih.pending WHERE ctid = ANY (ARRAY(
        SELECT found.ctid FROM unnest($2::timestamptz[], $3::int8[]) u(next_at, batch)
        CROSS JOIN LATERAL (SELECT p.ctid FROM pulih.pending p
            WHERE p.stage = $1::int2 AND p.next_at = u.next_at AND p.batch = u.batch OFFSET 0) found))
    RETURNING 1)
SELECT pulih.expect('pending', count(*), $4::int8) FROM gone
-- name: lock_manifests (int2 stage, timestamptz[] next_at, int8[] batch)
SELECT found.* FROM unnest($2::timestamptz[], $3::int8[]) u(next_at, batch)
CROSS JOIN LATERAL (SELECT p.next_at, p.batch, p.attempts, p.items FROM pulih.pending p
    WHERE p.stage = $1::int2 AND p.next_at = u.next_at AND p.batch = u.batch FOR UPDATE SKIP LOCKED) found
-- name: lock_due (int2 stage, timestamptz before, int8 most)
SELECT p.next_at, p.batch, p.attempts, p.items FROM pulih.pending p
WHERE p.stage = $1::int2 AND p.next_at <= $2::timestamptz
ORDER BY p.next_at, p.batch LIMIT $3::int8 FOR UPDATE SKIP LOCKED
-- name: bump_manifests (int2 stage, timestamptz[] next_at, int8[] batch)
UPDATE pulih.pending SET attempts = attempts + 1 WHERE ctid = ANY (ARRAY(
    SELECT found.ctid FROM unnest($2::timestamptz[], $3::int8[]) u(next_at, batch)
    CROSS JOIN LATERAL (SELECT p.ctid FROM pulih.pending p
        WHERE p.stage = $1::int2 AND p.next_at = u.next_at AND p.batch = u.batch OFFSET 0) found))
-- name: unbump_manifests (int2 stage, timestamptz[] next_at, int8[] batch)
UPDATE pulih.pending SET attempts = greatest(attempts - 1, 0) WHERE ctid = ANY (ARRAY(
    SELECT found.ctid FROM unnest($2::timestamptz[], $3::int8[]) u(next_at, batch)
    CROSS JOIN LATERAL (SELECT p.ctid FROM pulih.pending p
        WHERE p.stage = $1::int2 AND p.next_at = u.next_at AND p.batch = u.batch OFFSET 0) found))
-- name: oldest_pending (int2 stage)
SELECT (SELECT next_at FROM pulih.pending WHERE stage = $1::int2 ORDER BY next_at LIMIT 1), clock_timestamp()
-- name: lock_complaints (uuid[] id, int2[] shard)
SELECT c.* FROM unnest($1::uuid[], $2::int2[]) u(id, shard)
CROSS JOIN LATERAL (SELECT * FROM pulih.complaint t WHERE t.id = u.id AND t.shard + 0 = u.shard
    FOR NO KEY UPDATE) c
-- name: load_work (uuid[] complaint, int2[] shard, int4[] version, int4[] cursor)
SELECT u.n, e.type, e.body, e.prior, c.body, o.n, o.version, o.remedy, o.amount, o.currency, o.role, o.actor, oc.body,
    m.version, m.type, told.type, told.recorded_at, told.body
FROM unnest($1::uuid[], $2::int2[], $3::int4[], $4::int4[]) WITH ORDINALITY u(complaint, shard, version, cursor, n)
CROSS JOIN LATERAL (SELECT * FROM pulih.event t WHERE t.complaint = u.complaint AND t.shard = u.shard
    AND t.version = u.version OFFSET 0) e
LEFT JOIN LATERAL (SELECT * FROM pulih.content t WHERE t.complaint = u.complaint AND t.shard = u.shard
    AND t.version = u.version OFFSET 0) c ON true
LEFT JOIN LATERAL (SELECT * FROM pulih.offer t WHERE t.complaint = u.complaint AND t.shard = u.shard
    ORDER BY t.n DESC LIMIT 1) o ON true
LEFT JOIN LATERAL (SELECT * FROM pulih.content t WHERE t.complaint = o.complaint AND t.shard = o.shard
    AND t.version = o.version OFFSET 0) oc ON true
LEFT JOIN LATERAL (SELECT t.version, t.type FROM pulih.event t WHERE t.complaint = u.complaint
    AND t.shard = u.shard AND t.version > u.cursor AND (t.type BETWEEN 33 AND 63 OR t.type = 31)
    ORDER BY t.version LIMIT 1) m ON true
LEFT JOIN LATERAL (SELECT t.type, t.recorded_at, t.body FROM pulih.event t WHERE e.type BETWEEN 53 AND 56
    AND t.complaint = u.complaint AND t.shard = u.shard AND t.version < u.version AND t.type IN (81, 100)
    ORDER BY t.version DESC LIMIT 1) told ON true
-- name: load_story (int8[] n, uuid[] complaint, int2[] shard, int2[] mail)
SELECT u.n, e.version, e.type, e.state, e.recorded_at, e.body
FROM unnest($1::int8[], $2::uuid[], $3::int2[]) u(n, complaint, shard)
CROSS JOIN LATERAL (SELECT * FROM pulih.event t WHERE t.complaint = u.complaint AND t.shard = u.shard
    AND (t.type NOT BETWEEN 33 AND 63 AND t.type <> 31 OR t.type = ANY ($4::int2[])) ORDER BY t.version) e
-- name: put_calendar (text name, timestamptz since, text spec)
INSERT INTO pulih.calendar SELECT $1::text, $2::timestamptz, $3::text
WHERE NOT EXISTS (SELECT 1 FROM (SELECT spec FROM pulih.calendar WHERE name = $1::text ORDER BY since DESC LIMIT 1) last
    WHERE last.spec = $3::text)
ON CONFLICT DO NOTHING
-- name: load_calendars ()
SELECT name, since, spec FROM pulih.calendar ORDER BY name, since
-- name: move_complaints (pulih.complaint_move[] rows, int8 wanted)
WITH found AS MATERIALIZED (
    SELECT u.*, t.ctid AS at FROM unnest($1::pulih.complaint_move[]) u
    CROSS JOIN LATERAL (SELECT c.ctid FROM pulih.complaint c WHERE c.id = u.id AND c.shard + 0 = u.shard
        AND c.version = u.was_version AND c.holder = u.was_holder OFFSET 0) t),
moved AS (
    UPDATE pulih.complaint c SET state = f.state, version = f.version, holder = f.holder, cursor = f.cursor,
        waiting = f.waiting, language = f.language, channel = f.channel, category = f.category,
        approval_armed = f.approval_armed, approval_level = f.approval_level, transfers = f.transfers,
        department = f.department, tier = f.tier, gravity = f.gravity, unsure = f.unsure, clock = f.clock,
        level = f.level, ended = f.ended, ladder_kind = f.ladder_kind, ladder_armed = f.ladder_armed,
        ladder_left_us = f.ladder_left_us, ladder_due = f.ladder_due, silence_armed = f.silence_armed,
        due_at = f.due_at, offers = f.offers, letters = f.letters, promises = f.promises, declined = f.declined,
        reopened = f.reopened, updated_at = f.updated_at, hash = f.hash
    FROM found f WHERE c.ctid = f.at AND c.version = f.was_version AND c.holder = f.was_holder
    RETURNING 1)
SELECT pulih.expect('complaint', count(*), $2::int8) FROM moved
-- name: put_event (pulih.event[] rows)
INSERT INTO pulih.event SELECT * FROM unnest($1::pulih.event[])
-- name: put_pending (pulih.pending[] rows)
INSERT INTO pulih.pending SELECT * FROM unnest($1::pulih.pending[])
-- name: put_dead (pulih.dead[] rows)
INSERT INTO pulih.dead SELECT * FROM unnest($1::pulih.dead[])
ON CONFLICT DO NOTHING
-- name: put_person (pulih.person[] rows)
INSERT INTO pulih.person SELECT * FROM unnest($1::pulih.person[])
-- name: put_content (pulih.content[] rows)
INSERT INTO pulih.content SELECT * FROM unnest($1::pulih.content[])
-- name: put_promise (pulih.promise[] rows)
INSERT INTO pulih.promise SELECT * FROM unnest($1::pulih.promise[])
-- name: put_classification (pulih.classification[] rows)
INSERT INTO pulih.classification SELECT * FROM unnest($1::pulih.classification[])
-- name: put_deadline (pulih.deadline[] rows)
INSERT INTO pulih.deadline SELECT * FROM unnest($1::pulih.deadline[])
ON CONFLICT (due_at, complaint, kind, shard) DO UPDATE SET armed = excluded.armed
-- name: put_offer (pulih.offer[] rows)
INSERT INTO pulih.offer SELECT * FROM unnest($1::pulih.offer[])
-- name: put_letter (pulih.letter[] rows)
INSERT INTO pulih.letter SELECT * FROM unnest($1::pulih.letter[])
-- name: put_unlinked (pulih.unlinked[] rows)
INSERT INTO pulih.unlinked SELECT * FROM unnest($1::pulih.unlinked[])
-- name: put_link (pulih.link[] rows)
INSERT INTO pulih.link
SELECT DISTINCT ON (complaint, other) * FROM unnest($1::pulih.link[]) ORDER BY complaint, other, decided_at DESC
ON CONFLICT (complaint, shard, other) DO UPDATE SET state = excluded.state, decided_at = excluded.decided_at,
    actor = excluded.actor
-- name: lock_heads (int2[] stream)
SELECT 1 FROM pulih.feed_head WHERE stream = ANY ($1::int2[]) ORDER BY stream FOR UPDATE
-- name: put_feed (pulih.feed[] rows, int2[] head, int8[] head_n)
WITH base AS (
    UPDATE pulih.feed_head h SET last = h.last + u.n FROM unnest($2::int2[], $3::int8[]) u(stream, n)
    WHERE h.stream = u.stream
    RETURNING h.stream, h.last - u.n AS before)
INSERT INTO pulih.feed SELECT f.stream, base.before + f.seq, f.complaint, f.number, f.version, f.type, f.state, f.at,
    f.body
FROM unnest($1::pulih.feed[]) f JOIN base ON base.stream = f.stream
