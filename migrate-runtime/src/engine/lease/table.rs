//! The lease as SQL: one row, taken by compare-and-set, with the server's clock.

use migrate_plan::Dialect;

use super::{Holding, LEASE};
use crate::history::{Author, Tables};
use crate::sql::literal;

/// The name of the one row.
const ROW: &str = "'run'";

/// The table of the lease beside one history.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Table<'t> {
    tables: &'t Tables,
    dialect: Dialect,
}

impl<'t> Table<'t> {
    pub(in super::super) fn new(tables: &'t Tables, dialect: Dialect) -> Self {
        Self { tables, dialect }
    }

    /// Creates what is missing, with a lease that nobody holds.
    pub(super) fn create(self) -> String {
        let table = self.tables.lease();
        let (name, text, stamp, options) = match self.dialect {
            Dialect::Postgres => ("varchar(64)", "text", "timestamptz", ""),
            _ => (
                "varchar(64)",
                "varchar(255)",
                "datetime(6)",
                " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
            ),
        };
        let insert = match self.dialect {
            Dialect::Postgres => ("INSERT", " ON CONFLICT DO NOTHING"),
            _ => ("INSERT IGNORE", ""),
        };
        format!(
            "{schema}CREATE TABLE IF NOT EXISTS {table} (\n\
             name {name} NOT NULL PRIMARY KEY, owner {text} NOT NULL, token bigint NOT NULL, backend {text} NOT NULL,\n\
             backend_start {text} NOT NULL, held_by {text} NOT NULL, application {text} NOT NULL,\n\
             taken_at {stamp} NOT NULL, expires_at {stamp} NOT NULL){options};\n\
             {0} INTO {table} VALUES ({ROW}, '', 0, '', '', '', '', {now}, {now}){1}",
            insert.0,
            insert.1,
            schema = self.tables.create_schema(),
            now = now(self.dialect),
        )
    }

    /// Takes the lease if it is free. On PostgreSQL the answer is the token; elsewhere [`Table::taken`] asks for it.
    pub(super) fn take(self, owner: &str, author: &Author) -> String {
        let dialect = self.dialect;
        let sets = format!(
            "owner = {owner}, token = token + 1, backend = {backend}, backend_start = {start}, held_by = {by}, \
             application = {application}, taken_at = {now}, expires_at = {expiry}",
            owner = literal(dialect, owner),
            backend = backend(dialect),
            start = backend_start(dialect),
            by = literal(dialect, &shortened(&author.by)),
            application = literal(dialect, &shortened(&author.application)),
            now = now(dialect),
            expiry = expiry(dialect),
        );
        let table = self.tables.lease();
        match dialect {
            // Whoever is in a transaction of the holder's row holds the lease, expired or not: that row is skipped.
            Dialect::Postgres => format!(
                "UPDATE {table} SET {sets} WHERE name = (SELECT l.name FROM {table} l WHERE l.name = {ROW} AND \
                 (l.expires_at <= {now} OR {GONE}) AND NOT {RUNNING} FOR UPDATE SKIP LOCKED) RETURNING token",
                now = now(dialect),
            ),
            _ => format!("UPDATE {table} SET {sets} WHERE name = {ROW} AND expires_at <= {}", now(dialect)),
        }
    }

    /// The token of a lease that was taken.
    pub(super) fn taken(self, owner: &str) -> String {
        let owner = literal(self.dialect, owner);
        format!("SELECT token FROM {} WHERE name = {ROW} AND owner = {owner}", self.tables.lease())
    }

    /// The row, whoever holds it.
    pub(super) fn any(self) -> String {
        format!("SELECT name FROM {} WHERE name = {ROW}", self.tables.lease())
    }

    /// Who holds the lease: by whom, application, session, since, until, and what the session runs.
    pub(super) fn holder(self, holding: Holding) -> String {
        let table = self.tables.lease();
        let in_force = match (holding, self.dialect) {
            (Holding::Last, _) => String::new(),
            (Holding::Now, Dialect::Postgres) => {
                format!(" AND ({RUNNING} OR l.expires_at > {} AND NOT {GONE})", now(self.dialect))
            }
            (Holding::Now, _) => format!(" AND l.expires_at > {}", now(self.dialect)),
        };
        match self.dialect {
            Dialect::Postgres => format!(
                "SELECT l.held_by, l.application, l.backend, to_char(l.taken_at AT TIME ZONE 'UTC', 'HH24:MI:SS'), \
                 to_char(l.expires_at AT TIME ZONE 'UTC', 'HH24:MI:SS'), left(a.query, 100) FROM {table} l LEFT JOIN \
                 pg_catalog.pg_stat_activity a ON a.pid::text = l.backend AND a.state = 'active' WHERE l.owner <> ''{in_force}"
            ),
            _ => format!(
                "SELECT l.held_by, l.application, l.backend, date_format(l.taken_at, '%H:%i:%s'), \
                 date_format(l.expires_at, '%H:%i:%s'), left(p.info, 100) FROM {table} l LEFT JOIN \
                 information_schema.processlist p ON p.id = l.backend WHERE l.owner <> ''{in_force}"
            ),
        }
    }

    /// Renews a lease that is still held; changes nothing when it is not.
    pub(super) fn renew(self, owner: &str, token: u64) -> String {
        format!("UPDATE {} SET {} WHERE {}", self.tables.lease(), self.renewal(), self.held(owner, token))
    }

    /// Renews a lease, and fails with these words when it is not held: on PostgreSQL one statement, which costs half of what
    /// the two cost. Where the row itself is gone it changes nothing, and calls for nothing behind a `RETURNING`.
    ///
    /// The table has one row. To name it would make the server think about an index, for longer than it reads the row.
    pub(super) fn hold(self, owner: &str, token: u64, words: &str) -> String {
        let held = format!("owner = {} AND token = {token}", literal(self.dialect, owner));
        format!(
            "UPDATE {} SET {}, token = CAST(CASE WHEN {held} THEN '{token}' ELSE '{words}' END AS bigint)",
            self.tables.lease(),
            self.renewal(),
        )
    }

    fn renewal(self) -> String {
        // Behind a pooler the next transaction runs in another session. When that one began is left open: planning a look
        // at the list of sessions costs as much as a small revision.
        let backend = backend(self.dialect);
        format!(
            "expires_at = {}, backend_start = CASE WHEN backend = {backend} THEN backend_start ELSE '' END, backend = {backend}",
            expiry(self.dialect),
        )
    }

    /// Gives the lease back.
    pub(super) fn release(self, owner: &str, token: u64) -> String {
        let (table, now) = (self.tables.lease(), now(self.dialect));
        format!("UPDATE {table} SET owner = '', expires_at = {now} WHERE {}", self.held(owner, token))
    }

    /// Fails with these words when the lease is not held.
    pub(super) fn proof(self, owner: &str, token: u64, words: &str) -> String {
        let (table, held) = (self.tables.lease(), self.held(owner, token));
        match self.dialect {
            Dialect::Postgres => {
                format!(
                    "SELECT CAST(CASE WHEN EXISTS (SELECT FROM {table} WHERE {held}) THEN '1' ELSE '{words}' END AS integer)"
                )
            }
            // Two rows of one name: the words stand in the error, which no `sql_mode` turns into a warning.
            _ => format!(
                "INSERT INTO {table} SELECT '{words}', '', 0, '', '', '', '', {now}, {now} FROM (SELECT 1 UNION ALL SELECT 2) \
                 two WHERE NOT EXISTS (SELECT 1 FROM (SELECT name FROM {table} WHERE {held}) mine)",
                now = now(self.dialect),
            ),
        }
    }

    fn held(self, owner: &str, token: u64) -> String {
        format!("name = {ROW} AND owner = {} AND token = {token}", literal(self.dialect, owner))
    }
}

/// The comment by which a statement that runs alone shows whose lease it uses; in SQL, for the row `l`.
pub(super) fn mark(owner: &str) -> String {
    format!("/* migrate lease {owner} */")
}

/// Columns that only tell waiters who it is hold so much on every database.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Whether the session of the holder has ended. A server that does not show our own session shows nothing.
const GONE: &str = "(EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()) AND NOT EXISTS (SELECT \
                    FROM pg_catalog.pg_stat_activity a WHERE a.pid::text = l.backend AND (a.backend_start IS NULL OR \
                    l.backend_start = '' OR extract(epoch FROM a.backend_start)::text = l.backend_start)))";

/// Whether some session runs a statement under the lease, however long it takes.
const RUNNING: &str = "EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = current_database() AND a.state = \
                       'active' AND l.owner <> '' AND position('/* migrate lease ' || l.owner || ' */' IN a.query) = 1)";

fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "clock_timestamp()",
        _ => "utc_timestamp(6)",
    }
}

fn expiry(dialect: Dialect) -> String {
    let seconds = LEASE.as_secs();
    match dialect {
        Dialect::Postgres => format!("clock_timestamp() + interval '{seconds} seconds'"),
        _ => format!("utc_timestamp(6) + INTERVAL {seconds} SECOND"),
    }
}

fn backend(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "pg_backend_pid()::text",
        _ => "connection_id()",
    }
}

fn backend_start(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => {
            "(SELECT coalesce(extract(epoch FROM a.backend_start)::text, '') FROM pg_catalog.pg_stat_activity a WHERE \
             a.pid = pg_backend_pid())"
        }
        _ => "''",
    }
}
