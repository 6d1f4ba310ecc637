-- Promises to customers, and what the clocks need to know of escalations.

-- What was said to a customer with a time to it. Words of agents and of the admins' files; never of a customer.
CREATE TABLE promises (
    -- never used twice: people name a promise by it
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- the escalation in which an agent made it; NULL: the bot made it with an answer
    escalation   INTEGER REFERENCES escalations (id) ON DELETE CASCADE,
    -- the agent who keeps it; NULL: the bot
    owner        TEXT,
    -- of the bot: the intent whose answer is said anew when it falls due
    intent       TEXT,
    words        TEXT    NOT NULL,
    made_at      INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    -- when the clocks look at it next: to remind the owner, then when it is due; NULL: they are done with it
    look_at      INTEGER,
    reminded_at  INTEGER,
    -- when the customer was told that it is not kept yet
    told_at      INTEGER,
    -- when somebody said what became of it
    settled_at   INTEGER,
    -- kept, broken (not kept by its time), withdrawn; NULL: open
    outcome      TEXT    CHECK (outcome IN ('kept', 'broken', 'withdrawn'))
) STRICT;
CREATE INDEX promises_conversation ON promises (conversation);
CREATE INDEX promises_escalation ON promises (escalation) WHERE escalation IS NOT NULL;
CREATE INDEX promises_look ON promises (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX promises_open ON promises (due_at) WHERE settled_at IS NULL;

-- When the clocks look next whether the customer has heard from a person; NULL: they do not.
ALTER TABLE escalations ADD COLUMN look_at INTEGER;
-- How often the customer was told that they still wait.
ALTER TABLE escalations ADD COLUMN still_waiting INTEGER NOT NULL DEFAULT 0;
-- When the customer was last told that an agent is with them.
ALTER TABLE escalations ADD COLUMN joined_at INTEGER;
CREATE INDEX escalations_look ON escalations (look_at) WHERE look_at IS NOT NULL;
-- Claims whose customer waits, by the time since when.
CREATE INDEX escalations_claims ON escalations (max(claimed_at, waiting_since))
    WHERE claimed_by IS NOT NULL AND waiting_since IS NOT NULL AND resolved_at IS NULL;
-- What agents did lately.
CREATE INDEX audit_agents ON audit (at) WHERE agent IS NOT NULL;
