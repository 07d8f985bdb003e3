//! PostgreSQL: an advisory lock that is polled, and one message a revision.

mod message;

use std::time::{Duration, Instant};

use migrate_plan::{Action, Dialect, LockKind};
use sha2::{Digest, Sha256};

use super::contention::Contention;
use super::hold::{Hold, UNLOCKED};
use super::look::Session;
use super::patience::{Patience, running};
use super::server::Frame as AnyFrame;
use super::step::Job;
use super::{Look, Run, look};
use crate::driver::{DriverErrorKind, LiveConnection};
use crate::error::Error;
use crate::event::Event;
use crate::history::Took;
use crate::sql::literal;
use crate::trace;
use message::{Message, Part, Transaction};

/// How often the lock is given back before it counts as lost.
const UNLOCK_ATTEMPTS: usize = 4;

/// What became of giving the lock back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unlocked {
    Yes,
    /// No session that was asked had it.
    NotFound,
}

/// What PgBouncer calls a transaction in statement mode.
const PROTOCOL_VIOLATION: &str = "08P01";

const LOCKING: &str = "the lock cannot be taken";

/// The advisory lock of one history table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(i64);

impl Key {
    /// Made of the history's identity, so that tenants of one server do not wait for one another.
    fn of(session: &Session, look: &Look) -> Self {
        let mut hash = Sha256::new();
        // The table is qualified with its schema; the current schema changes once the table exists.
        for part in [session.database.as_str(), look.tables.history()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize()[..8]);
        Self(i64::from_be_bytes(first))
    }

    /// A statement that fails when this session does not hold the lock.
    pub(super) fn proof(self) -> String {
        message::proof(&format!("EXISTS (SELECT FROM pg_catalog.pg_locks WHERE {})", self.held_here()), UNLOCKED)
    }

    /// A condition on `pg_locks` that this session's lock fulfils.
    fn held_here(self) -> String {
        format!("{} AND pid = pg_backend_pid()", self.held())
    }

    fn held(self) -> String {
        let (high, low) = ((self.0 as u64) >> 32, (self.0 as u64) & 0xffff_ffff);
        format!(
            "locktype = 'advisory' AND granted AND classid = {high} AND objid = {low} AND objsubid = 1 AND database = \
             (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
        )
    }
}

/// What stands around the SQL of every revision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'f> {
    /// Two statements that bring the session's settings back.
    pub(super) own_settings: &'f str,
}

/// What a session was set to before the run.
#[derive(Clone, Debug)]
pub(crate) struct OwnSettings {
    /// Two statements that bring it back.
    restore: String,
    /// Whether backslashes escape in every string, as they did before PostgreSQL 9.1.
    backslashes_escape: bool,
    /// Which session it is.
    pub(super) session: Option<Session>,
}

impl Run<'_, '_> {
    pub(super) async fn run_on_postgres(&mut self, first: Look) -> Result<(), Error> {
        if !self.request.goal.is_alone() {
            self.refuse_statement_pooling().await?;
        }
        match self.request.settings.lock {
            LockKind::None => self.run_steps_on_postgres(&first).await,
            // A session lock is safe without a pooler alone, and a pooler with nothing else to do hands out one session
            // again and again, as if it were none.
            LockKind::Auto | LockKind::Lease => {
                self.take_lease(&first).await?;
                let outcome = self.run_steps_on_postgres(&first).await;
                self.release_lease().await;
                outcome
            }
            LockKind::Advisory => self.run_under_advisory_lock(first).await,
        }
    }

    /// A pooler in statement mode lets whole messages pass, and ends the connection when a revision fails half way: better
    /// now, with nothing written.
    async fn refuse_statement_pooling(&mut self) -> Result<(), Error> {
        match self.db.batch_execute("BEGIN").await {
            Err(error) if error.code.as_deref() == Some(PROTOCOL_VIOLATION) => {
                return Err(Error::StatementPooler { driver: error });
            }
            // Its reason may get lost on the way, and then it looks like any connection that breaks.
            Err(error) if error.kind == DriverErrorKind::ConnectionLost => {
                let doing = "a transaction cannot begin (a pooler in statement mode ends the connection here)";
                return Err(Error::driver(doing, error));
            }
            begun => begun.map_err(|error| Error::driver("a transaction cannot begin", error))?,
        }
        let ended = self.db.batch_execute("COMMIT").await;
        ended.map_err(|error| Error::driver("a transaction cannot end", error))
    }

    async fn run_under_advisory_lock(&mut self, first: Look) -> Result<(), Error> {
        let Some(session) = first.session.clone() else { return Err(Error::Pooler) };
        let key = Key::of(&session, &first);
        let backend = self.lock(key).await?;
        let outcome = if backend == session.backend {
            self.hold = Hold::Advisory(key);
            self.run_steps_on_postgres(&first).await
        } else {
            Err(Error::Pooler)
        };
        match (outcome, self.unlock(key).await) {
            (Ok(()), Unlocked::NotFound) => Err(Error::Pooler),
            (outcome, _) => outcome,
        }
    }

    async fn unlock(&mut self, key: Key) -> Unlocked {
        let query = format!("SELECT pg_advisory_unlock({})", key.0);
        // A pooler may ask a session that does not have the lock; the one that has it may come next.
        for _ in 0..UNLOCK_ATTEMPTS {
            match self.db.query(&query).await {
                Ok(rows) if rows.first().and_then(|row| row.text(0)) == Some("f") => {}
                // On a broken connection the server has released the lock itself.
                _ => return Unlocked::Yes,
            }
        }
        Unlocked::NotFound
    }

    /// Polls: a session that waits inside the server deadlocks with a concurrent index build of the holder.
    ///
    /// Gives the backend that has the lock.
    async fn lock(&mut self, key: Key) -> Result<String, Error> {
        let mut patience = Patience::new(Duration::from_millis(20), Duration::from_millis(500));
        // A session that has the lock already got it from another client of a pooler, and would get it once more.
        let query = format!(
            "SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_locks WHERE {}) THEN 'pooled' WHEN \
             pg_try_advisory_lock({}) THEN 'locked' END, pg_backend_pid()",
            key.held_here(),
            key.0
        );
        loop {
            let rows = self.db.query(&query).await.map_err(|error| Error::driver(LOCKING, error))?;
            match rows.first().map(|row| (row.text(0), row.text(1))) {
                Some((Some("pooled"), _)) => return Err(Error::Pooler),
                Some((Some("locked"), backend)) => {
                    self.emit(&Event::Locked);
                    return Ok(backend.unwrap_or_default().to_owned());
                }
                _ => {}
            }
            let holder = if patience.speaks(self.request.lock_timeout) { holder_of(self.db, key).await } else { None };
            self.wait(&mut patience, holder).await?;
        }
    }

    /// Reads again, now that nobody else writes, and runs what is left to do.
    async fn run_steps_on_postgres(&mut self, first: &Look) -> Result<(), Error> {
        let is_alone = self.request.goal.is_alone();
        let now = if is_alone { first.clone() } else { look(self.db, &self.request.settings).await? };
        let OwnSettings { restore, backslashes_escape, .. } = self.own_settings(first, &now).await?;
        if backslashes_escape {
            // The files were split with backslashes as characters. The server reads a message with the setting that holds
            // when it arrives, so that no message can bring its own.
            let set = self.db.batch_execute("SET standard_conforming_strings = on").await;
            set.map_err(|error| Error::driver("the session cannot be set up", error))?;
        }
        let outcome = self.run_locked(first, now, AnyFrame::Postgres(Frame { own_settings: &restore })).await;
        if backslashes_escape {
            // A connection that takes no more statements has no settings either.
            let _ = self.db.batch_execute("SET standard_conforming_strings = off").await;
        }
        outcome
    }

    /// What restores the settings of the session after a revision: those that it was given before the run.
    ///
    /// The same query proves that an advisory lock is held here: a session lock is worth nothing when the next
    /// transaction runs in another session.
    async fn own_settings(&mut self, first: &Look, now: &Look) -> Result<OwnSettings, Error> {
        let known = self.request.own_settings.get().filter(|_| self.request.goal.is_alone());
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let held = match &self.hold {
            Hold::Advisory(key) => format!("EXISTS (SELECT FROM pg_catalog.pg_locks WHERE {})", key.held_here()),
            _ => "true".to_owned(),
        };
        let query = format!(
            "SELECT {held}, current_setting('role'), current_setting('standard_conforming_strings'), s.name, s.setting \
             FROM (VALUES (1)) one LEFT JOIN pg_catalog.pg_settings s ON s.source = 'session' AND s.context IN ('user', 'superuser') ORDER BY s.name"
        );
        let rows = self.db.query(&query).await.map_err(|error| Error::driver(LOCKING, error))?;
        let first_text = |column| rows.first().and_then(|row| row.text(column));
        let backend = |look: &Look| look.session.as_ref().map(|session| session.backend.clone());
        let advisory = matches!(self.hold, Hold::Advisory(_));
        if advisory && (first_text(0) != Some("t") || backend(first) != backend(now)) {
            return Err(Error::Pooler);
        }
        let set = |name: &str, value: &str| {
            let (name, value) = (literal(Dialect::Postgres, name), literal(Dialect::Postgres, value));
            format!("pg_catalog.set_config({name}, {value}, false)")
        };
        let role = first_text(1).unwrap_or("none");
        let mut settings: Vec<String> = rows.iter().filter_map(|row| Some(set(row.text(3)?, row.text(4)?))).collect();
        let backslashes_escape = first_text(2) == Some("off");
        if backslashes_escape {
            settings.push(set("standard_conforming_strings", "on"));
        }
        let second = match settings.is_empty() {
            // Most sessions have no settings of their own, and the server plans no `SET`.
            true => format!("SET ROLE {}", literal(Dialect::Postgres, role)),
            false => format!("SELECT {}, {}", set("role", role), settings.join(", ")),
        };
        let restore = format!("RESET ALL;\n{second}");
        let found = OwnSettings { restore, backslashes_escape, session: now.session.clone() };
        if self.request.goal.is_alone() {
            // Nobody else sets it meanwhile.
            let _ = self.request.own_settings.set(found.clone());
        }
        Ok(found)
    }

    /// Runs one revision, again as long as others lock what it needs.
    pub(super) async fn step_on_postgres(
        &mut self,
        job: &Job<'_>,
        action: Action,
        look: &Look,
        frame: Frame<'_>,
    ) -> Result<(), Error> {
        let mut contention = Contention::new();
        loop {
            match self.attempt_on_postgres(job, action, look, frame, Part::whole()).await {
                Err(Error::Statement(failure)) if failure.driver.is_contention() => {
                    self.try_again(&mut contention, job.step, *failure).await?;
                }
                outcome => return outcome,
            }
        }
    }

    /// Runs all revisions in one transaction, again as long as others lock what they need; gives how long each took.
    pub(super) async fn steps_at_once_on_postgres(
        &mut self,
        jobs: &[Job<'_>],
        action: Action,
        look: &Look,
        frame: Frame<'_>,
    ) -> Result<Vec<Duration>, Error> {
        let mut contention = Contention::new();
        'attempts: loop {
            let (since, mut took) = (Instant::now(), Vec::new());
            for (index, job) in jobs.iter().enumerate() {
                if let Err(stopped) = self.refuse_stopped() {
                    if index > 0 {
                        let undone = self.db.batch_execute("ROLLBACK").await;
                        undone.map_err(|error| Error::driver("the transaction cannot be undone", error))?;
                    }
                    return Err(stopped);
                }
                self.emit(&Event::StepStarted { step: job.step, number: index + 1, of: jobs.len() });
                let started = Instant::now();
                let part = Part { begins: index == 0, ends: index + 1 == jobs.len(), since };
                let attempt = self.attempt_on_postgres(job, action, look, frame, part);
                match trace::revision(job.step, index + 1, jobs.len()).around(attempt).await {
                    Err(Error::Statement(failure)) if failure.driver.is_contention() => {
                        self.try_again(&mut contention, job.step, *failure).await?;
                        continue 'attempts;
                    }
                    outcome => outcome?,
                }
                took.push(started.elapsed());
            }
            return Ok(took);
        }
    }

    async fn attempt_on_postgres(
        &mut self,
        job: &Job<'_>,
        action: Action,
        look: &Look,
        frame: Frame<'_>,
        part: Part,
    ) -> Result<(), Error> {
        let took = Took::SinceTransaction { less: part.since.elapsed().as_millis() };
        let record = look.tables.record(&self.entry(job, action, took));
        let message = Message::new(job, frame, &self.hold, self.request.limits, part, &self.report.run_id, &record);
        trace::sql(&message.text);
        let span = trace::statements(1, || job.statement_count(Dialect::Postgres));
        let sent = span.around(self.db.batch_execute(&message.text)).await;
        let Err(error) = sent else { return Ok(()) };
        if error.kind == DriverErrorKind::ConnectionLost {
            return Err(Error::OutcomeUnknown { id: job.step.id.to_string(), driver: error });
        }
        // A failed transaction refuses every query until it is rolled back: a session that answers is in none.
        let transaction = match self.db.query("SELECT 1").await {
            Ok(_) => Transaction::Over,
            Err(_) => Transaction::Failed,
        };
        // Outside a transaction this is a warning of the server's and nothing else.
        let rolled_back = self.db.batch_execute("ROLLBACK").await;
        if let Err(lost) = rolled_back {
            return Err(Error::OutcomeUnknown { id: job.step.id.to_string(), driver: lost });
        }
        Err(message.explain(job, error, transaction))
    }
}

/// Who holds the advisory lock of a history, in words.
#[cfg(feature = "cli")]
pub(super) async fn holder(db: &mut dyn LiveConnection, look: &Look) -> Option<String> {
    let session = look.session.as_ref()?;
    holder_of(db, Key::of(session, look)).await
}

async fn holder_of(db: &mut dyn LiveConnection, key: Key) -> Option<String> {
    let query = format!(
        "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'a local socket'), \
         to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS'), left(a.query, 100) FROM pg_catalog.pg_locks l \
         JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE {}",
        key.held().replace("AND pid", "AND l.pid")
    );
    let rows = db.query(&query).await.ok()?;
    let row = rows.first()?;
    let text = |column| row.text(column).unwrap_or("").to_owned();
    let statement = running(&text(4));
    let (pid, application, address, since) = (text(0), text(1), text(2), text(3));
    Some(format!("process {pid} ({application}) from {address} since {since} UTC, running: {statement}"))
}

/// Who holds locks on what a statement names, or on the table of an index that it names: the longest transaction first.
///
/// `pg_blocking_pids` tells of sessions that wait, and this one has given up waiting.
pub(super) fn blockers_query(statement: &str) -> String {
    let statement = literal(Dialect::Postgres, statement);
    format!(
        "SELECT 'process ' || a.pid || ' (' || a.application_name || ') from ' || coalesce(host(a.client_addr), 'a local \
         socket'), 'holds ' || string_agg(DISTINCT c.relname, ', '), coalesce('in a transaction since ' || \
         extract(epoch FROM clock_timestamp() - a.xact_start)::integer || ' s', ''), coalesce(a.state, '') || ': ' || \
         coalesce(left(a.query, 100), '') FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN \
         pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'relation' AND l.granted AND l.pid <> \
         pg_backend_pid() AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AND \
         (position(lower(c.relname) IN lower({statement})) > 0 OR EXISTS (SELECT FROM pg_catalog.pg_index x JOIN \
         pg_catalog.pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid AND position(lower(i.relname) IN \
         lower({statement})) > 0)) AND c.relkind IN ('r', 'p', 'm', 'v') AND c.relnamespace <> \
         'pg_catalog'::regnamespace GROUP BY a.pid, a.application_name, a.client_addr, a.xact_start, a.state, a.query \
         ORDER BY a.xact_start LIMIT 5"
    )
}
