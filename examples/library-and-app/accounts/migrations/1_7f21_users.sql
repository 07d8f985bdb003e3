-- revision: 7f21
-- parents: none
-- title: users

-- migrate: up
CREATE TABLE account_users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

-- migrate: down
DROP TABLE account_users;
