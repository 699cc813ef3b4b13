-- What takes back a movement within a count moved nothing, but it did as far as a later count is
-- concerned. It has a column of its own: `absorbed` is what no count ever adds up. Until now the type
-- of the record told them apart, which left out decisions that put one content in another's place.

ALTER TABLE trails ADD COLUMN countered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mentions ADD COLUMN countered INTEGER NOT NULL DEFAULT 0;

CREATE TEMPORARY TABLE countering AS
SELECT ledger, seq FROM journal WHERE type = 'event.reversed'
UNION ALL
SELECT ledger, seq FROM journal AS j
WHERE type = 'conflict.resolved' AND EXISTS (
    SELECT 1 FROM json_each(CAST(j.record AS TEXT), '$.changes') AS c
    WHERE c.value->>'change' = 'absorbed' AND c.value->'fact' IS NOT NULL
);

UPDATE trails SET countered = absorbed, absorbed = 0
WHERE absorbed <> 0 AND (ledger, seq) IN (SELECT ledger, seq FROM countering);

UPDATE mentions SET countered = absorbed, absorbed = 0
WHERE absorbed <> 0 AND (ledger, seq) IN (SELECT ledger, seq FROM countering);

DROP TABLE countering;
