-- revision: 003
-- parents: 002

-- migrate: up
UPDATE users SET name = 'somebody';

-- migrate: irreversible the names are gone
