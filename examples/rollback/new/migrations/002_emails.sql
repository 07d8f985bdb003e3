-- revision: 002
-- parents: 001

-- migrate: up
ALTER TABLE users ADD COLUMN email varchar(80);
UPDATE users SET email = 'unknown';

-- migrate: down
ALTER TABLE users DROP COLUMN email;
