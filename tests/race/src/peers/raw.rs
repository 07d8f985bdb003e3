//! The bare drivers: what any tool would have to do, and nothing else.
//!
//! A revision is `BEGIN`, its SQL, a row of the history, `COMMIT`. The row has what the peers keep (number, name, checksum,
//! time), or else everything that this library keeps, with what it proves in each transaction or without, so that the price
//! of its rows and of its proofs is seen apart.

use migrate_runtime::{Dialect, Direction};

use super::{Peer, Place, Session, Transactions, connections, runtime};
use crate::revisions::Revision;

/// Which rows are written.
#[derive(Clone, Copy)]
enum Rows {
    /// One narrow row.
    Few,
    /// A row of the history with the `down`, and one of the log.
    Ours,
    /// The same, and the statements that prove lock, history and transaction.
    OursProved,
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
    vec![
        raw("raw rusqlite", Rows::Few),
        raw("raw rusqlite, rows as ours", Rows::Ours),
        raw("raw rusqlite, rows and proofs as ours", Rows::OursProved),
    ]
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
        raw("raw tokio-postgres, a message a revision, rows and proofs as ours", Rows::OursProved, Messages::One),
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
        let count = revisions.len();
        let statements = |done: usize, direction: Direction, sql: &str, records: Vec<String>| {
            let is_first = done % count == 0 || transactions == Transactions::Each;
            let (before, after) = rows.proofs(dialect, direction, is_first.then_some(done));
            [before, vec![sql.trim_end().trim_end_matches(';').to_owned()], after, records].concat()
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
        let ups = (0..)
            .zip(revisions)
            .map(|(done, revision)| statements(done, Direction::Up, &revision.up, rows.insert(revision, dialect)));
        let downs = (count..)
            .zip(revisions.iter().rev())
            .map(|(done, revision)| statements(done, Direction::Down, &revision.down, rows.delete(revision, dialect)));
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
            Self::Ours | Self::OursProved => format!(
                "CREATE TABLE raw_history (id varchar(255) NOT NULL PRIMARY KEY, format integer NOT NULL, digest bigint, \
                 state text NOT NULL, journal text, parents text NOT NULL, depends_on text NOT NULL, title text NOT NULL, \
                 up_checksum text, down_checksum text, applied_at {stamp} NOT NULL, duration_ms bigint NOT NULL, applied_by text \
                 NOT NULL, application text NOT NULL, tool text NOT NULL, down_sql text, lease bigint); \
                 CREATE TABLE raw_log (seq {seq}, format integer NOT NULL, run_id text NOT NULL, revision varchar(255) \
                 NOT NULL, action text NOT NULL, note text, checksum text, at {stamp} NOT NULL, duration_ms bigint NOT \
                 NULL, done_by text NOT NULL, application text NOT NULL, tool text NOT NULL); \
                 CREATE TABLE raw_lease (name varchar(64) NOT NULL PRIMARY KEY, owner text NOT NULL, token bigint NOT \
                 NULL, backend text NOT NULL, backend_start text NOT NULL, expires_at {stamp} NOT NULL); \
                 INSERT INTO raw_lease VALUES ('run', 'ours', 1, '', '', CURRENT_TIMESTAMP)"
            ),
        }
    }

    /// What stands before a revision's SQL and behind it, where so many rows of the log are known, or none where nobody
    /// else can have written.
    fn proofs(self, dialect: Dialect, direction: Direction, known: Option<usize>) -> (Vec<String>, Vec<String>) {
        let owned = |statements: &[&str]| statements.iter().map(|sql| (*sql).to_owned()).collect();
        match (self, dialect) {
            (Self::Few | Self::Ours, _) => (Vec::new(), Vec::new()),
            (Self::OursProved, Dialect::Postgres) => {
                let held = "UPDATE raw_lease SET expires_at = clock_timestamp() + interval '30 seconds', backend_start = CASE \
                            WHEN backend = pg_backend_pid()::text THEN backend_start ELSE '' END, backend = \
                            pg_backend_pid()::text, token = CAST(CASE WHEN owner = 'ours' AND token = 1 THEN '1' ELSE \
                            'lost' END AS bigint) RETURNING set_config('raw.guard', 'ours', true)";
                let whole = "SELECT CAST(CASE current_setting('raw.guard', true) WHEN 'ours' THEN '1' WHEN 'begun' THEN \
                             'lost' ELSE 'ended' END AS integer)";
                let before = match known {
                    Some(_) => owned(&["SET LOCAL raw.guard = 'begun'", held]),
                    None => owned(&["SET LOCAL raw.guard = 'ours'"]),
                };
                (before, owned(&[whole, "RESET ALL", "RESET ROLE"]))
            }
            (Self::OursProved, _) => {
                let proof =
                    |known| format!("SELECT abs(-9223372036854775808 + 0 * seq) FROM raw_log WHERE seq > {known}");
                let orphans = "SELECT 1 FROM pragma_foreign_key_check WHERE abs(-9223372036854775808 + 0 * fkid)";
                let checked = (direction == Direction::Down).then_some(orphans);
                let before = known.map(proof).into_iter().chain(["SAVEPOINT raw_guard".to_owned()]);
                (before.collect(), owned(&["RELEASE raw_guard"].into_iter().chain(checked).collect::<Vec<_>>()))
            }
        }
    }

    fn insert(self, revision: &Revision, dialect: Dialect) -> Vec<String> {
        let (number, now, checksum) = (revision.number, now(dialect), "0123456789abcdef".repeat(4));
        match self {
            Self::Few => vec![format!(
                "INSERT INTO raw_history (version, name, checksum, applied_at) VALUES ({number}, 'create t', \
                 '{checksum}', {now})"
            )],
            Self::Ours | Self::OursProved => vec![
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
            Self::Ours | Self::OursProved => vec![
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
