-- The ledger: the journal, and the state that its records have led to. Written by the processor
-- alone, one transaction a batch. Times are microseconds since 1970 UTC.

CREATE TABLE head (
    ledger      INTEGER PRIMARY KEY,
    seq         INTEGER NOT NULL,          -- the last record's place
    recorded_at INTEGER NOT NULL,
    chain       BLOB    NOT NULL,          -- the hash over all records
    conflicts   INTEGER NOT NULL           -- the number of the last conflict opened
) STRICT;

CREATE TABLE journal (
    ledger        INTEGER NOT NULL,
    seq           INTEGER NOT NULL,        -- gapless from 1
    recorded_at   INTEGER NOT NULL,
    source        TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    type          TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    final_outcome TEXT,                    -- what became later of an event that had waited
    order_id      TEXT,
    fingerprint   BLOB    NOT NULL,
    chain         BLOB    NOT NULL,        -- the hash over all records up to this one
    record        BLOB    NOT NULL,        -- the record in its stored form (versioned JSON)
    PRIMARY KEY (ledger, seq)
) STRICT;

-- The idempotency key. Not unique: another content under the same name is recorded as a conflict.
CREATE INDEX journal_by_name ON journal (ledger, source, id);
CREATE INDEX journal_by_order ON journal (ledger, order_id, seq) WHERE order_id IS NOT NULL;

-- Every level that a record touches, in the order of the facts: what counts are measured against,
-- and the history of a SKU.
CREATE TABLE movements (
    ledger      INTEGER NOT NULL,
    sku         TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    occurred_at INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    delta       INTEGER NOT NULL,          -- of on_hand; 0 where only other states moved, or none
    on_hand     INTEGER,                   -- afterwards; NULL where it did not move
    is_count    INTEGER NOT NULL,          -- 1: a new starting point, not a movement
    PRIMARY KEY (ledger, sku, location, occurred_at, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE levels (
    ledger          INTEGER NOT NULL,
    sku             TEXT    NOT NULL,
    location        TEXT    NOT NULL,
    on_hand         INTEGER NOT NULL,
    committed       INTEGER NOT NULL,
    reserved        INTEGER NOT NULL,
    damaged         INTEGER NOT NULL,
    quality_control INTEGER NOT NULL,
    safety_stock    INTEGER NOT NULL,
    incoming        INTEGER NOT NULL,
    available       INTEGER NOT NULL GENERATED ALWAYS AS
        (on_hand - committed - reserved - damaged - quality_control - safety_stock) VIRTUAL,
    version         INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    counted_at      INTEGER,               -- the newest accepted count
    counted_source  TEXT,
    counted_seq     INTEGER,
    oversold        INTEGER NOT NULL,      -- 0 no, -1 acknowledged, else the open conflict's number
    PRIMARY KEY (ledger, sku, location)
) STRICT, WITHOUT ROWID;

CREATE TABLE items (
    ledger    INTEGER NOT NULL,
    sku       TEXT    NOT NULL,
    number    INTEGER NOT NULL,            -- the order in which items became known
    name      TEXT,
    barcode   TEXT,
    low_stock INTEGER,
    PRIMARY KEY (ledger, sku)
) STRICT, WITHOUT ROWID;

CREATE TABLE locations (
    ledger   INTEGER NOT NULL,
    location TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    name     TEXT,
    rank     INTEGER,
    PRIMARY KEY (ledger, location)
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
    ledger INTEGER NOT NULL,
    kind   TEXT    NOT NULL,               -- 'sku' or 'location'
    name   TEXT    NOT NULL,
    target TEXT    NOT NULL,
    PRIMARY KEY (ledger, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    ledger   INTEGER NOT NULL,
    order_id TEXT    NOT NULL,
    seq      INTEGER NOT NULL,             -- the last record that changed it
    doc      TEXT    NOT NULL,             -- the order (JSON)
    PRIMARY KEY (ledger, order_id)
) STRICT;

CREATE TABLE conflicts (
    ledger   INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    status   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    sku      TEXT,
    doc      TEXT    NOT NULL,             -- the conflict (JSON)
    PRIMARY KEY (ledger, number)
) STRICT;

CREATE INDEX conflicts_by_status ON conflicts (ledger, status, number);
CREATE INDEX conflicts_by_sku ON conflicts (ledger, sku, number) WHERE sku IS NOT NULL;

-- Events that wait for a name or an order.
CREATE TABLE waiting (
    ledger INTEGER NOT NULL,
    wait   TEXT    NOT NULL,               -- what for (JSON)
    seq    INTEGER NOT NULL,
    PRIMARY KEY (ledger, wait, seq)
) STRICT, WITHOUT ROWID;

-- What has come while events still wait for it: they are decided again, in the order of the journal.
CREATE TABLE woken (
    ledger  INTEGER NOT NULL,
    wait    TEXT    NOT NULL,
    discard INTEGER NOT NULL,
    PRIMARY KEY (ledger, wait)
) STRICT, WITHOUT ROWID;
