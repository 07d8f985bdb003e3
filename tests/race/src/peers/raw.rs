//! The bare drivers: what any tool would have to do, and nothing else.
//!
//! A revision is `BEGIN`, its SQL, a row of the history, `COMMIT`. The row has what the peers keep (number, name, checksum,
//! time), or else everything that this library keeps, so that the price of its rows is seen apart.

use migrate_runtime::Dialect;

use super::{Peer, Place, Session, Transactions, connections, runtime};
use crate::revisions::Revision;

/// Which rows are written.
#[derive(Clone, Copy)]
enum Rows {
    /// One narrow row.
    Few,
    /// A row of the history with the `down`, and one of the log.
    Ours,
}

/// How a revision is sent.
#[derive(Clone, Copy)]
enum Messages {
    One,
    OnePerStatement,
}

struct Raw<C> {
    name: &'static str,
    create: String,
    /// Statements that are sent together, if any are.
    up: Vec<Vec<String>>,
    down: Vec<Vec<String>>,
    messages: Messages,
    connect: fn(&Place) -> C,
    execute: fn(&mut C, &str),
}

pub(super) fn on_sqlite(revisions: &[Revision], transactions: Transactions) -> Vec<Box<dyn Peer>> {
    let raw = |name, rows| -> Box<dyn Peer> {
        let execute = |db: &mut rusqlite::Connection, sql: &str| db.execute_batch(sql).expect("it runs");
        let what = (Dialect::Sqlite, rows, Messages::One, transactions);
        Box::new(Raw::new(name, what, revisions, connections::rusqlite, execute))
    };
    vec![raw("raw rusqlite", Rows::Few), raw("raw rusqlite, rows as ours", Rows::Ours)]
}

pub(super) fn on_postgres(revisions: &[Revision], transactions: Transactions) -> Vec<Box<dyn Peer>> {
    let raw = |name, rows, messages| -> Box<dyn Peer> {
        let execute = |db: &mut tokio_postgres::Client, sql: &str| {
            runtime().block_on(db.batch_execute(sql)).expect("it runs");
        };
        let what = (Dialect::Postgres, rows, messages, transactions);
        Box::new(Raw::new(name, what, revisions, connections::tokio_postgres, execute))
    };
    vec![
        raw("raw tokio-postgres, a message a revision", Rows::Few, Messages::One),
        raw("raw tokio-postgres, a message a statement", Rows::Few, Messages::OnePerStatement),
        raw("raw tokio-postgres, a message a revision, rows as ours", Rows::Ours, Messages::One),
    ]
}

impl<C> Raw<C> {
    fn new(
        name: &'static str,
        (dialect, rows, messages, transactions): (Dialect, Rows, Messages, Transactions),
        revisions: &[Revision],
        connect: fn(&Place) -> C,
        execute: fn(&mut C, &str),
    ) -> Self {
        let statements = |sql: &str, records: Vec<String>| {
            let mut statements = vec![sql.trim_end().trim_end_matches(';').to_owned()];
            statements.extend(records);
            statements
        };
        let framed = |revisions: Vec<Vec<String>>| {
            let begin = || vec!["BEGIN".to_owned()];
            let commit = || vec!["COMMIT".to_owned()];
            match transactions {
                Transactions::Each => {
                    revisions.into_iter().map(|statements| [begin(), statements, commit()].concat()).collect()
                }
                Transactions::One => [vec![begin()], revisions, vec![commit()]].concat(),
            }
        };
        let ups = revisions.iter().map(|revision| statements(&revision.up, rows.insert(revision, dialect)));
        let downs = revisions.iter().rev().map(|revision| statements(&revision.down, rows.delete(revision, dialect)));
        Self {
            name,
            create: rows.create(dialect),
            up: framed(ups.collect()),
            down: framed(downs.collect()),
            messages,
            connect,
            execute,
        }
    }
}

fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "clock_timestamp()",
        _ => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
    }
}

impl Rows {
    fn create(self, dialect: Dialect) -> String {
        let (stamp, seq) = match dialect {
            Dialect::Postgres => ("timestamptz", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
            _ => ("TEXT", "INTEGER PRIMARY KEY"),
        };
        match self {
            Self::Few => format!(
                "CREATE TABLE raw_history (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, \
                 applied_at {stamp} NOT NULL)"
            ),
            Self::Ours => format!(
                "CREATE TABLE raw_history (id varchar(255) NOT NULL PRIMARY KEY, format integer NOT NULL, digest bigint, \
                 state text NOT NULL, journal text, parents text NOT NULL, depends_on text NOT NULL, title text NOT NULL, \
                 up_checksum text, down_checksum text, applied_at {stamp} NOT NULL, duration_ms bigint NOT NULL, applied_by text \
                 NOT NULL, application text NOT NULL, tool text NOT NULL, down_sql text, lease bigint); \
                 CREATE TABLE raw_log (seq {seq}, format integer NOT NULL, run_id text NOT NULL, revision varchar(255) \
                 NOT NULL, action text NOT NULL, note text, checksum text, at {stamp} NOT NULL, duration_ms bigint NOT \
                 NULL, done_by text NOT NULL, application text NOT NULL, tool text NOT NULL)"
            ),
        }
    }

    fn insert(self, revision: &Revision, dialect: Dialect) -> Vec<String> {
        let (number, now, checksum) = (revision.number, now(dialect), "0123456789abcdef".repeat(4));
        match self {
            Self::Few => vec![format!(
                "INSERT INTO raw_history (version, name, checksum, applied_at) VALUES ({number}, 'create t', \
                 '{checksum}', {now})"
            )],
            Self::Ours => vec![
                format!(
                    "INSERT INTO raw_history (id, format, digest, state, journal, parents, depends_on, title, up_checksum, \
                     down_checksum, applied_at, duration_ms, applied_by, application, tool, down_sql, lease) VALUES \
                     ('{number:05}', 1, 7894437473709, 'applied', NULL, '{before:05}', '', 'create t', '{checksum}', \
                     '{checksum}', {now}, 1, 'ann@laptop', 'race 0.1.0', 'migrate-runtime 0.1.0', '{down}', NULL)",
                    before = number - 1,
                    down = revision.down,
                ),
                log(number, "upgrade", &checksum, now),
            ],
        }
    }

    fn delete(self, revision: &Revision, dialect: Dialect) -> Vec<String> {
        let number = revision.number;
        match self {
            Self::Few => vec![format!("DELETE FROM raw_history WHERE version = {number}")],
            Self::Ours => vec![
                format!("DELETE FROM raw_history WHERE id = '{number:05}'"),
                log(number, "downgrade", &"0123456789abcdef".repeat(4), now(dialect)),
            ],
        }
    }
}

fn log(number: usize, action: &str, checksum: &str, now: &str) -> String {
    format!(
        "INSERT INTO raw_log (format, run_id, revision, action, note, checksum, at, duration_ms, done_by, application, \
         tool) VALUES (1, '0123456789ab', '{number:05}', '{action}', NULL, '{checksum}', {now}, 1, 'ann@laptop', \
         'race 0.1.0', 'migrate-runtime 0.1.0')"
    )
}

impl<C: 'static> Peer for Raw<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn connect<'p>(&'p self, place: &Place) -> Box<dyn Session + 'p> {
        Box::new(Running { db: (self.connect)(place), raw: self })
    }
}

struct Running<'p, C> {
    db: C,
    raw: &'p Raw<C>,
}

impl<C> Running<'_, C> {
    fn run(&mut self, parts: &[Vec<String>]) {
        for statements in parts {
            match self.raw.messages {
                Messages::One => (self.raw.execute)(&mut self.db, &statements.join(";\n")),
                Messages::OnePerStatement => {
                    statements.iter().for_each(|statement| (self.raw.execute)(&mut self.db, statement));
                }
            }
        }
    }
}

impl<C> Session for Running<'_, C> {
    fn upgrade(&mut self) {
        (self.raw.execute)(&mut self.db, &self.raw.create);
        self.run(&self.raw.up);
    }

    fn revert(&mut self) {
        self.run(&self.raw.down);
    }
}
