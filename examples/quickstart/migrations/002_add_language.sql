-- revision: 002
-- parents: 001
-- title: add language

-- migrate: up
ALTER TABLE greetings ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
CREATE INDEX greetings_language ON greetings (language);

-- migrate: down
DROP INDEX greetings_language;
ALTER TABLE greetings DROP COLUMN language;
