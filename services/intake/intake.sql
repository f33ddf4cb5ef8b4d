-- Statements of intake.

-- name: take_numbers (int8 how_many)
UPDATE pulih.number_block SET next = next + $1::int8 WHERE one
RETURNING next - $1::int8, (SELECT key FROM pulih.mark_key WHERE one)
-- name: put_complaint (pulih.complaint[] rows, int8 wanted)
WITH stored AS (
    INSERT INTO pulih.complaint SELECT * FROM unnest($1::pulih.complaint[])
    ON CONFLICT (id, shard) DO NOTHING
    RETURNING 1)
SELECT pulih.expect('complaint', count(*), $2::int8) FROM stored
-- name: known_complaints (uuid[] id, int2[] shard)
SELECT u.n, c.number, e.digest, t.salt, p.due_at, c.language
FROM unnest($1::uuid[], $2::int2[]) WITH ORDINALITY u(id, shard, n)
CROSS JOIN LATERAL (SELECT * FROM pulih.complaint t WHERE t.id = u.id AND t.shard + 0 = u.shard OFFSET 0) c
CROSS JOIN LATERAL (SELECT * FROM pulih.event t WHERE t.complaint = u.id AND t.shard = u.shard
    AND t.version = 1 OFFSET 0) e
LEFT JOIN LATERAL (SELECT * FROM pulih.content t WHERE t.complaint = u.id AND t.shard = u.shard
    AND t.version = 1 OFFSET 0) t ON true
LEFT JOIN LATERAL (SELECT * FROM pulih.promise t WHERE t.complaint = u.id AND t.shard = u.shard
    AND t.n = 1 OFFSET 0) p ON true
-- name: known_messages (uuid[] complaint, int2[] shard, uuid[] message)
SELECT u.n, e.digest, t.salt
FROM unnest($1::uuid[], $2::int2[], $3::uuid[]) WITH ORDINALITY u(complaint, shard, message, n)
CROSS JOIN LATERAL (SELECT * FROM pulih.event t WHERE t.complaint = u.complaint AND t.shard = u.shard
    AND t.message = u.message AND t.version > 1 AND t.message IS NOT NULL OFFSET 0) e
LEFT JOIN LATERAL (SELECT * FROM pulih.content t WHERE t.complaint = u.complaint AND t.shard = u.shard
    AND t.version = e.version OFFSET 0) t ON true
