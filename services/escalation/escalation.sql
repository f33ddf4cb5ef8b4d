-- Statements of escalation.

-- name: look_ahead (timestamptz before, text version)
SELECT (SELECT due_at FROM pulih.deadline WHERE due_at <= $1::timestamptz ORDER BY due_at LIMIT 1),
    (SELECT count(*) FROM pulih.policy WHERE version = $2::text AND NOT done)
-- name: claim_deadlines (timestamptz before, int8 most)
DELETE FROM pulih.deadline WHERE ctid = ANY (ARRAY(
    SELECT d.ctid FROM pulih.deadline d WHERE d.due_at <= $1::timestamptz
    ORDER BY d.due_at LIMIT $2::int8 FOR UPDATE SKIP LOCKED))
RETURNING due_at, complaint, kind, shard, armed
-- name: erase_hints (uuid[] complaint, int2[] shard, int4[] armed, int2 noted)
DELETE FROM pulih.content WHERE ctid = ANY (ARRAY(
    SELECT found.ctid FROM unnest($1::uuid[], $2::int2[], $3::int4[]) u(complaint, shard, armed)
    CROSS JOIN LATERAL (SELECT e.version FROM pulih.event e WHERE e.complaint = u.complaint AND e.shard = u.shard
        AND e.version <= u.armed AND e.type = $4::int2 OFFSET 0) hint
    CROSS JOIN LATERAL (SELECT c.ctid FROM pulih.content c WHERE c.complaint = u.complaint AND c.shard = u.shard
        AND c.version = hint.version OFFSET 0) found))
RETURNING 1
-- name: apply_policy (text version, timestamptz now, uuid nobody)
INSERT INTO pulih.policy VALUES (true, $1::text, $2::timestamptz, '2000-01-01', $3::uuid, false)
ON CONFLICT (one) DO UPDATE SET version = excluded.version, since = excluded.since, due_at = excluded.due_at,
    complaint = excluded.complaint, done = false
WHERE pulih.policy.version <> excluded.version
-- name: take_policy (text version)
SELECT due_at, complaint FROM pulih.policy WHERE version = $1::text AND NOT done FOR UPDATE SKIP LOCKED
-- name: next_deadlines (timestamptz due_at, uuid complaint, int8 seen, int8 most)
SELECT d.due_at, d.complaint, d.shard
FROM (SELECT * FROM pulih.deadline WHERE (due_at, complaint) > ($1::timestamptz, $2::uuid)
    ORDER BY due_at, complaint LIMIT $3::int8) d
CROSS JOIN LATERAL (SELECT 1 FROM pulih.complaint t WHERE t.id = d.complaint AND t.shard + 0 = d.shard
    AND t.ladder_armed > 0 AND t.ladder_due = d.due_at OFFSET 0) c
ORDER BY d.due_at, d.complaint LIMIT $4::int8
-- name: last_deadline (timestamptz due_at, uuid complaint, int8 seen)
SELECT due_at, complaint FROM pulih.deadline WHERE (due_at, complaint) > ($1::timestamptz, $2::uuid)
ORDER BY due_at, complaint OFFSET $3::int8 - 1 LIMIT 1
-- name: keep_place (timestamptz due_at, uuid complaint, int2 done)
UPDATE pulih.policy SET due_at = $1::timestamptz, complaint = $2::uuid, done = $3::int2 = 1
