-- What each record did to each level, but in the order of the journal: new rows go to the end of
-- the table, where those of a level lay scattered and cost a page each. The rows of a level are a
-- trail: each names the record that had changed the level before, and `levels.seq` the last one.

CREATE TABLE trails (
    ledger          INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    sku             TEXT    NOT NULL,
    location        TEXT    NOT NULL,
    occurred_at     INTEGER NOT NULL,
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
                                           -- contained it
    counted         INTEGER,               -- an accepted count: a new starting point, no movement
    uncounted       INTEGER,               -- the record of a count that is taken back: no movement
    is_verdict      INTEGER NOT NULL,      -- 1: only says on which side of a count a movement lies
    PRIMARY KEY (ledger, seq, sku, location, occurred_at)
) STRICT, WITHOUT ROWID;

-- Records that are about a level and left it as it was.
CREATE TABLE mentions (
    ledger      INTEGER NOT NULL,
    sku         TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    occurred_at INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    absorbed    INTEGER NOT NULL,
    is_verdict  INTEGER NOT NULL,
    PRIMARY KEY (ledger, sku, location, occurred_at, seq)
) STRICT, WITHOUT ROWID;

-- By how many microseconds a fact was ever recorded before it happened, at most: what happened at
-- a moment or later is not recorded earlier than that.
ALTER TABLE head ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;

INSERT INTO mentions
SELECT ledger, sku, location, occurred_at, seq, source, absorbed, is_verdict
FROM steps
WHERE on_hand = 0 AND committed = 0 AND reserved = 0 AND damaged = 0 AND quality_control = 0
  AND safety_stock = 0 AND incoming = 0 AND counted IS NULL AND uncounted IS NULL;

INSERT INTO trails
SELECT s.ledger, s.seq, s.sku, s.location, s.occurred_at, j.recorded_at,
       iif(row_number() OVER of_record = 1, coalesce(max(s.seq) OVER before, 0), NULL),
       s.source, s.on_hand, s.committed, s.reserved, s.damaged, s.quality_control, s.safety_stock,
       s.incoming, s.absorbed, s.counted, s.uncounted, s.is_verdict
FROM steps AS s
JOIN journal AS j ON j.ledger = s.ledger AND j.seq = s.seq
WHERE NOT (s.on_hand = 0 AND s.committed = 0 AND s.reserved = 0 AND s.damaged = 0
    AND s.quality_control = 0 AND s.safety_stock = 0 AND s.incoming = 0 AND s.counted IS NULL
    AND s.uncounted IS NULL)
WINDOW of_record AS (PARTITION BY s.ledger, s.sku, s.location, s.seq ORDER BY s.occurred_at),
       before AS (PARTITION BY s.ledger, s.sku, s.location ORDER BY s.seq
                  RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
ORDER BY s.ledger, s.seq;

UPDATE head SET ahead = coalesce(
    (SELECT max(0, max(t.occurred_at - t.recorded_at)) FROM trails AS t
     WHERE t.ledger = head.ledger), 0);

DROP TABLE steps;
