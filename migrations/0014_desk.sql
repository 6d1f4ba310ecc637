-- How a promise was settled that had been broken before: kept late, or not needed any more. NULL: it is open, or was settled before this was kept.
ALTER TABLE promises ADD COLUMN settled_as TEXT CHECK (settled_as IN ('kept', 'withdrawn'));

-- Browsers in which somebody signed in before. One that shows its token is not kept out because strangers guess at the same name; it gives no way in.
CREATE TABLE devices (
    -- SHA-256 of the browser's token, in hexadecimal
    token   TEXT    NOT NULL,
    user    INTEGER NOT NULL REFERENCES users (id),
    -- when somebody last signed in there
    used_at INTEGER NOT NULL,
    PRIMARY KEY (token, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_user ON devices (user, used_at);
