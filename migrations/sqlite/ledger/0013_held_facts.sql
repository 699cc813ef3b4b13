-- Business facts that are held back: their events wait, or a person is asked about them. In ledgers of
-- before, what is held back already has no row here: a copy of it waits beside it, and is found to be
-- one when the first takes effect.

CREATE TABLE held_facts (
    ledger INTEGER NOT NULL,
    seq    INTEGER NOT NULL,               -- the event's place in the journal
    doc    TEXT    NOT NULL,
    PRIMARY KEY (ledger, seq)
) STRICT, WITHOUT ROWID;
