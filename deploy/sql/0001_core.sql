-- The first schema: complaints, their chronology, the work between the stages, the feed.
--
-- Keys are (id, shard): the time-ordered id first, so that new rows land together; shard = hash(id) % 64,
-- fixed for ever, so that the tables can be distributed by it. No sequences, no triggers, no foreign keys.

CREATE SCHEMA IF NOT EXISTS pulih;

-- Current state; the only table whose rows change. No index on a column that moves and half-empty pages keep
-- the updates heap-only (fillfactor 85 let only a third be so).
CREATE TABLE pulih.complaint (
    id uuid NOT NULL,
    shard int2 NOT NULL,
    tenant int4 NOT NULL,
    number int8 NOT NULL,
    received_at timestamptz NOT NULL,
    state int2 NOT NULL,
    version int4 NOT NULL,
    holder int2 NOT NULL,
    cursor int4 NOT NULL,
    waiting int4 NOT NULL,
    language int2 NOT NULL,
    channel int2 NOT NULL,
    category int2 NOT NULL,
    department int2 NOT NULL,
    tier int2 NOT NULL,
    gravity int2 NOT NULL,
    unsure int2 NOT NULL,
    clock int2 NOT NULL,
    level int2 NOT NULL,
    ended int2 NOT NULL,
    ladder_kind int2 NOT NULL,
    ladder_armed int4 NOT NULL,
    ladder_left_us int8 NOT NULL,
    ladder_due timestamptz,
    silence_armed int4 NOT NULL,
    due_at timestamptz,
    offers int2 NOT NULL,
    letters int2 NOT NULL,
    promises int2 NOT NULL,
    declined int2 NOT NULL,
    reopened int2 NOT NULL,
    updated_at timestamptz NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (id, shard)
) WITH (fillfactor = 50);
-- Holds no rows: its row type carries a changed complaint and what proves that nobody else changed it.
CREATE TABLE pulih.complaint_move (
    LIKE pulih.complaint,
    was_version int4,
    was_holder int2
);
-- Numbers grow, so this index grows at its end.
CREATE UNIQUE INDEX complaint_number ON pulih.complaint (number, shard);

-- The chronology: append-only. Holds codes, numbers and references; never names or what people wrote.
CREATE TABLE pulih.event (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    version int4 NOT NULL,
    type int2 NOT NULL,
    prior int2 NOT NULL,
    state int2 NOT NULL,
    message uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    body bytea NOT NULL,
    digest bytea,
    hash bytea NOT NULL,
    PRIMARY KEY (complaint, shard, version)
);
-- Later messages are known by their id; a new complaint is known by its own key and costs nothing here.
CREATE UNIQUE INDEX event_message ON pulih.event (complaint, shard, message)
    WHERE version > 1 AND message IS NOT NULL;

-- What identifies somebody, and what people wrote: erasable without touching the chronology.
CREATE TABLE pulih.person (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    role int2 NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (complaint, shard, role)
);
CREATE TABLE pulih.content (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    version int4 NOT NULL,
    salt bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (complaint, shard, version)
);

CREATE TABLE pulih.classification (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    version int4 NOT NULL,
    language int2 NOT NULL,
    category int2 NOT NULL,
    department int2 NOT NULL,
    reason int2 NOT NULL,
    root_cause int2 NOT NULL,
    motive int2 NOT NULL,
    expression int2 NOT NULL,
    anger int2 NOT NULL,
    formality int2 NOT NULL,
    size int2 NOT NULL,
    tier int2 NOT NULL,
    priority int2 NOT NULL,
    gravity int2 NOT NULL,
    response_mode int2 NOT NULL,
    request_type int2 NOT NULL,
    complainer int2 NOT NULL,
    unmet_need int2 NOT NULL,
    confidence bytea NOT NULL,
    evidence bytea NOT NULL,
    policy text NOT NULL,
    actor text,
    PRIMARY KEY (complaint, shard, version)
);

CREATE TABLE pulih.deadline (
    due_at timestamptz NOT NULL,
    complaint uuid NOT NULL,
    kind int2 NOT NULL,
    shard int2 NOT NULL,
    armed int4 NOT NULL,
    PRIMARY KEY (due_at, complaint, kind, shard)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Every date told to a customer. Rows stay as told; whether one was kept is read from the chronology.
CREATE TABLE pulih.promise (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    n int2 NOT NULL,
    kind int2 NOT NULL,
    version int4 NOT NULL,
    due_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (complaint, shard, n)
);

CREATE TABLE pulih.offer (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    n int2 NOT NULL,
    version int4 NOT NULL,
    remedy int2 NOT NULL,
    amount int8 NOT NULL,
    currency text,
    role text NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (complaint, shard, n)
);

-- Letters as written; the customer's name is filled in when one is handed out.
CREATE TABLE pulih.letter (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    n int2 NOT NULL,
    version int4 NOT NULL,
    kind int2 NOT NULL,
    language int2 NOT NULL,
    channel int2 NOT NULL,
    post text,
    subject text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (complaint, shard, n)
);

-- The feed: gapless per stream. The number is taken under the lock of the stream's head, last thing before
-- COMMIT, so the order of numbers is the order of commits.
CREATE TABLE pulih.feed (
    stream int2 NOT NULL,
    seq int8 NOT NULL,
    complaint uuid NOT NULL,
    number int8 NOT NULL,
    version int4 NOT NULL,
    type int2 NOT NULL,
    state int2 NOT NULL,
    at timestamptz NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (stream, seq)
);
CREATE TABLE pulih.feed_head (
    stream int2 PRIMARY KEY,
    last int8 NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
INSERT INTO pulih.feed_head SELECT s, 0 FROM generate_series(0, 63) s;

-- Manifests: unfinished work only, one row per batch and destination. A stage deletes the manifest in the
-- transaction that does its work.
CREATE TABLE pulih.pending (
    stage int2 NOT NULL,
    next_at timestamptz NOT NULL,
    batch int8 NOT NULL,
    attempts int2 NOT NULL,
    n int4 NOT NULL,
    items bytea NOT NULL,
    PRIMARY KEY (stage, next_at, batch)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2147483647);

-- Work that no stage could do: an operator looks, retries or discards it.
CREATE TABLE pulih.dead (
    complaint uuid NOT NULL,
    shard int2 NOT NULL,
    stage int2 NOT NULL,
    version int4 NOT NULL,
    attempts int2 NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (complaint, shard, stage, version)
);

-- Running daemons, for people; nothing decides by it.
CREATE TABLE pulih.replica (
    id uuid PRIMARY KEY,
    stage int2 NOT NULL,
    name text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    duplicate_batches int8 NOT NULL
) WITH (fillfactor = 50);

-- Complaint numbers are handed out in blocks, so references are unique without a sequence.
CREATE TABLE pulih.number_block (
    one bool PRIMARY KEY CHECK (one),
    next int8 NOT NULL
);
INSERT INTO pulih.number_block VALUES (true, 1);

-- A statement that must touch exactly so many rows says so; anything else ends the transaction.
CREATE FUNCTION pulih.expect(what text, got int8, wanted int8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF got <> wanted THEN
        RAISE EXCEPTION 'pulih: % rows in %, expected %', got, what, wanted USING ERRCODE = 'PU001';
    END IF;
END $$;

-- One role per daemon, with the rights that its step needs and no others.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['pulih_intake', 'pulih_classification', 'pulih_escalation', 'pulih_followup'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA pulih
    TO pulih_intake, pulih_classification, pulih_escalation, pulih_followup;
GRANT SELECT ON pulih.schema_version
    TO pulih_intake, pulih_classification, pulih_escalation, pulih_followup;
GRANT SELECT, INSERT, UPDATE ON pulih.replica
    TO pulih_intake, pulih_classification, pulih_escalation, pulih_followup;
GRANT SELECT, INSERT, DELETE ON pulih.pending
    TO pulih_classification, pulih_escalation, pulih_followup;
-- The right to lock rows comes with UPDATE; of a manifest only the count of attempts is ever rewritten.
GRANT UPDATE (attempts) ON pulih.pending
    TO pulih_classification, pulih_escalation, pulih_followup;
GRANT SELECT, INSERT ON pulih.event
    TO pulih_intake, pulih_classification, pulih_escalation, pulih_followup;
GRANT SELECT, INSERT ON pulih.dead
    TO pulih_classification, pulih_escalation, pulih_followup;

GRANT SELECT, INSERT ON pulih.complaint TO pulih_intake;
GRANT SELECT ON pulih.complaint TO pulih_classification, pulih_escalation, pulih_followup;
GRANT UPDATE (state, version, holder, cursor, waiting, language, channel, category, department, tier, gravity,
              unsure, clock, level, ended, ladder_kind, ladder_armed, ladder_left_us, ladder_due, silence_armed,
              due_at, offers, letters, promises, declined, reopened, updated_at, hash)
    ON pulih.complaint TO pulih_intake, pulih_classification, pulih_escalation, pulih_followup;
GRANT INSERT ON pulih.person TO pulih_intake;
GRANT SELECT, INSERT ON pulih.content TO pulih_intake;
GRANT SELECT, INSERT ON pulih.promise TO pulih_intake;
GRANT INSERT ON pulih.pending TO pulih_intake;
GRANT SELECT, UPDATE ON pulih.number_block TO pulih_intake;

GRANT SELECT ON pulih.content, pulih.offer TO pulih_classification, pulih_escalation, pulih_followup;
GRANT INSERT ON pulih.classification TO pulih_classification;
GRANT SELECT ON pulih.classification TO pulih_classification;
GRANT SELECT, INSERT, DELETE ON pulih.deadline TO pulih_escalation;
GRANT UPDATE (armed) ON pulih.deadline TO pulih_escalation;
GRANT INSERT ON pulih.promise TO pulih_escalation, pulih_followup;
GRANT SELECT, INSERT, UPDATE (armed) ON pulih.deadline TO pulih_followup;
GRANT INSERT ON pulih.offer TO pulih_followup;
GRANT SELECT, INSERT ON pulih.letter TO pulih_followup;
GRANT SELECT ON pulih.person TO pulih_followup;
GRANT SELECT, INSERT ON pulih.feed TO pulih_followup;
GRANT SELECT, UPDATE ON pulih.feed_head TO pulih_followup;
