-- Complaints that are alike: what they are recognised by, and what was found. Nothing here changes a complaint.

-- Digests of what identifies a customer, by intake; they go when the person is erased.
ALTER TABLE pulih.person ADD COLUMN marks bytea;

-- The key of those digests. Only intake reads it: who has the digests alone cannot try telephone numbers on them.
CREATE TABLE pulih.mark_key (
    one bool PRIMARY KEY CHECK (one),
    key bytea NOT NULL CHECK (octet_length(key) = 16)
);
INSERT INTO pulih.mark_key VALUES (true, decode(replace(gen_random_uuid()::text, '-', ''), 'hex'));

-- New complaints that were not compared yet, some dozens a row.
CREATE TABLE pulih.unlinked (
    at timestamptz NOT NULL,
    batch int8 NOT NULL,
    items bytea NOT NULL,
    PRIMARY KEY (at, batch)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2147483647);

-- A row per complaint and key that it is found by: digests of its customer, bands of its text. `slot`, by which the
-- table can be distributed, follows from the key: slot = key % 64. So equal keys meet whatever the complaints' shards.
CREATE TABLE pulih.trace (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    key int8 NOT NULL,
    slot int2 NOT NULL,
    tenant int4 NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (key, slot, tenant, complaint)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
-- For rows that are old enough to go. It ends with the complaint for those that must go at once: `at` is the time
-- at which the complaint was received.
CREATE INDEX trace_at ON pulih.trace (at, complaint);

-- Two complaints and what links them, once for each pair: `complaint` is the greater id of the two.
CREATE TABLE pulih.link (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    other uuid NOT NULL,
    likeness int2 NOT NULL,
    score int2 NOT NULL,
    state int2 NOT NULL,
    suggested_at timestamptz,
    decided_at timestamptz,
    actor text,
    PRIMARY KEY (complaint, shard, other),
    CHECK (complaint > other)
);
CREATE INDEX link_other ON pulih.link (other);

GRANT SELECT ON pulih.mark_key TO pulih_intake;
GRANT INSERT ON pulih.unlinked TO pulih_intake;
-- The right to lock rows comes with UPDATE; nothing is ever updated.
GRANT SELECT, DELETE, UPDATE (batch) ON pulih.unlinked TO pulih_classification;
GRANT SELECT, INSERT, DELETE ON pulih.trace TO pulih_classification;
GRANT SELECT (complaint, shard, role, marks) ON pulih.person TO pulih_classification;
GRANT SELECT, INSERT ON pulih.link TO pulih_classification;
GRANT SELECT, INSERT, UPDATE (state, decided_at, actor) ON pulih.link TO pulih_followup;
