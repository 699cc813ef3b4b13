-- Reservations, and timers: what comes about by the passing of time alone. Times of these are
-- microseconds for which the ledger has been served.

CREATE TABLE reservations (
    ledger      INTEGER NOT NULL,
    reservation TEXT    NOT NULL,
    seq         INTEGER NOT NULL,          -- the last record that changed it
    doc         TEXT    NOT NULL,          -- the reservation (JSON)
    PRIMARY KEY (ledger, reservation)
) STRICT;

CREATE TABLE timers (
    ledger INTEGER NOT NULL,
    what   TEXT    NOT NULL,               -- which (JSON)
    at     INTEGER NOT NULL,               -- when it is due
    PRIMARY KEY (ledger, what)
) STRICT, WITHOUT ROWID;

-- How long the ledger had been served at the last record for which timers ran.
ALTER TABLE head ADD COLUMN uptime INTEGER NOT NULL DEFAULT 0;
