-- The orders that a record is about beside the one in its row: a decision or a reversal may change
-- several, and be about one that it leaves as it was.

CREATE TABLE further_orders (
    ledger   INTEGER NOT NULL,
    order_id TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (ledger, order_id, seq)
) STRICT, WITHOUT ROWID;

-- Whose units a record has moved.
CREATE INDEX further_orders_by_record ON further_orders (ledger, seq);

INSERT INTO further_orders
SELECT found.ledger, found.order_id, found.seq
FROM (
    SELECT j.ledger, c.value->>'order' AS order_id, j.seq
    FROM journal AS j, json_each(CAST(j.record AS TEXT), '$.changes') AS c
    WHERE c.value->>'change' IN ('order', 'conflict')
    UNION
    SELECT ledger, CAST(record AS TEXT)->>'$.envelope.data.order', seq FROM journal
) AS found
JOIN journal AS j ON j.ledger = found.ledger AND j.seq = found.seq
WHERE found.order_id IS NOT NULL AND found.order_id IS NOT j.order_id;
