//! One revision on SQLite: two messages inside its transaction, since some drivers hand each message to another thread.
//!
//! The first proves that nobody else has changed the history, and runs the revision's SQL. The second proves that its
//! transaction still stands, records it and commits. The SQL is in no text with the rows: a comment that it leaves open
//! would swallow them.

use std::time::Instant;

use migrate_plan::Action;

use super::{CHECKING, COMMITTING, DIALECT, WRITING, refuse_orphans};
use crate::driver::{DriverError, DriverErrorKind};
use crate::engine::step::{Before, Job};
use crate::engine::{Look, Run};
use crate::error::{Error, Remains};
use crate::history::{RECORD_STATEMENTS, Took};
use crate::trace;

/// The savepoint that is gone when the transaction of the revision is over.
const GUARD: &str = "migrate_guard";

/// Fails when some row points nowhere: the smallest integer has no absolute value.
const NO_ORPHANS: &str = "SELECT 1 FROM pragma_foreign_key_check WHERE abs(-9223372036854775808 + 0 * fkid)";

/// What it fails with.
const OVERFLOW: &str = "integer overflow";

/// What stands around the SQL of a revision.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) action: Action,
    pub(super) look: &'a Look,
    pub(super) orphans: Orphans,
    /// Whether its transaction ends with it.
    pub(super) commits: bool,
}

/// What is asked about rows that point nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Orphans {
    /// Nothing: SQLite sees to them, or nobody does.
    Unchecked,
    /// There may be none afterwards.
    Refused,
    /// There may be no more than before.
    Compared,
}

/// What became of a revision.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    Done,
    /// Another process was faster.
    Overtaken,
    /// There are rows that point nowhere, maybe since long ago.
    Orphaned,
}

/// What a statement behind a revision's SQL is for.
#[derive(Clone, Copy)]
enum Part {
    Release,
    Orphans,
    Record,
    Commit,
}

impl Run<'_, '_> {
    /// Runs one revision in a transaction of its own.
    pub(super) async fn step_on_sqlite(
        &mut self,
        job: &Job<'_>,
        around: Around<'_>,
        last_log: i64,
    ) -> Result<Became, Error> {
        match self.attempt_on_sqlite(job, around, last_log).await? {
            Became::Orphaned => {
                self.attempt_on_sqlite(job, Around { orphans: Orphans::Compared, ..around }, last_log).await
            }
            became => Ok(became),
        }
    }

    async fn attempt_on_sqlite(&mut self, job: &Job<'_>, around: Around<'_>, last_log: i64) -> Result<Became, Error> {
        self.begin().await?;
        let outcome = self.revision_on_sqlite(job, around, Some(last_log)).await;
        if !matches!(outcome, Ok(Became::Done)) {
            // Some failures roll back by themselves; then there is nothing left to roll back.
            let _ = self.db.batch_execute("ROLLBACK").await;
        }
        outcome
    }

    /// Runs one revision in the transaction that has begun, and proves first that this is the last row of the log.
    pub(super) async fn revision_on_sqlite(
        &mut self,
        job: &Job<'_>,
        around: Around<'_>,
        last_log: Option<i64>,
    ) -> Result<Became, Error> {
        let started = Instant::now();
        let compared = around.orphans == Orphans::Compared;
        let before = if compared { self.violations().await? } else { Vec::new() };
        let proof = last_log.map(|number| around.look.tables.prove_last_log(number) + ";\n").unwrap_or_default();
        let head = format!("{proof}SAVEPOINT {GUARD};\n");
        let body = job.body().unwrap_or_default();
        trace::sql(body);
        let span = trace::statements(1, || job.statement_count(DIALECT));
        let sent = span.around(self.db.batch_execute(&format!("{head}{body}"))).await;
        if let Err(error) = sent {
            return self.explain_on_sqlite(job, around, last_log, &head, error).await;
        }
        let mut parts = vec![(Part::Release, format!("RELEASE {GUARD}"))];
        if compared {
            self.end_on_sqlite(job, &parts).await?;
            let (id, file) = (&job.step.id, &job.revision.file);
            refuse_orphans(before, self.violations().await?, (id, file), Remains::Nothing)?;
            parts.clear();
        }
        parts.extend((around.orphans == Orphans::Refused).then(|| (Part::Orphans, NO_ORPHANS.to_owned())));
        let took = Took::Milliseconds(started.elapsed().as_millis());
        parts.push((Part::Record, around.look.tables.record(&self.entry(job, around.action, took))));
        parts.extend(around.commits.then(|| (Part::Commit, "COMMIT".to_owned())));
        self.end_on_sqlite(job, &parts).await
    }

    /// What a failure before the end of the revision's SQL means.
    async fn explain_on_sqlite(
        &mut self,
        job: &Job<'_>,
        around: Around<'_>,
        last_log: Option<i64>,
        head: &str,
        error: DriverError,
    ) -> Result<Became, Error> {
        let statements = 1 + usize::from(last_log.is_some());
        let before = Before { characters: head.chars().count(), statements, ..Before::default() };
        // A driver that does not count is asked as if it were the proof that failed.
        let overtaken = match (last_log, error.completed) {
            (Some(last), None | Some(0)) => self.last_log(around.look).await.is_ok_and(|now| now != last),
            _ => false,
        };
        if overtaken {
            return Ok(Became::Overtaken);
        }
        // `BEGIN IMMEDIATE` succeeds on a file that is open read-only, so that the first write is the revision's own.
        let is_ours = error.completed.is_some_and(|completed| completed < before.statements);
        Err(match error.kind {
            DriverErrorKind::ReadOnly => Error::driver(WRITING, error),
            _ if is_ours => Error::driver(WRITING, error),
            _ => job.failure(DIALECT, before, error),
        })
    }

    /// Runs what follows a revision's SQL.
    async fn end_on_sqlite(&mut self, job: &Job<'_>, parts: &[(Part, String)]) -> Result<Became, Error> {
        let text = parts.iter().map(|(_, sql)| sql.as_str()).collect::<Vec<_>>().join(";\n");
        let Err(error) = self.db.batch_execute(&text).await else { return Ok(Became::Done) };
        let count = |part: Part| if let Part::Record = part { RECORD_STATEMENTS } else { 1 };
        let mut each = parts.iter().flat_map(|(part, _)| std::iter::repeat_n(*part, count(*part)));
        let failed = error.completed.and_then(|completed| each.nth(completed));
        match failed {
            Some(Part::Orphans) if error.message.contains(OVERFLOW) => Ok(Became::Orphaned),
            Some(Part::Orphans) if error.message.contains("foreign key mismatch") => Err(at_end(job, error)),
            Some(Part::Orphans) => Err(Error::driver(CHECKING, error)),
            Some(Part::Commit) if error.kind == DriverErrorKind::Busy => {
                self.while_busy("COMMIT", COMMITTING).await.map(|()| Became::Done)
            }
            // Foreign keys that are checked here alone.
            Some(Part::Commit) if error.message.contains("constraint failed") => Err(at_end(job, error)),
            Some(Part::Commit) => Err(Error::driver(COMMITTING, error)),
            Some(Part::Record) => Err(Error::driver(WRITING, error)),
            None if !error.message.contains(GUARD) => Err(Error::driver(WRITING, error)),
            Some(Part::Release) | None => {
                Err(Error::TransactionEnded { id: job.step.id.to_string(), file: job.revision.file.to_string() })
            }
        }
    }
}

/// A constraint that a revision leaves broken behind its last statement.
fn at_end(job: &Job<'_>, error: DriverError) -> Error {
    job.failure(DIALECT, Before::default(), DriverError { position: None, completed: None, ..error })
}
