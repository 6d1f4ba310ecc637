-- Staff who answer where they already are: a chat of theirs, in which each escalation has a thread.

-- The staff's place on a channel, and how far it was told: the audit trail is the queue.
CREATE TABLE staff_places (
    channel TEXT    PRIMARY KEY,
    -- the platform's name of it: another place begins anew
    place   TEXT    NOT NULL,
    -- the last row of the audit trail that it was told of, or need not hear of
    audit   INTEGER NOT NULL,
    -- how many of the posts that tell of the next row have arrived
    posts   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_threads (
    channel    TEXT    NOT NULL,
    escalation INTEGER NOT NULL REFERENCES escalations (id) ON DELETE CASCADE,
    -- the platform's name of it; NULL: to be opened
    thread     TEXT,
    -- how many of the posts that open it have arrived
    posts      INTEGER NOT NULL DEFAULT 0,
    -- the last row of the audit trail that those tell of; NULL: they have not all arrived
    told       INTEGER,
    PRIMARY KEY (channel, escalation)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX staff_threads_thread ON staff_threads (channel, thread);
CREATE INDEX staff_threads_escalation ON staff_threads (escalation);

-- Threads of escalations that were erased: they hold the customer's words and are to be deleted on the platform.
CREATE TABLE staff_erased (
    channel TEXT NOT NULL,
    thread  TEXT NOT NULL,
    PRIMARY KEY (channel, thread)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER staff_thread_erased BEFORE DELETE ON escalations BEGIN
    INSERT OR IGNORE INTO staff_erased (channel, thread)
        SELECT channel, thread FROM staff_threads WHERE escalation = OLD.id AND thread IS NOT NULL;
END;

-- What staff wrote in threads, without the words: a second delivery changes nothing, and each is answered.
CREATE TABLE staff_messages (
    channel    TEXT    NOT NULL,
    -- the platform's own id
    message_id TEXT    NOT NULL,
    thread     TEXT    NOT NULL,
    -- the row of the audit trail that it led to: the thread shows it already
    audit      INTEGER REFERENCES audit (id),
    -- what became of it, JSON
    outcome    TEXT    NOT NULL,
    answered   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_messages_audit ON staff_messages (audit) WHERE audit IS NOT NULL;
CREATE INDEX staff_messages_open ON staff_messages (channel) WHERE answered = 0;

-- The row of the audit trail that came with a note.
ALTER TABLE notes ADD COLUMN audit INTEGER REFERENCES audit (id);
-- What is about an escalation, in order, without the many rows that are not.
CREATE INDEX IF NOT EXISTS audit_escalated ON audit (id) WHERE escalation IS NOT NULL;
