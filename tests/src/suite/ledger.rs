//! Revisions that show how often they were applied, and the real binary that applies them.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Draft, SqliteFile, draft, mariadb_or_skip, postgres_or_skip};
use crate::command::Sandbox;
use crate::pgbouncer::Pooler;
use crate::{galera, mariadb, postgres};

/// Where the ledger is kept.
#[derive(Debug)]
pub enum Store {
    /// A SQLite file.
    Sqlite(SqliteFile),
    /// A PostgreSQL database.
    Postgres(postgres::Database),
    /// A MariaDB database.
    MariaDb(mariadb::Database),
    /// A database of a Galera cluster.
    Galera(Box<galera::Cluster>, String),
}

/// A database and a folder of revisions, each of which writes one line into a table.
#[derive(Debug)]
pub struct Ledger {
    sandbox: Sandbox,
    store: Store,
    ids: Vec<String>,
    /// The URLs by which processes reach the database, in turn.
    routes: Vec<String>,
    started: AtomicUsize,
}

impl Ledger {
    /// A ledger in a new SQLite file.
    pub fn on_sqlite(revisions: usize) -> Self {
        Self::new(Store::Sqlite(SqliteFile::new()), revisions)
    }

    /// A ledger in a fresh PostgreSQL database, where there is PostgreSQL.
    pub fn on_postgres(revisions: usize) -> Option<Self> {
        Some(Self::new(Store::Postgres(postgres_or_skip()?), revisions))
    }

    /// A ledger in a fresh MariaDB database, where there is MariaDB.
    pub fn on_mariadb(revisions: usize) -> Option<Self> {
        Some(Self::new(Store::MariaDb(mariadb_or_skip()?), revisions))
    }

    /// A ledger in a fresh database of this MariaDB server.
    pub fn on_mariadb_server(server: &mariadb::Server, revisions: usize) -> Self {
        Self::new(Store::MariaDb(server.create_database()), revisions)
    }

    /// A ledger in a fresh database of this server.
    pub fn on_server(server: &postgres::Server, revisions: usize) -> Self {
        Self::new(Store::Postgres(server.create_database()), revisions)
    }

    /// A ledger in a fresh database of this server, which processes reach through a pooler.
    pub fn behind_pooler(server: &postgres::Server, pooler: &Pooler, revisions: usize) -> Self {
        let ledger = Self::on_server(server, revisions);
        let Store::Postgres(database) = &ledger.store else { return ledger };
        Self { routes: vec![pooler.url(database.name())], ..ledger }
    }

    /// A ledger in a fresh database of a cluster, whose nodes processes reach in turn.
    pub fn on_galera(cluster: galera::Cluster, revisions: usize) -> Self {
        let database = cluster.create_database();
        Self::new(Store::Galera(Box::new(cluster), database), revisions)
    }

    fn new(store: Store, revisions: usize) -> Self {
        let ids: Vec<String> = (0..revisions).map(|number| format!("r{number:03}")).collect();
        let sandbox = Sandbox::new();
        for (index, id) in ids.iter().enumerate() {
            let draft = page(id, index.checked_sub(1).map(|below| ids[below].as_str()));
            sandbox.write(&format!("migrations/{}", draft.file()), draft.text());
        }
        let routes = match &store {
            Store::Sqlite(file) => vec![format!("sqlite://{}", file.path().display())],
            Store::Postgres(database) => vec![database.url()],
            Store::MariaDb(database) => vec![database.url()],
            Store::Galera(cluster, database) => (0..galera::NODES).map(|node| cluster.url(node, database)).collect(),
        };
        Self { sandbox, store, ids, routes, started: AtomicUsize::new(0) }
    }

    /// The ids in the order in which they are applied.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Whether a revision is applied wholly or not at all, whatever happens.
    pub fn is_atomic(&self) -> bool {
        !matches!(self.store, Store::MariaDb(_) | Store::Galera(..))
    }

    /// A call of `cargo migrate` on this database that is not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let turn = self.started.fetch_add(1, Ordering::Relaxed);
        let mut command = self.sandbox.command(arguments);
        command.args(["--dir", "migrations", "--database-url", &self.routes[turn % self.routes.len()]]);
        command
    }

    /// What has been written, in order: nothing as long as the first revision is not applied.
    pub fn lines(&self) -> Vec<String> {
        self.rows("SELECT id FROM ledger ORDER BY line", "ledger")
    }

    /// The history's ids, sorted.
    pub fn applied(&self) -> Vec<String> {
        self.rows("SELECT id FROM migrate_history WHERE journal IS NULL ORDER BY id", "migrate_history")
    }

    /// What the log says was done, in order.
    pub fn log(&self) -> Vec<String> {
        self.rows("SELECT concat(action, ' ', revision) FROM migrate_log ORDER BY seq", "migrate_log")
    }

    /// How many runs the last so many entries of the log took.
    pub fn runs_of_the_last(&self, entries: usize) -> usize {
        let newest = format!("SELECT run_id FROM migrate_log ORDER BY seq DESC LIMIT {entries}");
        let runs: BTreeSet<String> = self.rows(&newest, "migrate_log").into_iter().collect();
        runs.len()
    }

    /// Lets the time of a lease run out at once, if somebody holds one; gives whether somebody did.
    pub fn expire_lease(&self) -> bool {
        let held = !self.rows("SELECT 1 FROM migrate_lease WHERE owner <> ''", "migrate_lease").is_empty();
        let expire = match &self.store {
            Store::Postgres(_) => "UPDATE migrate_lease SET expires_at = taken_at",
            _ => "UPDATE migrate_lease SET expires_at = '2000-01-01'",
        };
        if held {
            self.rows(expire, "migrate_lease");
        }
        held
    }

    /// Checks that ledger, history and log agree, and gives how many revisions are applied.
    ///
    /// # Panics
    ///
    /// When they do not.
    pub fn balance(&self) -> usize {
        let (lines, applied, log) = (self.lines(), self.applied(), self.log());
        assert_eq!(lines, applied, "the ledger and the history differ");
        assert_eq!(lines, self.ids[..lines.len()], "the revisions are not the first ones, each once");
        let mut replayed: Vec<&str> = Vec::new();
        for entry in &log {
            match entry.split_once(' ') {
                Some(("upgrade", id)) => replayed.push(id),
                Some(("downgrade", id)) => assert_eq!(replayed.pop(), Some(id), "{log:?}"),
                _ => panic!("an odd entry: {entry}"),
            }
        }
        assert_eq!(lines, replayed, "the log tells another story");
        lines.len()
    }

    fn rows(&self, query: &str, table: &str) -> Vec<String> {
        match &self.store {
            Store::Sqlite(file) => {
                let exists = file.rows(&format!("SELECT 1 FROM sqlite_schema WHERE name = '{table}'"));
                if exists.is_empty() { Vec::new() } else { file.rows(query) }
            }
            Store::Postgres(database) => {
                let exists = database.psql(&format!("SELECT to_regclass('{table}') IS NOT NULL"));
                if exists.as_deref() == Ok("f") {
                    return Vec::new();
                }
                let rows = database.psql(query).unwrap_or_else(|error| panic!("{query}: {error}"));
                rows.lines().map(str::to_owned).collect()
            }
            Store::MariaDb(database) => mariadb_rows(&|sql| database.sql(sql), query, table),
            Store::Galera(cluster, database) => mariadb_rows(
                &|sql| cluster.sql(0, database, &format!("SET SESSION wsrep_sync_wait = 7; {sql}")),
                query,
                table,
            ),
        }
    }
}

fn mariadb_rows(ask: &dyn Fn(&str) -> Result<String, String>, query: &str, table: &str) -> Vec<String> {
    if ask(&format!("SHOW TABLES LIKE '{table}'")).as_deref() == Ok("") {
        return Vec::new();
    }
    let rows = ask(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    rows.lines().map(str::to_owned).collect()
}

/// A revision of several statements, so that it can be interrupted between them.
fn page(id: &str, below: Option<&str>) -> Draft {
    let table = match below {
        Some(_) => "",
        None => {
            "-- migrate: up sqlite\nCREATE TABLE ledger (line INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT);\n\
             INSERT INTO ledger (id) VALUES ('r000');\n\
             -- migrate: up postgres\nCREATE TABLE ledger (line serial PRIMARY KEY, id text);\n\
             INSERT INTO ledger (id) VALUES ('r000');\n\
             -- migrate: up mariadb\nCREATE TABLE ledger (line serial PRIMARY KEY, id text) ENGINE=InnoDB;\n\
             INSERT INTO ledger (id) VALUES ('r000');\n-- migrate: down\nDROP TABLE ledger;\n"
        }
    };
    let page = format!(
        "-- migrate: up\nCREATE TABLE {id}_before (x integer);\nINSERT INTO ledger (id) VALUES ('{id}');\n\
         CREATE TABLE {id}_after (x integer);\n-- migrate: down\nDROP TABLE {id}_after;\nDELETE FROM ledger WHERE id = \
         '{id}';\nDROP TABLE {id}_before;\n"
    );
    draft(id).after(below.unwrap_or("none")).sections(if below.is_some() { &page } else { table })
}
