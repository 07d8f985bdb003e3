-- revision: names_index
-- parents: users
-- labels: search

-- migrate: up
CREATE INDEX users_name ON users (name);

-- migrate: down
DROP INDEX users_name;
