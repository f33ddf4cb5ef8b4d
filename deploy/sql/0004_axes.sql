-- A closer reason beside the reason. Judgements made before do not know it.
ALTER TABLE pulih.classification ADD COLUMN sub_reason int2 NOT NULL DEFAULT 0;
