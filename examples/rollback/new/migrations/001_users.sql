-- revision: 001
-- parents: none

-- migrate: up
CREATE TABLE users (id integer PRIMARY KEY, name varchar(80) NOT NULL);

-- migrate: down
DROP TABLE users;
