-- Groups of escalations that ask the same.

-- Holds no words of customers: what a group is about is read from its members.
CREATE TABLE groups (
    -- never used twice: people name a group by it
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    opened_at    INTEGER NOT NULL,
    -- what an agent answered to all of them, Markdown; NULL: nothing yet
    answer       TEXT,
    answered_by  TEXT,
    answered_at  INTEGER,
    -- until when whoever joins is answered alike; NULL: nobody is
    answer_until INTEGER,
    -- what the choice under the answer is called that leads to a person
    person       TEXT,
    -- when it was merged into another one
    merged_at    INTEGER,
    merged_into  INTEGER REFERENCES groups (id)
) STRICT;
CREATE INDEX groups_answered ON groups (answer_until) WHERE answer_until IS NOT NULL;

-- Which group it is in.
ALTER TABLE escalations ADD COLUMN grp INTEGER REFERENCES groups (id);
-- The turn whose words were compared with the groups; another turn (it was raised) is looked at again.
ALTER TABLE escalations ADD COLUMN looked_at_turn INTEGER;
-- 1: an agent took it out of its group, so it is put into none.
ALTER TABLE escalations ADD COLUMN apart INTEGER NOT NULL DEFAULT 0;
CREATE INDEX escalations_group ON escalations (grp, id) WHERE grp IS NOT NULL;
CREATE INDEX escalations_unlooked ON escalations (id) WHERE resolved_at IS NULL AND apart = 0 AND turn IS NOT looked_at_turn;

-- The group whose answer it is.
ALTER TABLE outbox ADD COLUMN grp INTEGER REFERENCES groups (id);
CREATE INDEX outbox_group ON outbox (grp, conversation, state) WHERE grp IS NOT NULL;

-- The group that an agent answered, split or merged.
ALTER TABLE audit ADD COLUMN grp INTEGER;
