-- revision: 001
-- parents: none

-- migrate: up
CREATE TABLE visits (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    visited_at timestamptz NOT NULL DEFAULT now()
);

-- migrate: down
DROP TABLE visits;
