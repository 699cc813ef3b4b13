-- By how much a state would have moved with on_hand, had a count not contained it: until that count,
-- this truly was. Units come and go in two states; `absorbed` itself is about on_hand.

ALTER TABLE trails ADD COLUMN absorbed_damaged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trails ADD COLUMN absorbed_quality_control INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mentions ADD COLUMN absorbed_damaged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mentions ADD COLUMN absorbed_quality_control INTEGER NOT NULL DEFAULT 0;

-- What records say of movements that never had an effect, each with its moment in microseconds. What
-- takes back one that had is no such thing.
CREATE TEMPORARY TABLE said AS
SELECT ledger, seq, change, sku, location, delta, state,
       unixepoch(substr(time, 1, 19)) * 1000000
           + CAST(substr(substr(rtrim(time, 'Z'), 21) || '000000', 1, 6) AS INTEGER) AS occurred_at
FROM (
    SELECT j.ledger, j.seq, c.value->>'change' AS change, c.value->>'sku' AS sku,
           c.value->>'location' AS location, c.value->>'delta' AS delta,
           c.value->>'state' AS state,
           coalesce(c.value->>'$.fact.time', c.value->>'$.movement.time',
                    CAST(j.record AS TEXT)->>'$.fact.time',
                    CAST(j.record AS TEXT)->>'$.envelope.time') AS time
    FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
    WHERE c.value->>'change' = 'withdrawn'
       OR (c.value->>'change' = 'absorbed' AND c.value->'fact' IS NULL
           AND j.type <> 'event.reversed')
);
CREATE INDEX temp.said_by_record ON said (ledger, seq);

-- A record that takes such movements back, or lets them stand again, did not say of what state they
-- were. It names the records that hold them, all of which it takes back.
CREATE TEMPORARY TABLE contained AS
SELECT ledger, seq, sku, location, occurred_at, sum(iif(state = 'damaged', delta, 0)) AS damaged,
       sum(iif(state = 'quality_control', delta, 0)) AS quality_control
FROM (
    SELECT ledger, seq, sku, location, occurred_at, state, delta
    FROM said
    WHERE change = 'absorbed'
    UNION ALL
    SELECT w.ledger, w.seq, w.sku, w.location, w.occurred_at, a.state,
           iif(c.value->'by' IS NULL, a.delta, -a.delta)
    FROM (
        SELECT DISTINCT ledger, seq, sku, location, occurred_at FROM said WHERE change = 'withdrawn'
    ) AS w
    JOIN journal AS j ON j.ledger = w.ledger AND j.seq = w.seq
    JOIN json_each(CAST(j.record AS TEXT), '$.changes') AS c ON c.value->>'change' = 'reversed'
    JOIN said AS a ON a.ledger = w.ledger AND a.seq = c.value->>'seq' AND a.sku = w.sku
                  AND a.location = w.location AND a.occurred_at = w.occurred_at
                  AND a.change = 'absorbed'
)
WHERE state IS NOT NULL
GROUP BY ledger, seq, sku, location, occurred_at;

UPDATE trails SET absorbed_damaged = c.damaged, absorbed_quality_control = c.quality_control
FROM contained AS c
WHERE trails.ledger = c.ledger AND trails.seq = c.seq AND trails.sku = c.sku
  AND trails.location = c.location AND trails.occurred_at = c.occurred_at;

UPDATE mentions SET absorbed_damaged = c.damaged, absorbed_quality_control = c.quality_control
FROM contained AS c
WHERE mentions.ledger = c.ledger AND mentions.seq = c.seq AND mentions.sku = c.sku
  AND mentions.location = c.location AND mentions.occurred_at = c.occurred_at;

DROP TABLE contained;
DROP TABLE said;
