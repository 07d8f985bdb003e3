-- revision: invoices
-- parents: users
-- labels: billing

-- migrate: up
CREATE TABLE invoices (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), cents INTEGER NOT NULL);

-- migrate: down
DROP TABLE invoices;
