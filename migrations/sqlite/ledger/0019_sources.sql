-- What two sources have said of one moment is two movements, also where one record takes both back: they
-- may lie on different sides of a count. So the source is part of the key, and both tables are made
-- anew. What was written before keeps the source that it has.

ALTER TABLE trails RENAME TO old_trails;
CREATE TABLE trails (
    ledger          INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    sku             TEXT    NOT NULL,
    location        TEXT    NOT NULL,
    occurred_at     INTEGER NOT NULL,
    of_seq          INTEGER NOT NULL DEFAULT 0, -- the record that had made the movement that this is
                                           -- about, 0 if it is one of its own
    recorded_at     INTEGER NOT NULL,
    previous        INTEGER,               -- the record that had changed the level before, 0 if none;
                                           -- NULL on all but the first row of a record and level
    source          TEXT    NOT NULL,      -- of the fact; its record may be carried by another event
    on_hand         INTEGER NOT NULL,      -- by how much each number moved; 0 where it did not
    committed       INTEGER NOT NULL,
    reserved        INTEGER NOT NULL,
    damaged         INTEGER NOT NULL,
    quality_control INTEGER NOT NULL,
    safety_stock    INTEGER NOT NULL,
    incoming        INTEGER NOT NULL,
    absorbed        INTEGER NOT NULL,      -- by how much on_hand would have moved, had a count not
                                           -- contained it; and what would have moved with it
    absorbed_damaged         INTEGER NOT NULL DEFAULT 0,
    absorbed_quality_control INTEGER NOT NULL DEFAULT 0,
    countered       INTEGER NOT NULL DEFAULT 0, -- what takes back a movement within a count: it moved
                                           -- nothing, but it did as far as a later count is concerned
    counted         INTEGER,               -- an accepted count: a new starting point, no movement
    overlap         TEXT,                  -- what was said of the movements around it, if anything
    window_us       INTEGER,               -- and how near to it was meant
    uncounted       INTEGER,               -- the record of a count that is taken back: no movement
    is_verdict      INTEGER NOT NULL,      -- 1: only says on which side of a count a movement lies
    PRIMARY KEY (ledger, seq, sku, location, occurred_at, of_seq, source)
) STRICT, WITHOUT ROWID;

INSERT INTO trails SELECT * FROM old_trails;
DROP TABLE old_trails;

ALTER TABLE mentions RENAME TO old_mentions;
CREATE TABLE mentions (
    ledger      INTEGER NOT NULL,
    sku         TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    occurred_at INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    of_seq      INTEGER NOT NULL DEFAULT 0,
    source      TEXT    NOT NULL,
    absorbed    INTEGER NOT NULL,
    absorbed_damaged         INTEGER NOT NULL DEFAULT 0,
    absorbed_quality_control INTEGER NOT NULL DEFAULT 0,
    countered   INTEGER NOT NULL DEFAULT 0,
    is_verdict  INTEGER NOT NULL,
    PRIMARY KEY (ledger, sku, location, occurred_at, seq, of_seq, source)
) STRICT, WITHOUT ROWID;

INSERT INTO mentions SELECT * FROM old_mentions;
DROP TABLE old_mentions;
