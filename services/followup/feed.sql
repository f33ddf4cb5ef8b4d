-- Statements of the feed door, on a connection of its own.

-- name: heads ()
SELECT stream, last, current_setting('synchronous_standby_names') <> '' FROM pulih.feed_head ORDER BY stream
-- name: read_feed (int2[] stream, int8[] after, int4[] most)
SELECT u.n, f.seq, f.complaint, f.number, f.version, f.type, f.state, f.at, f.body
FROM unnest($1::int2[], $2::int8[], $3::int4[]) WITH ORDINALITY u(stream, after, most, n)
CROSS JOIN LATERAL (SELECT * FROM pulih.feed t WHERE t.stream = u.stream AND t.seq > u.after
    ORDER BY t.seq LIMIT u.most) f
-- name: read_letter (uuid complaint, int2 shard, int2 n)
SELECT l.kind, l.language, l.channel, l.post, l.subject, l.body, p.body
FROM pulih.letter l
LEFT JOIN pulih.person p ON p.complaint = l.complaint AND p.shard = l.shard AND p.role = 1
WHERE l.complaint = $1::uuid AND l.shard = $2::int2 AND l.n = $3::int2
