-- The control database: who may do what, what was refused, and which shops there are.
-- Times are microseconds since 1970-01-01T00:00:00Z. Hashes are SHA-256, 32 bytes.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    -- Lower case, without spaces around it.
    email         TEXT NOT NULL UNIQUE,
    -- PHC string of argon2id.
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL
                  CHECK (role IN ('viewer', 'warehouse', 'operator', 'manager', 'admin')),
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at    INTEGER NOT NULL
) STRICT;

-- A session has no role of its own: it is the user's, at each check.
CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL
                 CHECK (role IN ('viewer', 'warehouse', 'operator', 'manager', 'admin')),
    token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    -- The first characters, by which people recognise a token.
    prefix       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE TABLE audit_log (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    target  TEXT NOT NULL,
    detail  TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'failed', 'refused')),
    -- How often the same was refused within the moment that one row stands for.
    count   INTEGER NOT NULL DEFAULT 1 CHECK (count > 0)
) STRICT;

CREATE INDEX audit_log_by_actor ON audit_log (actor, id);

CREATE TABLE channels (
    channel    TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    mode       TEXT NOT NULL CHECK (mode IN ('live', 'shadow', 'paused')),
    settings   TEXT NOT NULL CHECK (json_valid(settings)),
    secrets    TEXT NOT NULL CHECK (json_valid(secrets)),
    policy     TEXT NOT NULL CHECK (json_valid(policy)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE listings (
    channel    TEXT NOT NULL REFERENCES channels (channel) ON DELETE CASCADE,
    listing    TEXT NOT NULL,
    sku        TEXT NOT NULL,
    external   TEXT NOT NULL CHECK (json_valid(external)),
    -- NULL: the channel's policy alone.
    policy     TEXT CHECK (policy IS NULL OR json_valid(policy)),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (channel, listing)
) STRICT, WITHOUT ROWID;

CREATE INDEX listings_by_sku ON listings (sku);

-- What a channel acknowledged. What it should show is in the ledger.
CREATE TABLE publications (
    channel          TEXT NOT NULL,
    listing          TEXT NOT NULL,
    acknowledged     INTEGER,
    acknowledged_seq INTEGER,
    attempts         INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Why it is not tried again; NULL while it is.
    parked_reason    TEXT,
    updated_at       INTEGER NOT NULL,
    PRIMARY KEY (channel, listing),
    FOREIGN KEY (channel, listing) REFERENCES listings (channel, listing) ON DELETE CASCADE,
    CHECK ((acknowledged IS NULL) = (acknowledged_seq IS NULL))
) STRICT, WITHOUT ROWID;
