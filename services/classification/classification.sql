-- Statements of classification: new complaints are compared with those before. Plans stay on the keys, see core.sql.

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
CROSS JOIN LATERAL (SELECT t.complaint, t.shard FROM pulih.trace t
    WHERE t.key = u.key AND t.slot = u.slot AND t.tenant = u.tenant AND t.complaint <> u.complaint
    ORDER BY t.complaint DESC LIMIT $5::int8) found
-- name: suggest_links (pulih.link[] rows)
INSERT INTO pulih.link SELECT * FROM unnest($1::pulih.link[])
ON CONFLICT (complaint, shard, other) DO NOTHING
RETURNING complaint, other
-- name: prune_traces (timestamptz before, int8 most)
DELETE FROM pulih.trace WHERE ctid = ANY (ARRAY(
    SELECT t.ctid FROM pulih.trace t WHERE t.at < $1::timestamptz ORDER BY t.at LIMIT $2::int8))
RETURNING slot
