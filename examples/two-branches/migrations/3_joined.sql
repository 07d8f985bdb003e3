-- revision: joined
-- parents: invoices, names_index
-- title: join billing and search

-- migrate: up
-- migrate: nothing

-- migrate: down
-- migrate: nothing
