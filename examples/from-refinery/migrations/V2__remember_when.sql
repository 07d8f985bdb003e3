-- revision: V2
-- parents: V1
-- title: remember when

-- refinery: V2__remember_when

-- migrate: up
ALTER TABLE notes ADD COLUMN written_at TEXT;

CREATE INDEX notes_by_time ON notes (written_at);
-- migrate: irreversible refinery has no down
