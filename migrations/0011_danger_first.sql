-- Danger goes first, where messages are read and where replies are sent.

-- 1: its words hold a sign of danger.
ALTER TABLE inbox ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
DROP INDEX inbox_pending;
CREATE INDEX inbox_pending ON inbox (conversation, received_at, choice, urgent) WHERE audit IS NULL;

-- 1: it goes to somebody in danger.
ALTER TABLE outbox ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET urgent = 1 WHERE state = 'queued' AND conversation IN
    (SELECT conversation FROM escalations WHERE resolved_at IS NULL AND urgency = 'danger');
-- 1: leased, and its platform may have it. A lease that has not come that far can be given back after a crash.
ALTER TABLE outbox ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET begun = 1 WHERE state = 'leased' AND channel <> 'web';
-- One loop sends for a channel: what is leased when it begins was left by one that is gone.
ALTER TABLE outbox DROP COLUMN leased_until;
ALTER TABLE outbox DROP COLUMN leased_by;
DROP INDEX outbox_queue;
CREATE INDEX outbox_queue ON outbox (channel, urgent DESC, bulk, next_try_at, seq) WHERE state = 'queued';
