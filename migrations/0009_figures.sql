-- For the figures: what was resolved in a span of time, and what fell due in it.
CREATE INDEX escalations_resolved ON escalations (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX promises_due ON promises (due_at);
