-- The life of a complaint, as PostgreSQL sees it: a move that is no row of life.tbl.h is refused. Messages that
-- only wait for their owner (types 33 to 63) leave the state as it is. A changed life needs a migration of its
-- own that drops this constraint and adds the new one.
-- printed: life-check
ALTER TABLE pulih.event ADD CONSTRAINT event_life CHECK (
    CASE WHEN type BETWEEN 33 AND 63 THEN prior = state
    WHEN type NOT BETWEEN 0 AND 255 OR state NOT BETWEEN 0 AND 255 THEN false
    ELSE (prior * 65536 + state * 256 + type) = ANY (ARRAY[
        288, 66112, 131905, 197698, 263749, 263492, 265037, 329285, 329028, 328776, 330573, 394821,
        394564, 395078, 394311, 396109, 460873, 461645, 526666, 525387, 527181, 592460, 658253, 721998,
        68693, 134229, 199765, 787008, 263232, 329024, 394816, 460608, 526400, 263233, 329025, 394817,
        460609, 526401, 263235, 329027, 394819, 460611, 526403, 263247, 329039, 460623, 263248, 329040,
        460624, 263249, 329041, 394833, 460625, 526417, 263250, 329042, 394834, 460626, 526418, 263252,
        329044, 394836, 460628, 526420, 723796, 789588, 263251, 329043, 394835, 460627, 526419, 723795,
        789587, 263253, 329045, 394837, 460629, 526421, 723797, 789589]) END);
-- end of printed
