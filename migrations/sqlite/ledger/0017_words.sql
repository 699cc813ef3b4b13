-- What persons have said of older counts that holds for the newest one of a level as well: a list
-- (JSON), or nothing. Ledgers of before have none.
ALTER TABLE levels ADD COLUMN counted_words TEXT;
