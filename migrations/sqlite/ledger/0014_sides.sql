-- On which side of a count a movement lies, where a person has said so: of a count, what was said of
-- the movements around it, and how near was meant; of what takes a movement back, corrects it or says
-- where it lies, the record that had made it. A record may be about several of the same moment, so
-- that is part of the key, and both tables are made anew.

CREATE TEMPORARY TABLE about AS
SELECT j.ledger, j.seq, j.type, c.value->>'seq' AS of_seq
FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
WHERE j.type IN ('event.reversed', 'conflict.resolved')
  AND c.value->>'change' = 'reversed' AND c.value->>'by' IS NOT NULL
UNION ALL
SELECT j.ledger, j.seq, j.type, c.value->>'$.events[#-1].seq'
FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
WHERE j.type = 'conflict.resolved'
  AND c.value->>'change' = 'conflict' AND c.value->>'kind' = 'count_overlap'
  AND c.value->>'count' IS NOT NULL AND c.value->>'$.resolution.seq' = j.seq;

CREATE TEMPORARY TABLE places AS
SELECT ledger, seq, sku, location, occurred_at, is_verdict,
       on_hand <> 0 OR absorbed <> 0 OR countered <> 0 AS moves
FROM (
    SELECT ledger, seq, sku, location, occurred_at, is_verdict, on_hand, absorbed, countered
    FROM trails
    UNION ALL
    SELECT ledger, seq, sku, location, occurred_at, is_verdict, 0, absorbed, countered
    FROM mentions
)
WHERE (ledger, seq) IN (SELECT ledger, seq FROM about UNION SELECT ledger, of_seq FROM about);
CREATE INDEX temp.places_by_record ON places (ledger, seq);

-- A decision that puts one content in another's place has moved both in one row: that says nothing of
-- what it is about. Nor did a correction say what it corrects: those are left to their times.
CREATE TEMPORARY TABLE links AS
SELECT own.ledger, own.seq, own.sku, own.location, own.occurred_at, max(a.of_seq) AS of_seq
FROM about AS a
JOIN places AS own ON own.ledger = a.ledger AND own.seq = a.seq
JOIN places AS other ON other.ledger = a.ledger AND other.seq = a.of_seq AND other.sku = own.sku
                    AND other.location = own.location AND other.occurred_at = own.occurred_at
WHERE other.moves AND (a.type = 'event.reversed' OR own.is_verdict)
GROUP BY own.ledger, own.seq, own.sku, own.location, own.occurred_at;
CREATE UNIQUE INDEX temp.links_by_row ON links (ledger, seq, sku, location, occurred_at);

CREATE TEMPORARY TABLE overlaps AS
SELECT j.ledger, j.seq, c.value->>'sku' AS sku, c.value->>'location' AS location,
       c.value->>'overlap' AS overlap, coalesce(c.value->>'window_us', 10000000) AS window_us
FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
WHERE j.type = 'conflict.resolved'
  AND c.value->>'change' = 'counted' AND c.value->>'overlap' IS NOT NULL;
CREATE UNIQUE INDEX temp.overlaps_by_count ON overlaps (ledger, seq, sku, location);

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
    PRIMARY KEY (ledger, seq, sku, location, occurred_at, of_seq)
) STRICT, WITHOUT ROWID;

INSERT INTO trails
SELECT t.ledger, t.seq, t.sku, t.location, t.occurred_at, coalesce(l.of_seq, 0), t.recorded_at,
       t.previous, t.source, t.on_hand, t.committed, t.reserved, t.damaged, t.quality_control,
       t.safety_stock, t.incoming, t.absorbed, t.absorbed_damaged, t.absorbed_quality_control,
       t.countered, t.counted, iif(t.counted IS NULL, NULL, o.overlap),
       iif(t.counted IS NULL, NULL, o.window_us), t.uncounted, t.is_verdict
FROM old_trails AS t
LEFT JOIN links AS l ON l.ledger = t.ledger AND l.seq = t.seq AND l.sku = t.sku
                    AND l.location = t.location AND l.occurred_at = t.occurred_at
LEFT JOIN overlaps AS o ON o.ledger = t.ledger AND o.seq = t.seq AND o.sku = t.sku
                       AND o.location = t.location
ORDER BY t.ledger, t.seq;
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
    PRIMARY KEY (ledger, sku, location, occurred_at, seq, of_seq)
) STRICT, WITHOUT ROWID;

INSERT INTO mentions
SELECT m.ledger, m.sku, m.location, m.occurred_at, m.seq, coalesce(l.of_seq, 0), m.source,
       m.absorbed, m.absorbed_damaged, m.absorbed_quality_control, m.countered, m.is_verdict
FROM old_mentions AS m
LEFT JOIN links AS l ON l.ledger = m.ledger AND l.seq = m.seq AND l.sku = m.sku
                    AND l.location = m.location AND l.occurred_at = m.occurred_at;
DROP TABLE old_mentions;

DROP TABLE about;
DROP TABLE places;
DROP TABLE links;
DROP TABLE overlaps;
