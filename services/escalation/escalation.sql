-- Statements of escalation.

-- name: claim_deadlines (timestamptz before, int8 most)
DELETE FROM pulih.deadline WHERE ctid = ANY (ARRAY(
    SELECT d.ctid FROM pulih.deadline d WHERE d.due_at <= $1::timestamptz
    ORDER BY d.due_at LIMIT $2::int8 FOR UPDATE SKIP LOCKED))
RETURNING due_at, complaint, kind, shard, armed
