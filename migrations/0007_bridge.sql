-- Bridges to other helpdesks.

-- How far each webhook's receiver has been told: the last row of the audit trail that it has accepted, or need not hear of. The audit
-- trail itself is the queue.
CREATE TABLE webhook_cursors (
    hook  TEXT    PRIMARY KEY,
    audit INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is about an escalation, in order, without the many rows that are not.
CREATE INDEX audit_escalated ON audit (id) WHERE escalation IS NOT NULL;

-- Who may use the API.
CREATE TABLE api_tokens (
    name       TEXT    PRIMARY KEY,
    -- of the token itself, which is not kept
    hash       TEXT    NOT NULL UNIQUE,
    made_at    INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
