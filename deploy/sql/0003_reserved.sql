-- Nothing: the number is another change's.
DO $$ BEGIN END $$;
