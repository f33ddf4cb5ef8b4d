-- The ladder of named posts: they acknowledge, answer and hand back; approvals have a clock of their own.

-- Version that armed the clock of an approval, and how many posts were asked before; 0: none.
ALTER TABLE pulih.complaint ADD COLUMN approval_armed int4 NOT NULL DEFAULT 0;
ALTER TABLE pulih.complaint ADD COLUMN approval_level int2 NOT NULL DEFAULT 0;
-- How often the complaint went from one department to another.
ALTER TABLE pulih.complaint ADD COLUMN transfers int2 NOT NULL DEFAULT 0;
GRANT UPDATE (approval_armed, approval_level, transfers)
    ON pulih.complaint TO pulih_intake, pulih_classification, pulih_escalation, pulih_followup;
-- It holds no rows, and what proves a move comes last in it.
DROP TABLE pulih.complaint_move;
CREATE TABLE pulih.complaint_move (
    LIKE pulih.complaint,
    was_version int4,
    was_holder int2
);

ALTER TABLE pulih.event DROP CONSTRAINT event_life;
-- printed: life-check
ALTER TABLE pulih.event ADD CONSTRAINT event_life CHECK (
    CASE WHEN type BETWEEN 33 AND 63 THEN prior = state
    WHEN type NOT BETWEEN 0 AND 255 OR state NOT BETWEEN 0 AND 255 THEN false
    ELSE (prior * 65536 + state * 256 + type) = ANY (ARRAY[
        288, 66112, 131905, 197698, 263749, 263492, 265037, 329285, 329028, 328776, 330573, 394821,
        394564, 395078, 394311, 396109, 460873, 461645, 526666, 525387, 527181, 592460, 658253, 721998,
        68693, 134229, 199765, 787008, 263232, 329024, 394816, 460608, 526400, 263233, 329025, 394817,
        460609, 526401, 263235, 329027, 394819, 460611, 526403, 263247, 329039, 460623, 263248, 329040,
        460624, 263249, 329041, 394833, 460625, 526417, 263250, 329042, 394834, 460626, 526418, 263264,
        329056, 394848, 460640, 526432, 263265, 329057, 394849, 460641, 526433, 263266, 329058, 394850,
        460642, 526434, 263267, 329059, 394851, 460643, 526435, 263268, 329060, 394852, 460644, 526436,
        263252, 329044, 394836, 460628, 526420, 723796, 789588, 263251, 329043, 394835, 460627, 526419,
        723795, 789587, 263253, 329045, 394837, 460629, 526421, 723797, 789589]) END);
-- end of printed
