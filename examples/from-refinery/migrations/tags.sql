-- revision: tags
-- parents: V2
-- title: add tags

-- migrate: up
ALTER TABLE notes ADD COLUMN tags TEXT NOT NULL DEFAULT '';

-- migrate: down
ALTER TABLE notes DROP COLUMN tags;
