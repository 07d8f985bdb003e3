-- revision: V1
-- parents: none
-- title: create notes

-- refinery: V1__create_notes

-- migrate: up
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL
);
-- migrate: irreversible refinery has no down
