-- revision: 001
-- parents: none

-- migrate: up sqlite
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL, written_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);

-- migrate: up postgres
CREATE TABLE notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);

-- migrate: down
DROP TABLE notes;
