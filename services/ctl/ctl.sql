-- Statements of pulihctl. The first two are run as they stand, before there is anything to prepare against.

-- name: make_schema ()
CREATE SCHEMA IF NOT EXISTS pulih
-- name: make_versions ()
CREATE TABLE IF NOT EXISTS pulih.schema_version (
    version int4 PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL,
    min_code int4 NOT NULL)
-- name: be_patient ()
SELECT set_config('lock_timeout', '2s', true), set_config('statement_timeout', '0', true)
-- name: versions ()
SELECT coalesce(max(version), 0)::int4, coalesce(max(min_code), 0)::int4 FROM pulih.schema_version
-- name: put_version (int4 version, text name, int4 min_code)
INSERT INTO pulih.schema_version VALUES ($1::int4, $2::text, clock_timestamp(), $3::int4)
-- name: count_all ()
SELECT set_config('enable_seqscan', 'on', true), set_config('statement_timeout', '0', true)
-- name: find_number (int8 number)
SELECT id FROM pulih.complaint WHERE number = $1::int8
-- name: card (uuid id, int2 shard)
SELECT * FROM pulih.complaint WHERE id = $1::uuid AND shard = $2::int2
-- name: chronology (uuid complaint, int2 shard)
SELECT e.version, e.type, e.prior, e.state, e.message, e.occurred_at, e.recorded_at, e.body, e.digest, e.hash, c.body
FROM pulih.event e
LEFT JOIN pulih.content c ON c.complaint = e.complaint AND c.shard = e.shard AND c.version = e.version
WHERE e.complaint = $1::uuid AND e.shard = $2::int2
ORDER BY e.version
-- name: people (uuid complaint, int2 shard)
SELECT body FROM pulih.person WHERE complaint = $1::uuid AND shard = $2::int2 ORDER BY role
-- name: classifications (uuid complaint, int2 shard)
SELECT version, language, category, department, reason, root_cause, motive, expression, anger, formality, size, tier,
    priority, gravity, response_mode, request_type, complainer, unmet_need, sub_reason,
    confidence, policy, actor
FROM pulih.classification WHERE complaint = $1::uuid AND shard = $2::int2 ORDER BY version DESC LIMIT 1
-- name: promises (uuid complaint, int2 shard)
SELECT n, kind, told_at, due_at FROM pulih.promise WHERE complaint = $1::uuid AND shard = $2::int2 ORDER BY n
-- name: letters (uuid complaint, int2 shard)
SELECT n, version, kind, language, channel, post, subject, body
FROM pulih.letter WHERE complaint = $1::uuid AND shard = $2::int2 ORDER BY n
-- name: links (uuid complaint, int2 shard)
SELECT o.number, l.likeness, l.score, l.state, l.suggested_at, l.decided_at, l.actor, o.id
FROM pulih.complaint c
CROSS JOIN LATERAL (SELECT k.*, k.other AS far FROM pulih.link k WHERE k.complaint = c.id AND k.shard = c.shard
    UNION ALL SELECT k.*, k.complaint FROM pulih.link k WHERE k.other = c.id) l
JOIN pulih.complaint o ON o.id = l.far AND o.tenant = c.tenant
WHERE c.id = $1::uuid AND c.shard = $2::int2 ORDER BY o.number
-- name: dead_of (uuid complaint, int2 shard)
SELECT d.stage, d.version, e.type, d.attempts, d.reason, d.at, e.body, c.body
FROM pulih.dead d
LEFT JOIN pulih.event e ON e.complaint = d.complaint AND e.shard = d.shard AND e.version = d.version
LEFT JOIN pulih.content c ON c.complaint = d.complaint AND c.shard = d.shard AND c.version = d.version
WHERE d.complaint = $1::uuid AND d.shard = $2::int2 ORDER BY d.version
-- name: list (int2 state, int2 department, int2 tier, int2 unsure, int2[] overdue, int2 level, timestamptz since, int8 most)
SELECT id, number, state, received_at, due_at, department, category, tier, level, unsure, clock, waiting
FROM pulih.complaint
WHERE ($1::int2 IS NULL OR state = $1::int2) AND ($2::int2 IS NULL OR department = $2::int2)
    AND ($3::int2 IS NULL OR tier = $3::int2) AND ($4::int2 IS NULL OR unsure = $4::int2)
    AND ($5::int2[] IS NULL OR (due_at < clock_timestamp() AND state = ANY ($5::int2[])))
    AND ($6::int2 IS NULL OR level >= $6::int2) AND ($7::timestamptz IS NULL OR received_at >= $7::timestamptz)
ORDER BY number DESC LIMIT $8::int8
-- name: count_complaints (int2[] open)
SELECT state, tier, department, count(*), count(*) FILTER (WHERE unsure = 1),
    count(*) FILTER (WHERE due_at < clock_timestamp() AND state = ANY ($1::int2[])),
    count(*) FILTER (WHERE level > 0 AND state = ANY ($1::int2[]))
FROM pulih.complaint GROUP BY state, tier, department
-- name: count_pending ()
SELECT stage, count(*), sum(n), min(next_at), clock_timestamp() FROM pulih.pending GROUP BY stage ORDER BY stage
-- name: count_dead ()
SELECT stage, count(*), min(at) FROM pulih.dead GROUP BY stage ORDER BY stage
-- name: replicas ()
SELECT stage, name, started_at, seen_at, duplicate_batches, seen_at > clock_timestamp() - interval '30 seconds'
FROM pulih.replica WHERE seen_at > clock_timestamp() - interval '1 day' ORDER BY stage, name, started_at
-- name: heads ()
SELECT stream, last FROM pulih.feed_head ORDER BY stream
-- name: dead_list (int8 most)
SELECT d.complaint, c.number, d.stage, d.version, e.type, d.attempts, d.reason, d.at
FROM pulih.dead d
CROSS JOIN LATERAL (SELECT * FROM pulih.complaint t WHERE t.id = d.complaint AND t.shard = d.shard OFFSET 0) c
LEFT JOIN pulih.event e ON e.complaint = d.complaint AND e.shard = d.shard AND e.version = d.version
ORDER BY d.at DESC, d.complaint, d.version LIMIT $1::int8
-- name: take_dead (uuid complaint, int2 shard)
DELETE FROM pulih.dead WHERE complaint = $1::uuid AND shard = $2::int2 RETURNING stage, version
-- name: retry_dead (uuid complaint, int2 shard, int8 batch)
WITH gone AS (
    DELETE FROM pulih.dead WHERE complaint = $1::uuid AND shard = $2::int2 RETURNING complaint, stage, version)
INSERT INTO pulih.pending
SELECT stage, clock_timestamp(), $3::int8 + row_number() OVER (ORDER BY stage, version), 0, 1,
    uuid_send(complaint) || int4send(version)
FROM gone
RETURNING stage
