-- revision: 9c04
-- parents: 7f21
-- title: emails

-- migrate: up
ALTER TABLE account_users ADD COLUMN email TEXT;

-- migrate: down
ALTER TABLE account_users DROP COLUMN email;
