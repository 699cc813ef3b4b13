-- What it takes to take an event back: which record holds its effects, and which one has taken them
-- back; and of a level's count, what rests on it.

ALTER TABLE journal ADD COLUMN final_seq INTEGER;    -- the record that led to final_outcome
ALTER TABLE journal ADD COLUMN reversed_by INTEGER;  -- the record that took its effects back

-- What a person has said of the movements near the newest accepted count: counted or difference.
ALTER TABLE levels ADD COLUMN counted_overlap TEXT;
-- 1: a movement was left without effect since because that count contains it.
ALTER TABLE levels ADD COLUMN counted_relied_on INTEGER NOT NULL DEFAULT 0;

UPDATE journal SET final_seq = decided.seq
FROM (
    SELECT j.ledger, c.value->>'seq' AS target, max(j.seq) AS seq
    FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
    WHERE j.type IN ('event.released', 'conflict.resolved') AND c.value->>'change' = 'final'
    GROUP BY j.ledger, target
) AS decided
WHERE journal.ledger = decided.ledger AND journal.seq = decided.target;

UPDATE levels SET counted_relied_on = 1
FROM (
    SELECT j.ledger, c.value->>'sku' AS sku, c.value->>'location' AS location, max(j.seq) AS seq
    FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
    WHERE c.value->>'change' = 'absorbed'
    GROUP BY j.ledger, sku, location
) AS absorbed
WHERE levels.ledger = absorbed.ledger AND levels.sku = absorbed.sku
  AND levels.location = absorbed.location AND levels.counted_seq < absorbed.seq;
