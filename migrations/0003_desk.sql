-- The desk: what the queue is sorted and filtered by, and what agents write for each other.

ALTER TABLE escalations ADD COLUMN channel TEXT NOT NULL DEFAULT '';
UPDATE escalations SET channel = (SELECT channel FROM conversations c WHERE c.id = escalations.conversation);
-- The turn that opened it, or raised it last: its messages are the words that it is about. NULL: nobody wrote (`undelivered`).
ALTER TABLE escalations ADD COLUMN turn INTEGER REFERENCES audit (id);
UPDATE escalations SET turn = (SELECT MAX(a.id) FROM audit a WHERE a.escalation = escalations.id AND a.kind = 'turn');
-- The customer's, in that turn.
ALTER TABLE escalations ADD COLUMN language TEXT;
ALTER TABLE escalations ADD COLUMN mood TEXT;
-- By when the customer was promised to hear from a person; NULL: no time was named.
ALTER TABLE escalations ADD COLUMN due_at INTEGER;
-- Since when the customer waits for an agent's words; NULL: an agent wrote last.
ALTER TABLE escalations ADD COLUMN waiting_since INTEGER;
UPDATE escalations SET waiting_since = opened_at WHERE claimed_by IS NULL AND resolved_at IS NULL;
-- How often a claim went back to the queue because its agent left the customer waiting, and who it was last.
ALTER TABLE escalations ADD COLUMN lapses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE escalations ADD COLUMN lapsed_from TEXT;

-- What the figures count: the decisions of a span of time.
CREATE INDEX audit_time ON audit (at);
CREATE INDEX escalations_time ON escalations (opened_at);
CREATE INDEX audit_escalation ON audit (escalation) WHERE escalation IS NOT NULL;

-- What agents write about an escalation for each other; customers never see it.
CREATE TABLE notes (
    id         INTEGER PRIMARY KEY,
    escalation INTEGER NOT NULL REFERENCES escalations (id) ON DELETE CASCADE,
    -- NULL: the service wrote it
    agent      TEXT,
    text       TEXT    NOT NULL,
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_escalation ON notes (escalation);
INSERT INTO notes (escalation, agent, text, at)
    SELECT id, resolved_by, note, ifnull(resolved_at, opened_at) FROM escalations WHERE note IS NOT NULL;
ALTER TABLE escalations DROP COLUMN note;

-- Replies that are not sent: still being written, or refused because somebody else was faster.
CREATE TABLE drafts (
    escalation INTEGER NOT NULL REFERENCES escalations (id) ON DELETE CASCADE,
    agent      TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (escalation, agent)
) STRICT, WITHOUT ROWID;
