ALTER TABLE notes ADD COLUMN written_at TEXT;

CREATE INDEX notes_by_time ON notes (written_at);
