-- How long the ledger has been served when that was last looked at. The journal says it too, but only
-- where something was timed: after a restart, timers go on from the larger of both.

CREATE TABLE served (
    ledger INTEGER PRIMARY KEY,
    uptime INTEGER NOT NULL                -- microseconds
);
