-- revision: 001
-- parents: none

-- migrate: up
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, placed_at timestamptz NOT NULL DEFAULT now());

-- migrate: down
DROP TABLE orders;
