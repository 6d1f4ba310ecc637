-- Several platforms: each has a queue of its own, answers name what they answer, and customers may want to hear nothing more.

-- How an answer to this very message is addressed, in the platform's terms.
ALTER TABLE inbox ADD COLUMN reply_to TEXT;
-- When its customer deleted it on the platform.
ALTER TABLE inbox ADD COLUMN retracted_at INTEGER;
-- Finding a message again that its customer edits or deletes goes by (channel, message_id), which is unique.

-- The channel of the conversation, so that each channel's queue is found without the others'.
ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT '';
UPDATE outbox SET channel = (SELECT channel FROM conversations c WHERE c.id = outbox.conversation);
-- What it answers, in the platform's terms.
ALTER TABLE outbox ADD COLUMN reply_to TEXT;
-- How many of the pieces into which the channel cuts it have arrived.
ALTER TABLE outbox ADD COLUMN pieces INTEGER NOT NULL DEFAULT 0;
DROP INDEX outbox_queue;
CREATE INDEX outbox_queue ON outbox (channel, bulk, next_try_at, seq) WHERE state = 'queued';

-- Why nothing more is written there until the customer writes again: stopped (they asked for it), blocked.
ALTER TABLE conversations ADD COLUMN silenced TEXT;

-- What a channel writes down for itself, such as how far it has read.
CREATE TABLE channel_notes (
    channel TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (channel, key)
) STRICT;
