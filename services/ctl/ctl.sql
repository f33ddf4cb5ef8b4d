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
-- name: live (uuid after, int2[] over, timestamptz since, int8 most)
SELECT * FROM pulih.complaint WHERE id > $1::uuid AND state <> ALL ($2::int2[]) AND received_at >= $3::timestamptz
ORDER BY id, shard LIMIT $4::int8
-- name: plans_promised (uuid[] complaint, int2[] shard)
SELECT u.n, p.due_at FROM unnest($1::uuid[], $2::int2[]) WITH ORDINALITY u(complaint, shard, n)
CROSS JOIN LATERAL (SELECT t.due_at FROM pulih.promise t WHERE t.complaint = u.complaint AND t.shard = u.shard
    AND t.kind = 1 ORDER BY t.n LIMIT 1) p
-- name: chronology (uuid complaint, int2 shard)
SELECT e.version, e.type, e.prior, e.state, e.message, e.occurred_at, e.recorded_at, e.body, e.digest, e.hash, c.body
FROM pulih.event e
LEFT JOIN pulih.content c ON c.complaint = e.complaint AND c.shard = e.shard AND c.version = e.version
WHERE e.complaint = $1::uuid AND e.shard = $2::int2
ORDER BY e.version
-- name: consumer (uuid complaint, int2 shard, int2 noted, int2 kind)
SELECT c.body, d.due_at
FROM (SELECT version FROM pulih.event WHERE complaint = $1::uuid AND shard = $2::int2 AND type = $3::int2
    ORDER BY version DESC LIMIT 1) e
JOIN pulih.content c ON c.complaint = $1::uuid AND c.shard = $2::int2 AND c.version = e.version
CROSS JOIN LATERAL (SELECT due_at FROM pulih.deadline t WHERE t.due_at > now() AND t.complaint = $1::uuid
    AND t.kind = $4::int2 AND t.shard = $2::int2 AND t.armed = e.version OFFSET 0) d
-- name: people (uuid complaint, int2 shard)
SELECT body FROM pulih.person WHERE complaint = $1::uuid AND shard = $2::int2 ORDER BY role
-- name: classifications (uuid complaint, int2 shard)
SELECT version, language, category, department, reason, root_cause, motive, expression, anger, formality, size, tier,
    priority, gravity, response_mode, request_type, complainer, unmet_need, sub_reason,
    confidence, policy, actor, models
FROM pulih.classification WHERE complaint = $1::uuid AND shard = $2::int2 ORDER BY version DESC
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
-- name: queue (int8 after, int2[] open, int8 most)
SELECT c.id, c.number, c.state, c.received_at, c.due_at, t.body, k.evidence, k.confidence,
    k.language, k.category, k.department, k.reason, k.root_cause, k.motive, k.expression, k.anger, k.formality, k.size,
    k.tier, k.priority, k.gravity, k.response_mode, k.request_type, k.complainer, k.unmet_need, k.sub_reason
FROM (SELECT * FROM pulih.complaint WHERE number > $1::int8 AND unsure = 1 AND state = ANY ($2::int2[])
    ORDER BY number LIMIT $3::int8) c
CROSS JOIN LATERAL (SELECT * FROM pulih.classification n WHERE n.complaint = c.id AND n.shard = c.shard
    ORDER BY n.version LIMIT 1) k
LEFT JOIN pulih.content t ON t.complaint = c.id AND t.shard = c.shard AND t.version = 1
ORDER BY c.number
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
-- name: take_model_number ()
UPDATE pulih.model_number SET last = last + 1 RETURNING last
-- name: known_model (bytea digest)
SELECT version FROM pulih.model WHERE digest = $1::bytea
-- name: put_model (int4 version, text axis, text name, bytea digest, bytea training_set, int4[] numbers, int8 bytes, text actor)
INSERT INTO pulih.model VALUES ($1::int4, $2::text, $3::text, $4::bytea, $5::bytea, ($6::int4[])[1], ($6::int4[])[2],
    ($6::int4[])[3], ($6::int4[])[4], ($6::int4[])[5], ($6::int4[])[6], ($6::int4[])[7], ($6::int4[])[8], $7::int8,
    clock_timestamp(), $8::text)
-- name: put_model_chunk (int4 version, int4 n, bytea bytes)
INSERT INTO pulih.model_chunk VALUES ($1::int4, $2::int4, $3::bytea)
-- name: put_model_axis (text axis)
INSERT INTO pulih.model_axis VALUES ($1::text, 0, 0, 0, clock_timestamp(), 0) ON CONFLICT DO NOTHING
-- name: read_model_chunk (int4 version, int4 n)
SELECT bytes FROM pulih.model_chunk WHERE version = $1::int4 AND n = $2::int4
-- name: models (int4 version)
SELECT m.version, m.axis, m.name, m.texts, m.accuracy, m.macro_f1, m.dev_texts, m.dev_accuracy, m.dev_macro_f1, m.labels,
    m.chunks, m.bytes, m.imported_at, m.actor, m.digest, m.training_set, s.state, CASE s.state WHEN 'live' THEN a.at END,
    a.live, a.shadow, a.switches, CASE WHEN clock_timestamp() < a.at THEN a.before ELSE a.live END
FROM pulih.model m
CROSS JOIN LATERAL (SELECT * FROM pulih.model_axis t WHERE t.axis = m.axis OFFSET 0) a
CROSS JOIN LATERAL (SELECT CASE m.version WHEN a.live THEN 'live' WHEN a.shadow THEN 'shadow' ELSE
    CASE WHEN EXISTS (SELECT 1 FROM pulih.model_switch t WHERE t.axis = m.axis AND t.to_version = m.version
        AND t.kind IN ('promote', 'rollback')) THEN 'retired' ELSE 'candidate' END END AS state) s
WHERE $1::int4 IS NULL OR m.version = $1::int4 ORDER BY m.version
-- name: model_axis (text axis)
SELECT live, shadow, switches, CASE WHEN clock_timestamp() < at THEN before ELSE live END
FROM pulih.model_axis WHERE axis = $1::text
-- name: model_switches (text axis)
SELECT n, kind, from_version, to_version, decided_at, at, actor, forced, reason, looked_on, held_out, right_from, right_to
FROM pulih.model_switch WHERE axis = $1::text ORDER BY n
-- name: promoted_from (text axis, int4 version)
SELECT from_version FROM pulih.model_switch WHERE axis = $1::text AND to_version = $2::int4 AND kind = 'promote'
ORDER BY n DESC LIMIT 1
-- name: switch_model (text axis, int4 switches, text kind, int4 to_version, int8 lead_ms, text actor, int2 forced, text reason, int4[] compared)
WITH moved AS (
    UPDATE pulih.model_axis SET switches = switches + 1,
        before = CASE WHEN clock_timestamp() < at THEN before ELSE live END, live = $4::int4,
        shadow = CASE shadow WHEN $4::int4 THEN 0 ELSE shadow END,
        at = clock_timestamp() + $5::int8 * interval '1 ms'
    WHERE axis = $1::text AND switches = $2::int4 RETURNING switches, before, at)
INSERT INTO pulih.model_switch
SELECT $1::text, switches, $3::text, before, $4::int4, clock_timestamp(), at, $6::text, $7::int2, $8::text,
    ($9::int4[])[1], ($9::int4[])[2], ($9::int4[])[3], ($9::int4[])[4]
FROM moved RETURNING from_version, at
-- name: shade_model (text axis, int4 switches, text kind, int4 to_version, text actor, text reason)
WITH was AS (SELECT shadow FROM pulih.model_axis WHERE axis = $1::text AND switches = $2::int4 FOR UPDATE),
moved AS (
    UPDATE pulih.model_axis a SET switches = a.switches + 1, shadow = $4::int4
    FROM was WHERE a.axis = $1::text AND a.switches = $2::int4 RETURNING a.switches, was.shadow)
INSERT INTO pulih.model_switch
SELECT $1::text, switches, $3::text, shadow, $4::int4, clock_timestamp(), clock_timestamp(), $5::text, 0, $6::text, 0, 0, 0, 0
FROM moved RETURNING from_version, at
-- name: model_replicas ()
SELECT name, models FROM pulih.replica WHERE stage = 2 AND seen_at > clock_timestamp() - interval '15 seconds' ORDER BY name
-- name: model_uses ()
SELECT axis, version, value, first_n, first_confidence, recent_n, recent_confidence
FROM pulih.model_use ORDER BY axis, version, value
-- name: model_differences (int4 shadow)
SELECT live, live_label, shadow_label, n, array_to_string(examples, ' ')
FROM pulih.model_difference WHERE shadow = $1::int4 ORDER BY live DESC, n DESC, live_label, shadow_label
-- name: looked_on (int4 shadow)
SELECT least(coalesce(sum(n), 0), 2147483647)::int8 FROM pulih.model_difference WHERE shadow = $1::int4
-- name: corrections (int4 tenant)
SELECT k.*, e.recorded_at, t.body
FROM pulih.classification k
CROSS JOIN LATERAL (SELECT 1 FROM pulih.complaint t WHERE t.id = k.complaint AND t.shard + 0 = k.shard
    AND t.tenant = $1::int4 OFFSET 0) c
CROSS JOIN LATERAL (SELECT t.recorded_at FROM pulih.event t WHERE t.complaint = k.complaint AND t.shard = k.shard
    AND t.version = k.version OFFSET 0) e
CROSS JOIN LATERAL (SELECT t.body FROM pulih.content t WHERE t.complaint = k.complaint AND t.shard = k.shard
    AND t.version = 1 OFFSET 0) t
WHERE k.actor IS NOT NULL
ORDER BY k.complaint, e.recorded_at, k.version
