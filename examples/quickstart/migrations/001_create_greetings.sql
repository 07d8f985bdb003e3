-- revision: 001
-- parents: none
-- title: create greetings

-- migrate: up
CREATE TABLE greetings (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    greeted_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- migrate: down
DROP TABLE greetings;
