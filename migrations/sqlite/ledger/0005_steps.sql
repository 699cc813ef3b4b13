-- What each record did to each level, every number of it: what counts are measured against, what a
-- level was at any past moment, and why it is what it is. It takes the place of the movements,
-- which knew only on_hand.

CREATE TABLE steps (
    ledger          INTEGER NOT NULL,
    sku             TEXT    NOT NULL,
    location        TEXT    NOT NULL,
    occurred_at     INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
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
    is_verdict      INTEGER NOT NULL,      -- 1: only says on which side of a count a movement lies
    PRIMARY KEY (ledger, sku, location, occurred_at, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO steps
SELECT m.ledger, m.sku, m.location, m.occurred_at, m.seq, m.source,
       coalesce(sum(CASE e.value->>'state' WHEN 'on_hand' THEN e.value->>'delta' END), 0),
       coalesce(sum(CASE e.value->>'state' WHEN 'committed' THEN e.value->>'delta' END), 0),
       coalesce(sum(CASE e.value->>'state' WHEN 'reserved' THEN e.value->>'delta' END), 0),
       coalesce(sum(CASE e.value->>'state' WHEN 'damaged' THEN e.value->>'delta' END), 0),
       coalesce(sum(CASE e.value->>'state' WHEN 'quality_control' THEN e.value->>'delta' END), 0),
       coalesce(sum(CASE e.value->>'state' WHEN 'safety_stock' THEN e.value->>'delta' END), 0),
       coalesce(sum(CASE e.value->>'state' WHEN 'incoming' THEN e.value->>'delta' END), 0),
       (SELECT coalesce(sum(c.value->>'delta'), 0)
        FROM json_each(CAST(j.record AS TEXT), '$.changes') AS c
        WHERE c.value->>'change' = 'absorbed'
          AND c.value->>'sku' = m.sku AND c.value->>'location' = m.location),
       (SELECT c.value->>'counted' FROM json_each(CAST(j.record AS TEXT), '$.changes') AS c
        WHERE c.value->>'change' = 'counted'
          AND c.value->>'sku' = m.sku AND c.value->>'location' = m.location),
       m.is_count = 0 AND j.type = 'conflict.resolved'
         AND CAST(j.record AS TEXT)->>'$.envelope.data.option' IN ('keep_counted', 'keep_difference')
FROM movements AS m
JOIN journal AS j ON j.ledger = m.ledger AND j.seq = m.seq
LEFT JOIN json_each(CAST(j.record AS TEXT), '$.effects') AS e
    ON e.value->>'sku' = m.sku AND e.value->>'location' = m.location
GROUP BY m.ledger, m.sku, m.location, m.occurred_at, m.seq;

DROP TABLE movements;
