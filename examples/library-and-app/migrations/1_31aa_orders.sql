-- revision: 31aa
-- parents: none
-- title: orders
-- depends-on: accounts@7f21

-- An order belongs to a user of the library `accounts`.

-- migrate: up
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    buyer INTEGER NOT NULL REFERENCES account_users (id)
);

-- migrate: down
DROP TABLE orders;
