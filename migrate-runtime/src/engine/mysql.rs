//! MySQL and MariaDB: a named lock that is waited for in short turns, and a journal for what commits by itself.
//!
//! What the two do otherwise stands in this file and nowhere else: how a session tells that it is in a transaction.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use migrate_plan::{Dialect, LockKind, Settings};
use sha2::{Digest, Sha256};

use super::look::Session;
use super::patience::NOTICE;
use super::server::Frame as AnyFrame;
use super::{Look, Run, look};
use crate::driver::{LiveConnection, Row};
use crate::error::Error;
use crate::event::Event;
use crate::sql::{identifier, literal};

/// How many columns about the session stand before those of the history.
pub(super) const SESSION_COLUMNS: usize = 3;

const LOCKING: &str = "the lock cannot be taken";

/// How long one turn of waiting lasts inside the server, in seconds. A time-out below zero locks nothing on MariaDB.
const TURN: u64 = 1;

/// What a session was before the run, as statements that bring it back.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Before each revision: one meaning of backslashes, and commits that nobody has to ask for.
    pub(super) begin: String,
    /// The same for the time that a statement may take, which waiting for the lock may not run into.
    time: Option<String>,
    /// The variables of the session and their values.
    own: BTreeMap<String, String>,
    database: Option<String>,
    dialect: Dialect,
}

impl Frame {
    /// Whether the session is one of a Galera cluster.
    fn is_cluster(&self) -> bool {
        self.own.get("wsrep_on").is_some_and(|on| on == "ON")
    }
}

/// What is asked of a session; the column names are told apart from those of the history.
pub(super) fn session_query(dialect: Dialect) -> String {
    let open = match dialect {
        Dialect::MariaDb => "@@in_transaction",
        _ => "(SELECT count(*) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = connection_id())",
    };
    format!("SELECT database() AS session_database, connection_id() AS session_backend, {open} AS session_open")
}

pub(super) fn read_session(row: Option<&Row>, settings: &Settings) -> Result<Session, Error> {
    let text = |column| row.and_then(|row| row.text(column)).map(str::to_owned);
    if text(2).is_some_and(|open| open != "0") {
        return Err(Error::InTransaction);
    }
    let database = text(0).or(settings.history_schema.as_ref().map(ToString::to_string));
    let schema = settings.history_schema.as_ref().map(ToString::to_string).or(text(0));
    match (database, schema) {
        (Some(database), Some(schema)) => Ok(Session { database, schema, backend: text(1).unwrap_or_default() }),
        _ => Err(Error::HistoryMalformed {
            table: settings.history_table.to_string(),
            problem: "the connection has chosen no database, so there is no place for it".to_owned(),
        }),
    }
}

/// The name of the lock: names are the whole server's, and 64 characters long at most.
fn lock_name(look: &Look) -> String {
    let digest = Sha256::digest(look.tables.history().as_bytes());
    let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("migrate:{digits}")
}

impl Run<'_, '_> {
    pub(super) async fn run_on_mysql(&mut self, first: Look) -> Result<(), Error> {
        let frame = self.frame_on_mysql().await?;
        let lock = match self.request.settings.lock {
            LockKind::Auto if frame.is_cluster() => LockKind::Lease,
            LockKind::Auto => LockKind::Advisory,
            // In a Galera cluster each node has its own locks, and two nodes give the same one away.
            LockKind::Advisory if frame.is_cluster() => return Err(Error::Cluster),
            chosen => chosen,
        };
        let begun = self.db.batch_execute(&frame.begin).await;
        begun.map_err(|error| Error::driver("the session cannot be set up", error))?;
        let outcome = match lock {
            LockKind::None => self.run_framed_on_mysql(&first, &frame).await,
            LockKind::Lease => self.run_under_lease_on_mysql(&first, &frame).await,
            LockKind::Auto | LockKind::Advisory => self.run_under_named_lock(&first, &frame).await,
        };
        let restored = self.restore_on_mysql(&frame, true).await;
        outcome.and(restored)
    }

    async fn run_under_named_lock(&mut self, first: &Look, frame: &Frame) -> Result<(), Error> {
        let name = literal(self.db.dialect(), &lock_name(first));
        self.lock_on_mysql(&name).await?;
        let outcome = self.run_framed_on_mysql(first, frame).await;
        // On a broken connection the server has released the lock itself.
        let _ = self.db.query(&format!("SELECT release_lock({name})")).await;
        outcome
    }

    async fn run_under_lease_on_mysql(&mut self, first: &Look, frame: &Frame) -> Result<(), Error> {
        self.take_lease(first).await?;
        let outcome = self.run_framed_on_mysql(first, frame).await;
        self.release_lease().await;
        outcome
    }

    async fn lock_on_mysql(&mut self, name: &str) -> Result<(), Error> {
        let started = Instant::now();
        let mut next_notice = Duration::ZERO;
        let mut turn = 0;
        loop {
            // The first turn only asks.
            let rows = self.db.query(&format!("SELECT get_lock({name}, {turn})")).await;
            let rows = rows.map_err(|error| Error::driver(LOCKING, error))?;
            // NULL is an error, and 0 that somebody else has it.
            if rows.first().and_then(|row| row.text(0)) == Some("1") {
                self.emit(&Event::Locked);
                return Ok(());
            }
            turn = TURN;
            let waited = started.elapsed();
            if waited >= next_notice {
                let holder = holder_of(self.db, name).await;
                self.emit(&Event::Waiting { waited, holder: holder.as_deref() });
                next_notice = waited + NOTICE;
            }
            if self.request.lock_timeout.is_some_and(|limit| waited >= limit) {
                return Err(Error::LockTimeout { waited, holder: holder_of(self.db, name).await });
            }
            if self.request.lock_timeout.is_some_and(|limit| limit - waited < Duration::from_secs(TURN)) {
                turn = 0;
                self.db.sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn run_framed_on_mysql(&mut self, first: &Look, frame: &Frame) -> Result<(), Error> {
        let now = look(self.db, &self.request.settings).await?;
        self.refuse_other_engine(&now).await?;
        if let Some(time) = &frame.time {
            let set = self.db.batch_execute(time).await;
            set.map_err(|error| Error::driver("the session cannot be set up", error))?;
        }
        self.run_locked(first, now, AnyFrame::MySql(frame)).await
    }

    /// A history that a crash can tear is none.
    async fn refuse_other_engine(&mut self, look: &Look) -> Result<(), Error> {
        let dialect = self.db.dialect();
        let Some(session) = look.session.as_ref().filter(|_| look.exists) else { return Ok(()) };
        let settings = &self.request.settings;
        let tables = [settings.history_table.to_string(), settings.log_table(), settings.lease_table()];
        let tables = tables.map(|table| literal(dialect, &table));
        let query = format!(
            "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = {} AND table_name IN ({}) \
             AND engine <> 'InnoDB'",
            literal(dialect, &session.schema),
            tables.join(", ")
        );
        let rows = self.db.query(&query).await.map_err(|error| Error::driver("the history cannot be read", error))?;
        match rows.first().map(|row| (row.text(0).unwrap_or("?"), row.text(1).unwrap_or("?"))) {
            None => Ok(()),
            Some((table, engine)) => Err(Error::HistoryMalformed {
                table: identifier(dialect, table),
                problem: format!("its engine is {engine}, and only InnoDB keeps a row and what it records together"),
            }),
        }
    }

    async fn frame_on_mysql(&mut self) -> Result<Frame, Error> {
        let dialect = self.db.dialect();
        let database = self.db.query("SELECT database()").await;
        let database = database.map_err(|error| Error::driver(LOCKING, error))?;
        let database = database.first().and_then(|row| row.text(0)).map(str::to_owned);
        let own = self.session_variables().await?;
        // The files were split with backslashes as escapes, as the server has them by default.
        // Definitions are compared as one text, which MySQL would cut at 1 kB.
        let mut begin = format!(
            "SET SESSION autocommit = 1, sql_mode = replace(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), \
             group_concat_max_len = greatest(@@group_concat_max_len, 1048576), {}",
            self.request.limits.lock_variables_on_mysql()
        );
        let time = self.request.limits.time_variable_on_mysql(dialect);
        let time = time.map(|assignment| format!("SET SESSION {assignment}"));
        let mut frame = Frame { begin: String::new(), time, own, database, dialect };
        if frame.is_cluster() {
            // Reads and writes wait until this node has what the others had committed.
            begin.push_str(", wsrep_sync_wait = 7");
        }
        frame.begin = begin;
        Ok(frame)
    }

    async fn session_variables(&mut self) -> Result<BTreeMap<String, String>, Error> {
        let rows = self.db.query("SHOW SESSION VARIABLES").await;
        let rows = rows.map_err(|error| Error::driver("the settings of the session cannot be read", error))?;
        let pair = |row: &Row| Some((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
        Ok(rows.iter().filter_map(pair).collect())
    }

    /// Brings the session back to what it was: for the next revision, or, at the `end`, for the application.
    pub(super) async fn restore_on_mysql(&mut self, frame: &Frame, end: bool) -> Result<(), Error> {
        let now = self.session_variables().await?;
        let changed = frame.own.iter().filter(|(name, value)| now.get(*name).is_some_and(|now| now != *value));
        let mut statements: Vec<String> = changed
            .filter(|(name, _)| !TELLS_OF_STATE.contains(&name.as_str()))
            .map(|(name, value)| format!("SET SESSION {name} = {}", set_value(frame.dialect, value)))
            .collect();
        // A clock that was stopped shows in no comparison: it never stands still.
        statements.push("SET SESSION timestamp = DEFAULT".to_owned());
        statements.extend(frame.database.iter().map(|name| format!("USE {}", identifier(frame.dialect, name))));
        if !end {
            statements.push(frame.begin.clone());
            statements.extend(frame.time.clone());
        }
        let restored = self.db.batch_execute(&statements.join(";\n")).await;
        restored.map_err(|error| Error::driver("the settings of the session cannot be restored", error))
    }
}

/// Who holds the named lock of a history, in words.
#[cfg(feature = "cli")]
pub(super) async fn holder(db: &mut dyn LiveConnection, look: &Look) -> Option<String> {
    let name = literal(db.dialect(), &lock_name(look));
    holder_of(db, &name).await
}

async fn holder_of(db: &mut dyn LiveConnection, name: &str) -> Option<String> {
    let query = format!(
        "SELECT id, user, host, time, left(coalesce(info, 'nothing'), 100) FROM information_schema.processlist \
         WHERE id = is_used_lock({name})"
    );
    let rows = db.query(&query).await.ok()?;
    let row = rows.first()?;
    let text = |column| row.text(column).unwrap_or("?");
    let statement = text(4).split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("connection {} ({} from {}), since {} s running: {statement}", text(0), text(1), text(2), text(3)))
}

/// Who has a transaction open: its end is what a lock on a table waits for.
pub(super) const BLOCKERS: &str = "SELECT concat('connection ', p.id, ' (', p.user, ' from ', p.host, ')'), concat('in a transaction since ', \
                                   timestampdiff(SECOND, t.trx_started, now()), ' s'), concat(lower(p.command), ': ', \
                                   left(coalesce(p.info, 'nothing'), 100)) FROM information_schema.innodb_trx t JOIN \
                                   information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE p.id <> \
                                   connection_id() ORDER BY t.trx_started LIMIT 5";

/// Session variables that say what has happened and are no settings.
const TELLS_OF_STATE: [&str; 14] = [
    "error_count",
    "gtid_binlog_pos",
    "gtid_binlog_state",
    "gtid_current_pos",
    "gtid_seq_no",
    "identity",
    "in_transaction",
    "insert_id",
    "last_gtid",
    "last_insert_id",
    "rand_seed1",
    "rand_seed2",
    "timestamp",
    "warning_count",
];

/// A value as `SET` takes it: numbers only as numbers, all else only as text.
fn set_value(dialect: Dialect, value: &str) -> String {
    let is_number = value.parse::<f64>().is_ok() && !value.contains(['n', 'N', 'e', 'E', 'i', 'I']);
    if is_number { value.to_owned() } else { literal(dialect, value) }
}
