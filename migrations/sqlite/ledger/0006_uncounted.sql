-- A step that takes a count back: neither a starting point nor a movement.

ALTER TABLE steps ADD COLUMN uncounted INTEGER;      -- the record of the count; NULL for other steps
