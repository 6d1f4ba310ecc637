-- Messages that their customers edit, and words of others that they bring along.

-- Of a new wording: the platform's id of the message as it was written first.
ALTER TABLE inbox ADD COLUMN edits TEXT;
-- Which wording it is: later ones are higher, 0 is the first. Of all wordings of a message the one with the highest counts.
ALTER TABLE inbox ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
-- Whose words came along, JSON; NULL: nobody's.
ALTER TABLE inbox ADD COLUMN quoted TEXT;
