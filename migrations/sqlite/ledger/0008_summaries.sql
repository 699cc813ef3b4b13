-- What is kept beside levels and items so that no question has to look at all of them: which levels
-- are low, which are at a location, sums over all, and what names contain.

-- Levels that are oversold, or at or below the item's low-stock mark.
CREATE TABLE low (
    ledger    INTEGER NOT NULL,
    sku       TEXT    NOT NULL,
    location  TEXT    NOT NULL,
    available INTEGER NOT NULL,
    PRIMARY KEY (ledger, sku, location)
) STRICT, WITHOUT ROWID;

CREATE INDEX low_by_available ON low (ledger, available, sku, location);

INSERT INTO low
SELECT l.ledger, l.sku, l.location, l.available
FROM levels AS l JOIN items AS i ON i.ledger = l.ledger AND i.sku = l.sku
WHERE l.available < 0 OR l.available <= i.low_stock;

-- The levels of each location.
CREATE TABLE places (
    ledger   INTEGER NOT NULL,
    location TEXT    NOT NULL,
    sku      TEXT    NOT NULL,
    PRIMARY KEY (ledger, location, sku)
) STRICT, WITHOUT ROWID;

INSERT INTO places SELECT ledger, location, sku FROM levels;

ALTER TABLE head ADD COLUMN levels INTEGER NOT NULL DEFAULT 0;          -- how many there are
ALTER TABLE head ADD COLUMN units_available INTEGER NOT NULL DEFAULT 0; -- oversold levels as 0

UPDATE head SET (levels, units_available) = (
    SELECT count(*), coalesce(sum(max(available, 0)), 0) FROM levels WHERE ledger = head.ledger
);

CREATE UNIQUE INDEX items_by_number ON items (ledger, number);

-- Which items' SKUs or names contain something: the words are every three bytes that follow one
-- another in them (hexadecimal, ASCII letters as small ones), two zero bytes at each end. The row's
-- number is the ledger's and the item's.
CREATE VIRTUAL TABLE search USING fts5 (
    grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '2 4'
);

INSERT INTO search (rowid, grams)
WITH RECURSIVE texts (number, text) AS MATERIALIZED (
    SELECT (ledger << 32) | number,
           CAST(lower(sku) || char(0, 0) || lower(coalesce(name, '')) || char(0, 0) AS BLOB)
    FROM items
), places (place) AS (
    SELECT 1 UNION ALL SELECT place + 1 FROM places
    WHERE place < (SELECT max(length(text)) FROM texts)
)
SELECT number, group_concat(hex(substr(text, place, 3)), ' ')
FROM texts JOIN places ON place <= length(text) - 2
GROUP BY number;
