-- All that the queue and its groups are sorted, filtered and counted by: with ten thousand open no row is looked up for it.
CREATE INDEX escalations_queue ON escalations
    (grp, channel, urgency, claimed_by, waiting_since, due_at, reason, mood, language, resolved_at) WHERE resolved_at IS NULL;
