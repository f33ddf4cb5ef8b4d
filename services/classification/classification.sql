-- Statements of classification: new complaints are compared with those before; models as versions, and how they
-- do. Plans stay on the keys, see core.sql.

-- name: claim_unlinked (int8 most)
SELECT at, batch, items FROM pulih.unlinked WHERE at < 'infinity'
ORDER BY at, batch LIMIT $1::int8 FOR UPDATE SKIP LOCKED
-- name: drop_unlinked (timestamptz[] at, int8[] batch)
DELETE FROM pulih.unlinked WHERE ctid = ANY (ARRAY(
    SELECT found.ctid FROM unnest($1::timestamptz[], $2::int8[]) u(at, batch)
    CROSS JOIN LATERAL (SELECT t.ctid FROM pulih.unlinked t WHERE t.at = u.at AND t.batch = u.batch OFFSET 0) found))
RETURNING batch
-- name: read_stories (uuid[] complaint, int2[] shard)
SELECT u.n, c.tenant, c.number, c.received_at, t.body, p.marks
FROM unnest($1::uuid[], $2::int2[]) WITH ORDINALITY u(complaint, shard, n)
CROSS JOIN LATERAL (SELECT * FROM pulih.complaint k WHERE k.id = u.complaint AND k.shard + 0 = u.shard OFFSET 0) c
LEFT JOIN LATERAL (SELECT k.body FROM pulih.content k WHERE k.complaint = u.complaint AND k.shard = u.shard
    AND k.version = 1 OFFSET 0) t ON true
LEFT JOIN LATERAL (SELECT k.marks FROM pulih.person k WHERE k.complaint = u.complaint AND k.shard = u.shard
    AND k.role = 1 OFFSET 0) p ON true
-- name: put_trace (pulih.trace[] rows)
INSERT INTO pulih.trace SELECT * FROM unnest($1::pulih.trace[])
ON CONFLICT (key, slot, tenant, complaint) DO NOTHING
-- name: find_similar (int8[] key, int2[] slot, int4[] tenant, uuid[] complaint, int8 most)
SELECT u.n, found.complaint, found.shard
FROM unnest($1::int8[], $2::int2[], $3::int4[], $4::uuid[]) WITH ORDINALITY u(key, slot, tenant, complaint, n)
CROSS JOIN LATERAL (
    (SELECT t.complaint, t.shard FROM pulih.trace t
        WHERE (t.key, t.slot, t.tenant, t.complaint) < (u.key, u.slot, u.tenant, u.complaint)
            AND (t.key, t.slot, t.tenant) >= (u.key, u.slot, u.tenant)
        ORDER BY t.key DESC, t.slot DESC, t.tenant DESC, t.complaint DESC LIMIT $5::int8)
    UNION ALL
    (SELECT t.complaint, t.shard FROM pulih.trace t
        WHERE (t.key, t.slot, t.tenant, t.complaint) > (u.key, u.slot, u.tenant, u.complaint)
            AND (t.key, t.slot, t.tenant) <= (u.key, u.slot, u.tenant)
        ORDER BY t.key, t.slot, t.tenant, t.complaint LIMIT $5::int8)) found
-- name: count_history (int8[] key, int2[] slot, int4[] tenant, timestamptz[] since, timestamptz[] until, int8 most)
SELECT u.n, found.complaints
FROM unnest($1::int8[], $2::int2[], $3::int4[], $4::timestamptz[], $5::timestamptz[])
    WITH ORDINALITY u(key, slot, tenant, since, until, n)
CROSS JOIN LATERAL (SELECT count(*) AS complaints FROM (SELECT 1 FROM pulih.trace t
    WHERE t.key = u.key AND t.slot = u.slot AND t.tenant = u.tenant AND t.at BETWEEN u.since AND u.until
    LIMIT $6::int8) of_one) found
-- name: suggest_links (pulih.link[] rows)
INSERT INTO pulih.link SELECT * FROM unnest($1::pulih.link[])
ON CONFLICT (complaint, shard, other) DO NOTHING
RETURNING complaint, other
-- name: prune_traces (timestamptz before, int8 most)
DELETE FROM pulih.trace WHERE ctid = ANY (ARRAY(
    SELECT t.ctid FROM pulih.trace t WHERE t.at < $1::timestamptz ORDER BY t.at LIMIT $2::int8))
RETURNING slot
-- name: model_axes ()
SELECT axis, before, live, at, shadow FROM pulih.model_axis ORDER BY axis
-- name: read_model_chunk (int4 version, int4 n)
SELECT m.chunks, (SELECT c.bytes FROM pulih.model_chunk c WHERE c.version = m.version AND c.n = $2::int4)
FROM pulih.model m WHERE m.version = $1::int4
-- name: say_models (uuid id, text models)
UPDATE pulih.replica SET models = $2::text WHERE id = $1::uuid RETURNING 1
-- name: use_model (text axis, int4 version, int2[] value, int8[] n, int8[] confidence, int8 keep, int8 enough)
INSERT INTO pulih.model_use AS t
SELECT $1::text, $2::int4, u.value, CASE WHEN full_already THEN 0 ELSE u.n END,
    CASE WHEN full_already THEN 0 ELSE u.confidence END, u.n * 1000, u.confidence * 1000
FROM unnest($3::int2[], $4::int8[], $5::int8[]) u(value, n, confidence)
CROSS JOIN (SELECT coalesce(sum(k.first_n), 0) >= $7::int8 AS full_already FROM pulih.model_use k
    WHERE k.axis = $1::text AND k.version = $2::int4) k
ORDER BY u.value
ON CONFLICT (axis, version, value) DO UPDATE SET first_n = t.first_n + excluded.first_n,
    first_confidence = t.first_confidence + excluded.first_confidence,
    recent_n = t.recent_n * $6::int8 / 1000000 + excluded.recent_n,
    recent_confidence = t.recent_confidence * $6::int8 / 1000000 + excluded.recent_confidence
RETURNING first_n, first_confidence, recent_n, recent_confidence
-- name: count_differences (int4 shadow, int4 live, text[] live_label, text[] shadow_label, int8[] n, int8[] example)
INSERT INTO pulih.model_difference AS t
SELECT $1::int4, $2::int4, u.live_label, u.shadow_label, u.n,
    CASE WHEN u.live_label = u.shadow_label THEN '{}'::int8[] ELSE ARRAY[u.example] END
FROM unnest($3::text[], $4::text[], $5::int8[], $6::int8[]) u(live_label, shadow_label, n, example)
ORDER BY u.live_label, u.shadow_label
ON CONFLICT (shadow, live, live_label, shadow_label) DO UPDATE SET n = t.n + excluded.n,
    examples = (excluded.examples || t.examples)[1:5]
