-- Who signs in at the desk.

-- An agent, supervisor or admin. Rows are never deleted: names stand in the audit trail and in conversations.
CREATE TABLE users (
    id          INTEGER PRIMARY KEY,
    -- what they sign in with, and what customers read
    name        TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    -- the name as it is compared: two names that look alike in another spelling are one
    key         TEXT    NOT NULL UNIQUE,
    role        TEXT    NOT NULL CHECK (role IN ('agent', 'supervisor', 'admin')),
    -- the argon2id hash, as a PHC string
    password    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

-- Browsers that are signed in.
CREATE TABLE sessions (
    -- SHA-256 of the browser's token, in hexadecimal: the store gives nobody a way in
    token     TEXT    PRIMARY KEY,
    user      INTEGER NOT NULL REFERENCES users (id),
    opened_at INTEGER NOT NULL,
    -- when it was last used, to the minute
    seen_at   INTEGER NOT NULL,
    -- when it ends however much it is used
    ends_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user);

-- Links with which somebody sets a password: a new user's first, or another one for a user who lost theirs.
CREATE TABLE invitations (
    id         INTEGER PRIMARY KEY,
    -- SHA-256 of the link's token, in hexadecimal
    token      TEXT    NOT NULL UNIQUE,
    -- NULL: the first admin, who chooses their name
    name       TEXT,
    role       TEXT    NOT NULL CHECK (role IN ('agent', 'supervisor', 'admin')),
    -- whose password it sets anew; NULL: it makes a user
    user       INTEGER REFERENCES users (id),
    -- NULL: from the command line, or at the first start
    invited_by TEXT,
    made_at    INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

-- Of rows about accounts: whom it is about, and what it was, such as a role.
ALTER TABLE audit ADD COLUMN subject TEXT;
ALTER TABLE audit ADD COLUMN detail TEXT;
-- What people did, without the turns, which are most of the rows.
CREATE INDEX audit_people ON audit (id, kind, agent, subject) WHERE kind <> 'turn';
