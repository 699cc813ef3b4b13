-- What takes something back may at one moment counter a movement that a count contains, and at another,
-- or of another level, end or let stand what never had an effect. 0009 took all that such a record had
-- absorbed for the former. What it has not countered at a level and a moment it has absorbed there. A
-- level and moment that has several rows has been written since, and is right.

CREATE TEMPORARY TABLE countering AS
SELECT ledger, seq, sku, location,
       unixepoch(substr(time, 1, 19)) * 1000000
           + CAST(substr(substr(rtrim(time, 'Z'), 21) || '000000', 1, 6) AS INTEGER) AS occurred_at,
       sum(delta) AS countered
FROM (
    SELECT j.ledger, j.seq, c.value->>'sku' AS sku, c.value->>'location' AS location,
           c.value->>'delta' AS delta,
           coalesce(c.value->>'$.fact.time', c.value->>'$.movement.time',
                    CAST(j.record AS TEXT)->>'$.fact.time',
                    CAST(j.record AS TEXT)->>'$.envelope.time') AS time
    FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
    WHERE j.type IN ('event.reversed', 'conflict.resolved') AND c.value->>'change' = 'absorbed'
      AND (j.type = 'event.reversed' OR c.value->>'fact' IS NOT NULL)
)
GROUP BY ledger, seq, sku, location, occurred_at;
CREATE UNIQUE INDEX temp.countering_by_row ON countering (ledger, seq, sku, location, occurred_at);

CREATE TEMPORARY TABLE found AS
SELECT r.ledger, r.seq, r.sku, r.location, r.occurred_at,
       coalesce(max(c.countered), 0) AS countered
FROM (
    SELECT ledger, seq, sku, location, occurred_at, countered FROM trails
    UNION ALL
    SELECT ledger, seq, sku, location, occurred_at, countered FROM mentions
) AS r
JOIN journal AS j ON j.ledger = r.ledger AND j.seq = r.seq
LEFT JOIN countering AS c ON c.ledger = r.ledger AND c.seq = r.seq AND c.sku = r.sku
                         AND c.location = r.location AND c.occurred_at = r.occurred_at
WHERE j.type IN ('event.reversed', 'conflict.resolved')
GROUP BY r.ledger, r.seq, r.sku, r.location, r.occurred_at
HAVING count(*) = 1 AND max(r.countered <> 0);
CREATE UNIQUE INDEX temp.found_by_row ON found (ledger, seq, sku, location, occurred_at);

UPDATE trails SET absorbed = trails.absorbed + trails.countered - f.countered, countered = f.countered
FROM found AS f
WHERE trails.ledger = f.ledger AND trails.seq = f.seq AND trails.sku = f.sku
  AND trails.location = f.location AND trails.occurred_at = f.occurred_at;

UPDATE mentions
SET absorbed = mentions.absorbed + mentions.countered - f.countered, countered = f.countered
FROM found AS f
WHERE mentions.ledger = f.ledger AND mentions.seq = f.seq AND mentions.sku = f.sku
  AND mentions.location = f.location AND mentions.occurred_at = f.occurred_at;

DROP TABLE found;
DROP TABLE countering;
