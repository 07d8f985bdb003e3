//! SQLite: every revision takes the write lock for its own transaction and looks again inside it.

mod revision;
mod settings;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use migrate_plan::{Action, Dialect};

use super::patience::Patience;
use super::server::Frame;
use super::step::Job;
use super::{Look, Run, Transactions, look, look_for, work};
use crate::driver::{DriverError, DriverErrorKind};
use crate::error::{Error, Remains};
use crate::event::Event;
use crate::trace;
use revision::{Around, Became, Orphans};
use settings::ForeignKeys;

const DIALECT: Dialect = Dialect::Sqlite;
const WRITING: &str = "the history cannot be written";
const COMMITTING: &str = "the transaction cannot be committed";
const CHECKING: &str = "rows that point nowhere cannot be looked for";

/// What became of the steps of a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Another process changed the history between two transactions.
    HistoryChanged,
}

/// A row that points nowhere: table, row, parent table, which foreign key.
pub(super) type Violation = (String, String, String, String);

/// What is there more often than before: rows of a table without row ids all look alike.
fn beyond(before: Vec<Violation>, after: Vec<Violation>) -> Vec<Violation> {
    let mut old: HashMap<Violation, usize> = HashMap::new();
    before.into_iter().for_each(|violation| *old.entry(violation).or_default() += 1);
    let mut is_new = |violation: &Violation| match old.get_mut(violation).filter(|left| **left > 0) {
        Some(left) => {
            *left -= 1;
            false
        }
        None => true,
    };
    after.into_iter().filter(|violation| is_new(violation)).collect()
}

/// Refuses a revision that leaves rows that point nowhere and did not do so before.
pub(super) fn refuse_orphans(
    before: Vec<Violation>,
    after: Vec<Violation>,
    revision: (&str, &str),
    remains: Remains,
) -> Result<(), Error> {
    let new = beyond(before, after);
    if new.is_empty() { Ok(()) } else { Err(orphaned(new, revision, remains)) }
}

/// A revision that leaves these rows, which point nowhere.
fn orphaned(rows: Vec<Violation>, (id, file): (&str, &str), remains: Remains) -> Error {
    let words = |(table, row, parent, _): Violation| format!("`{table}` row {row} points into `{parent}`");
    let violations = rows.into_iter().map(words).collect();
    Error::ForeignKeys { id: id.to_owned(), file: file.to_owned(), violations, remains }
}

/// The pauses in which a file's lock is asked for.
pub(super) fn patience() -> Patience {
    Patience::new(Duration::from_millis(5), Duration::from_millis(250))
}

impl Run<'_, '_> {
    pub(super) async fn run_on_sqlite(&mut self, first: Look) -> Result<(), Error> {
        loop {
            let (now, last_log) = self.look_inside(&first).await?;
            // Own steps of an earlier round are no change by others, but then the plan is made anew anyway.
            let work = self.plan_again(&now, now.is_like(&first))?;
            let jobs = work.jobs(&now, self.db).await?;
            let mut done = 0;
            let outcome = self.do_jobs_on_sqlite(work.plan.action, &jobs, &now, last_log, &mut done).await;
            self.report.heads_after = work.heads_after(done);
            if outcome? == Outcome::Done {
                return Ok(());
            }
        }
    }

    /// Creates the tables, stores mended downs, and reads the history with the number of its last change, all in one
    /// transaction.
    async fn look_inside(&mut self, first: &Look) -> Result<(Look, i64), Error> {
        self.begin().await?;
        let outcome = self.prepare(first).await;
        self.end(outcome).await
    }

    async fn prepare(&mut self, first: &Look) -> Result<(Look, i64), Error> {
        let created = self.db.batch_execute(&first.tables.create()).await;
        created.map_err(|error| Error::driver("the history tables cannot be created", error))?;
        let mut now = look(self.db, &self.request.settings).await?;
        let applied = self.see(&now)?;
        let mended = self.mended(&applied);
        for revision in &mended {
            let sql = now.tables.renew_down(revision, &self.report.run_id, &self.request.author);
            self.db.batch_execute(&sql).await.map_err(|error| Error::driver(WRITING, error))?;
        }
        if !mended.is_empty() {
            now = look(self.db, &self.request.settings).await?;
        }
        let last_log = self.last_log(&now).await?;
        Ok((now, last_log))
    }

    async fn do_jobs_on_sqlite(
        &mut self,
        action: Action,
        jobs: &[Job<'_>],
        look: &Look,
        last_log: i64,
        done: &mut usize,
    ) -> Result<Outcome, Error> {
        if action.is_about_history() {
            return self.history_on_sqlite(jobs, look, last_log, done).await;
        }
        let mut keys = ForeignKeys::Unknown;
        let outcome = match self.request.transactions {
            Transactions::Each => {
                let journal = self.keep_journal(jobs.len()).await;
                let outcome = self.steps_on_sqlite(jobs, action, look, last_log, &mut keys, done).await;
                self.release_journal(journal).await;
                outcome
            }
            Transactions::One => self.steps_at_once_on_sqlite(jobs, action, look, last_log, &mut keys, done).await,
        };
        let restored = self.restore_foreign_keys(&mut keys).await;
        outcome.and_then(|outcome| restored.map(|()| outcome))
    }

    async fn steps_on_sqlite(
        &mut self,
        jobs: &[Job<'_>],
        action: Action,
        look: &Look,
        mut last_log: i64,
        keys: &mut ForeignKeys,
        done: &mut usize,
    ) -> Result<Outcome, Error> {
        for (index, job) in jobs.iter().enumerate() {
            self.refuse_stopped()?;
            let (number, of) = (index + 1, jobs.len());
            let step = async {
                self.emit(&Event::StepStarted { step: job.step, number, of });
                let started = Instant::now();
                if job.stands_outside() {
                    self.restore_foreign_keys(keys).await?;
                    self.step_journalled(job, action, look, Frame::Sqlite).await?;
                    last_log = self.last_log(look).await?;
                } else {
                    let orphans = match job.drops_table(DIALECT) {
                        true => self.suspend_foreign_keys(keys).await?,
                        false => {
                            self.restore_foreign_keys(keys).await?;
                            Orphans::Unchecked
                        }
                    };
                    match self.step_on_sqlite(job, Around { action, look, orphans, commits: true }, last_log).await? {
                        Became::Done => last_log = last_log.saturating_add(1),
                        _ => return Ok(Outcome::HistoryChanged),
                    }
                }
                *done = number;
                self.finish(job, started.elapsed());
                Ok::<_, Error>(Outcome::Done)
            };
            if trace::revision(job.step, number, of).around(step).await? == Outcome::HistoryChanged {
                return Ok(Outcome::HistoryChanged);
            }
        }
        Ok(Outcome::Done)
    }

    /// Runs all revisions in one transaction.
    async fn steps_at_once_on_sqlite(
        &mut self,
        jobs: &[Job<'_>],
        action: Action,
        look: &Look,
        last_log: i64,
        keys: &mut ForeignKeys,
        done: &mut usize,
    ) -> Result<Outcome, Error> {
        work::refuse_parts(jobs, DIALECT)?;
        self.refuse_mixed_keys(jobs).await?;
        let orphans = match jobs.iter().any(|job| job.drops_table(DIALECT)) {
            true => self.suspend_foreign_keys(keys).await?,
            false => Orphans::Unchecked,
        };
        let around = Around { action, look, orphans, commits: false };
        let Some(took) = self.transaction_of_all(jobs, around, last_log).await? else {
            return Ok(Outcome::HistoryChanged);
        };
        jobs.iter().zip(took).for_each(|(job, took)| self.finish(job, took));
        *done = jobs.len();
        Ok(Outcome::Done)
    }

    /// How long each took, or nothing when another process was faster.
    async fn transaction_of_all(
        &mut self,
        jobs: &[Job<'_>],
        around: Around<'_>,
        last_log: i64,
    ) -> Result<Option<Vec<Duration>>, Error> {
        self.begin().await?;
        let outcome = async {
            // Rows that point nowhere already are tolerated, and then those of each revision are compared.
            let tolerates = around.orphans == Orphans::Refused && !self.violations().await?.is_empty();
            let around = if tolerates { Around { orphans: Orphans::Compared, ..around } } else { around };
            let mut took = Vec::new();
            for (number, job) in (1..).zip(jobs) {
                self.refuse_stopped()?;
                self.emit(&Event::StepStarted { step: job.step, number, of: jobs.len() });
                let started = Instant::now();
                // Once it is proved, nobody else can write as long as the transaction stands.
                let proved = (number == 1).then_some(last_log);
                let revision = self.revision_on_sqlite(job, around, proved);
                match trace::revision(job.step, number, jobs.len()).around(revision).await? {
                    Became::Done => took.push(started.elapsed()),
                    Became::Overtaken => return Ok(None),
                    Became::Orphaned => {
                        let of = (&*job.step.id, &*job.revision.file);
                        return Err(orphaned(self.violations().await?, of, Remains::Nothing));
                    }
                }
            }
            Ok(Some(took))
        };
        let outcome = outcome.await;
        self.end(outcome).await
    }

    async fn history_on_sqlite(
        &mut self,
        jobs: &[Job<'_>],
        look: &Look,
        last_log: i64,
        done: &mut usize,
    ) -> Result<Outcome, Error> {
        self.begin().await?;
        let outcome = self.history_inside(jobs, look, last_log).await;
        if self.end(outcome).await? == Outcome::HistoryChanged {
            return Ok(Outcome::HistoryChanged);
        }
        jobs.iter().for_each(|job| self.finish(job, Duration::ZERO));
        *done = jobs.len();
        Ok(Outcome::Done)
    }

    async fn history_inside(&mut self, jobs: &[Job<'_>], look: &Look, last_log: i64) -> Result<Outcome, Error> {
        if self.last_log(look).await? != last_log {
            return Ok(Outcome::HistoryChanged);
        }
        if let Some(adoption) = self.request.goal.adoption() {
            return self.adopt_inside(adoption, jobs, look).await.map(|()| Outcome::Done);
        }
        for change in self.history_changes(jobs, look) {
            self.execute(&change).await?;
        }
        Ok(Outcome::Done)
    }

    /// Takes the write lock, waiting as long as the lock timeout allows.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.while_busy("BEGIN IMMEDIATE", "the transaction cannot begin").await
    }

    /// Commits what succeeded and rolls back what failed.
    pub(super) async fn end<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        match outcome {
            Ok(value) => match self.while_busy("COMMIT", COMMITTING).await {
                Ok(()) => Ok(value),
                Err(error) => {
                    let _ = self.db.batch_execute("ROLLBACK").await;
                    Err(error)
                }
            },
            Err(error) => {
                // Some failures roll back by themselves; then there is nothing left to roll back.
                let _ = self.db.batch_execute("ROLLBACK").await;
                Err(error)
            }
        }
    }

    async fn while_busy(&mut self, sql: &str, doing: &'static str) -> Result<(), Error> {
        let mut patience = patience();
        loop {
            match self.db.batch_execute(sql).await {
                Err(error) if error.kind == DriverErrorKind::Busy => self.wait(&mut patience, None).await?,
                outcome => return outcome.map_err(|error| Error::driver(doing, error)),
            }
        }
    }

    /// Looks, waiting as long as the lock timeout allows: while another process commits, nobody can read.
    pub(super) async fn look_patiently(&mut self) -> Result<Look, Error> {
        let mut patience = patience();
        let ids = self.request.goal.concerns(self.graph);
        let known = self.request.own_settings.get().and_then(|known| known.session.as_ref());
        loop {
            let looked = match &ids {
                Some(ids) => look_for(self.db, &self.request.settings, ids, known).await,
                None => look(self.db, &self.request.settings).await,
            };
            match looked {
                Err(Error::Driver { driver, .. }) if driver.kind == DriverErrorKind::Busy => {
                    self.wait(&mut patience, None).await?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn execute(&mut self, sql: &str) -> Result<(), Error> {
        self.db.batch_execute(sql).await.map_err(|error| Error::driver(WRITING, error))
    }

    async fn text_of(&mut self, sql: &str) -> Result<String, Error> {
        let rows = self.db.query(sql).await.map_err(|error: DriverError| Error::driver(WRITING, error))?;
        Ok(rows.first().and_then(|row| row.text(0)).unwrap_or_default().to_owned())
    }

    async fn last_log(&mut self, look: &Look) -> Result<i64, Error> {
        let number = self.text_of(&look.tables.select_last_log()).await?.parse();
        let table = || look.tables.log_table().to_owned();
        number.map_err(|_| Error::HistoryMalformed { table: table(), problem: "its rows have no numbers".to_owned() })
    }

    pub(super) async fn violations(&mut self) -> Result<Vec<Violation>, Error> {
        let rows = self.db.query("PRAGMA foreign_key_check").await.map_err(|error| Error::driver(CHECKING, error))?;
        let text = |row: &crate::driver::Row, column| row.text(column).unwrap_or("?").to_owned();
        Ok(rows.iter().map(|row| (text(row, 0), text(row, 1), text(row, 2), text(row, 3))).collect())
    }
}
