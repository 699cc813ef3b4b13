-- Records that are about an item and touched no level of it: their event names it, or a conflict that
-- they open, change or close is about it. What touched a level is found along its trail and among the
-- mentions, so a plain movement has no row here.

CREATE TABLE named (
    ledger INTEGER NOT NULL,
    sku    TEXT    NOT NULL,               -- as the event writes it, an alias too
    seq    INTEGER NOT NULL,
    PRIMARY KEY (ledger, sku, seq)
) STRICT, WITHOUT ROWID;

-- Whatever an event calls `sku` is one.
INSERT INTO named
SELECT found.ledger, found.sku, found.seq
FROM (
    SELECT j.ledger, d.atom AS sku, j.seq
    FROM journal AS j, json_tree(CAST(j.record AS TEXT), '$.envelope.data') AS d
    WHERE d.key = 'sku' AND d.type = 'text'
    UNION ALL
    SELECT j.ledger, c.value->>'sku', j.seq
    FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
    WHERE c.value->>'change' = 'conflict' AND c.value->>'sku' IS NOT NULL
) AS found
WHERE NOT EXISTS (
    SELECT 1 FROM trails AS t
    WHERE t.ledger = found.ledger AND t.seq = found.seq AND t.sku = found.sku
)
AND (found.ledger, found.sku, found.seq) NOT IN (SELECT ledger, sku, seq FROM mentions)
ON CONFLICT DO NOTHING;
