-- revision: 002
-- parents: 001

-- migrate: up
CREATE INDEX notes_written_at ON notes (written_at);

-- migrate: down
DROP INDEX notes_written_at;
