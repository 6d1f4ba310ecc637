-- Evenkeel's store, first version.
--
-- Times are microseconds since 1970 in UTC; ids are UUIDs as text, so that an operator can read them and paste them from
-- the log. `sqlite3 evenkeel.db "SELECT *, datetime(at / 1000000, 'unixepoch') FROM audit"` shows them for people.

-- One counter for the whole store. It is taken by each incoming line when it is received and by each outgoing line when it
-- is recorded as sent: the order of the cursors is the order in which lines became visible.
CREATE TABLE counter (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    cursor INTEGER NOT NULL
) STRICT;
INSERT INTO counter (one, cursor) VALUES (1, 0);

-- A person, as a channel names them.
CREATE TABLE contacts (
    id       INTEGER PRIMARY KEY,
    channel  TEXT    NOT NULL,
    contact  TEXT    NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    UNIQUE (channel, contact)
) STRICT;

-- One place on one channel.
CREATE TABLE conversations (
    id        TEXT    PRIMARY KEY,
    channel   TEXT    NOT NULL,
    place     TEXT    NOT NULL,
    public    INTEGER NOT NULL,
    -- counts the recorded changes: who writes on an older version is refused
    version   INTEGER NOT NULL DEFAULT 0,
    -- what the responder remembers, JSON
    memory    TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    UNIQUE (channel, place)
) STRICT;

-- Who decided what, when, and with which knowledge. Holds no words of a customer.
CREATE TABLE audit (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    -- turn, reply, resolve, undelivered, erase
    kind         TEXT    NOT NULL,
    -- NULL after an erasure
    conversation TEXT    REFERENCES conversations (id),
    -- of turns: answer, clarify, escalate, acknowledge, silent
    decision     TEXT,
    -- why a person takes over, such as `wish` or `danger:gas`
    reason       TEXT,
    -- of turns: what was answered or offered, JSON
    intents      TEXT,
    -- of turns: what was understood, JSON; NULL after an erasure
    readings     TEXT,
    -- of turns: the version of the knowledge
    knowledge    TEXT,
    -- the number of the escalation that it opened, raised or worked on
    escalation   INTEGER,
    -- the agent, where one acted
    agent        TEXT
) STRICT;
CREATE INDEX audit_conversation ON audit (conversation);

-- What customers wrote.
CREATE TABLE inbox (
    cursor       INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    channel      TEXT    NOT NULL,
    -- the platform's own id: a second delivery is the same message
    message_id   TEXT    NOT NULL,
    conversation TEXT    NOT NULL REFERENCES conversations (id),
    contact      INTEGER NOT NULL REFERENCES contacts (id),
    public       INTEGER NOT NULL,
    text         TEXT    NOT NULL,
    -- the id of the choice that was tapped
    choice       TEXT,
    -- JSON
    attachments  TEXT    NOT NULL,
    received_at  INTEGER NOT NULL,
    -- the turn that settled it; NULL while it is pending
    audit        INTEGER REFERENCES audit (id),
    UNIQUE (channel, message_id)
) STRICT;
CREATE INDEX inbox_conversation ON inbox (conversation, cursor);
CREATE INDEX inbox_contact ON inbox (contact);
-- Everything that `due` asks for, of the pending rows only. The statements name it (INDEXED BY): without statistics SQLite
-- would rather walk through all that a conversation ever held.
CREATE INDEX inbox_pending ON inbox (conversation, received_at, choice) WHERE audit IS NULL;

-- What we say.
CREATE TABLE outbox (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    conversation TEXT    NOT NULL REFERENCES conversations (id),
    -- 1: part of a large mailing; every reply goes ahead of it
    bulk         INTEGER NOT NULL DEFAULT 0,
    -- the agent who wrote it; NULL: the bot
    agent        TEXT,
    -- Markdown
    text         TEXT    NOT NULL,
    short        TEXT,
    -- JSON
    choices      TEXT    NOT NULL,
    language     TEXT    NOT NULL,
    -- queued -> leased -> sent; or back to queued; or uncertain (may have arrived, is not sent again); or failed
    state        TEXT    NOT NULL DEFAULT 'queued'
                 CHECK (state IN ('queued', 'leased', 'sent', 'uncertain', 'failed')),
    queued_at    INTEGER NOT NULL,
    -- the store's counter when it was queued: where it stands among the lines while it is unsent
    queued_after INTEGER NOT NULL,
    next_try_at  INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER,
    -- the opened store (one for each process) that holds the lease
    leased_by    TEXT,
    -- the platform's id of what was sent
    platform_id  TEXT,
    -- what went wrong last
    error        TEXT,
    sent_at      INTEGER,
    -- taken from the counter when it was sent
    cursor       INTEGER UNIQUE,
    -- the turn or the agent's reply that wrote it
    audit        INTEGER REFERENCES audit (id)
) STRICT;
CREATE INDEX outbox_conversation ON outbox (conversation, cursor);
CREATE INDEX outbox_audit ON outbox (audit);
-- The queue in the order in which it is sent.
CREATE INDEX outbox_queue ON outbox (bulk, next_try_at, seq) WHERE state = 'queued';
-- Whether an earlier line of the conversation is still on its way.
CREATE INDEX outbox_unsent ON outbox (conversation, bulk, seq) WHERE state IN ('queued', 'leased');
-- For counting, and for finding leases after a crash.
CREATE INDEX outbox_state ON outbox (state) WHERE state <> 'sent';

-- Hand-overs to a person. A conversation has at most one that is open.
CREATE TABLE escalations (
    -- never used twice: people name an escalation by it
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT    NOT NULL REFERENCES conversations (id),
    -- such as `wish` or `danger:gas`
    reason       TEXT    NOT NULL,
    -- normal, high, danger
    urgency      TEXT    NOT NULL,
    -- what the customer probably wants, JSON
    intents      TEXT    NOT NULL,
    opened_at    INTEGER NOT NULL,
    claimed_by   TEXT,
    claimed_at   INTEGER,
    resolved_by  TEXT,
    resolved_at  INTEGER,
    note         TEXT
) STRICT;
CREATE UNIQUE INDEX escalations_open ON escalations (conversation) WHERE resolved_at IS NULL;
CREATE INDEX escalations_conversation ON escalations (conversation);
