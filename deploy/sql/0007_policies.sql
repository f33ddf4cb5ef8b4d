-- Which policy counts, and how far live complaints were looked through for deadlines that it moves.
CREATE TABLE pulih.policy (
    one bool PRIMARY KEY CHECK (one),
    version text NOT NULL,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,    -- of the last deadline that was looked at
    complaint uuid NOT NULL,        -- and whose it is
    done bool NOT NULL
) WITH (fillfactor = 10);
GRANT SELECT, INSERT, UPDATE ON pulih.policy TO pulih_escalation;

-- Calendars as they were in force, so that an edited one leaves alone what was used before.
CREATE TABLE pulih.calendar (
    name text NOT NULL,
    since timestamptz NOT NULL,
    spec text NOT NULL,
    PRIMARY KEY (name, since)
);
GRANT SELECT, INSERT ON pulih.calendar TO pulih_escalation, pulih_followup;
