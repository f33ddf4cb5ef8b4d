-- Learned models as versions: what was imported, what is live, who switched when and why, and how they do.

-- Versions count over all axes, so a number alone names a model.
CREATE TABLE pulih.model_number (
    one bool PRIMARY KEY CHECK (one),
    last int4 NOT NULL
);
INSERT INTO pulih.model_number VALUES (true, 0);

-- A model as its own header describes it. Written once; shares are in millionths.
CREATE TABLE pulih.model (
    version int4 PRIMARY KEY,
    axis text NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    training_set bytea NOT NULL,
    texts int4 NOT NULL,
    accuracy int4 NOT NULL,
    macro_f1 int4 NOT NULL,
    dev_texts int4 NOT NULL,
    dev_accuracy int4 NOT NULL,
    dev_macro_f1 int4 NOT NULL,
    labels int4 NOT NULL,
    chunks int4 NOT NULL,
    bytes int8 NOT NULL,
    imported_at timestamptz NOT NULL,
    actor text NOT NULL
);
CREATE UNIQUE INDEX model_digest ON pulih.model (digest);

-- Its bytes, a MiB each, so that nobody holds all of a large one in one message. They do not compress.
CREATE TABLE pulih.model_chunk (
    version int4 NOT NULL,
    n int4 NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (version, n)
);
ALTER TABLE pulih.model_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- What classification goes by: `before` until `at`, then `live`; 0: what the configuration names. One row an axis, so
-- one model an axis is live, and one a shadow. `switches` counts the rows of model_switch.
CREATE TABLE pulih.model_axis (
    axis text PRIMARY KEY,
    switches int4 NOT NULL,
    before int4 NOT NULL,
    live int4 NOT NULL,
    at timestamptz NOT NULL,
    shadow int4 NOT NULL
);

-- Every switch, append-only. What was compared is 0 where nothing was.
CREATE TABLE pulih.model_switch (
    axis text NOT NULL,
    n int4 NOT NULL,
    kind text NOT NULL CHECK (kind IN ('shadow', 'retire', 'promote', 'rollback')),
    from_version int4 NOT NULL,
    to_version int4 NOT NULL,
    decided_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    forced int2 NOT NULL,
    reason text,
    looked_on int4 NOT NULL,
    held_out int4 NOT NULL,
    right_from int4 NOT NULL,
    right_to int4 NOT NULL,
    PRIMARY KEY (axis, n)
);

-- How an axis was decided while a version was live (0: the configuration's): judgements and sums of confidence by
-- value, of the first ones and of the recent ones. Recent counts are in thousandths and fade.
CREATE TABLE pulih.model_use (
    axis text NOT NULL,
    version int4 NOT NULL,
    value int2 NOT NULL,
    first_n int8 NOT NULL,
    first_confidence int8 NOT NULL,
    recent_n int8 NOT NULL,
    recent_confidence int8 NOT NULL,
    PRIMARY KEY (axis, version, value)
) WITH (fillfactor = 50);

-- What a shadow said beside the live model, with the numbers of the last few complaints of which they differ.
CREATE TABLE pulih.model_difference (
    shadow int4 NOT NULL,
    live int4 NOT NULL,
    live_label text NOT NULL,
    shadow_label text NOT NULL,
    n int8 NOT NULL,
    examples int8[] NOT NULL,
    PRIMARY KEY (shadow, live, live_label, shadow_label)
) WITH (fillfactor = 50);

-- Names of the models that judged, with blanks between; NULL when none did.
ALTER TABLE pulih.classification ADD COLUMN models text;
-- People's corrections are few among many judgements.
CREATE INDEX classification_by_person ON pulih.classification (complaint, shard, version) WHERE actor IS NOT NULL;
-- What a replica judges with, for people.
ALTER TABLE pulih.replica ADD COLUMN models text;

GRANT SELECT ON pulih.model, pulih.model_chunk, pulih.model_axis TO pulih_classification;
GRANT SELECT, INSERT, UPDATE ON pulih.model_use, pulih.model_difference TO pulih_classification;
