-- A person's rights: what may not be deleted, and where words of theirs went besides.

-- Why nothing of this person may be deleted, such as a court's order; NULL: nothing keeps it.
ALTER TABLE contacts ADD COLUMN hold    TEXT;
-- NULL: from the command line
ALTER TABLE contacts ADD COLUMN held_by TEXT;
ALTER TABLE contacts ADD COLUMN held_at INTEGER;

-- How much one visitor wrote lately is counted without what they wrote before.
DROP INDEX inbox_contact;
CREATE INDEX inbox_contact ON inbox (contact, received_at);

-- Whose words may stand, without personal data, among the examples of an intent that was made from a group.
CREATE TABLE kept_examples (
    intent       TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    PRIMARY KEY (intent, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_examples_conversation ON kept_examples (conversation);

-- A group that is deleted is no longer looked for through all the others.
CREATE INDEX groups_merged ON groups (merged_into) WHERE merged_into IS NOT NULL;
-- Answers in a thread that is gone.
CREATE INDEX staff_messages_thread ON staff_messages (channel, thread);
