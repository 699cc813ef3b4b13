CREATE TABLE transfers (
    ledger   INTEGER NOT NULL,
    transfer TEXT    NOT NULL,
    seq      INTEGER NOT NULL,             -- the last record that changed it
    doc      TEXT    NOT NULL,             -- the transfer (JSON)
    PRIMARY KEY (ledger, transfer)
) STRICT;

-- What a kit consists of (JSON); NULL for an item that holds stock itself.
ALTER TABLE items ADD COLUMN kit TEXT;
