//! The one message that a revision costs, and what a failure inside it means.

use std::time::Instant;

use super::Frame;
use crate::driver::DriverError;
use crate::engine::contention::Limits;
use crate::engine::hold::{Hold, LEASE_LOST};
use crate::engine::step::{Before, Job};
use crate::error::Error;
use crate::history::RECORD_STATEMENTS;
use crate::sql::literal;
use migrate_plan::Dialect;

const DIALECT: Dialect = Dialect::Postgres;

/// What a proof says when the transaction of the revision is over.
const ENDED: &str = "the transaction of this revision has ended";

/// The setting that lives as long as the transaction: it has the name of the run, or as long as the lease is not renewed
/// [`BEGUN`].
const GUARD: &str = "migrate.guard";

/// What stands in the guard before the lease is renewed.
const BEGUN: &str = "begun";

/// The code of a statement that would write in a read-only session: no statement of the file is to blame.
const READ_ONLY: &str = "25006";

/// How many statements bring the session's settings back.
const SETTINGS_STATEMENTS: usize = 2;

/// Which part of a transaction a revision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Whether the transaction begins with it.
    pub(super) begins: bool,
    /// Whether the transaction ends with it.
    pub(super) ends: bool,
    /// When the transaction began.
    pub(super) since: Instant,
}

impl Part {
    /// A transaction of its own.
    pub(super) fn whole() -> Self {
        Self { begins: true, ends: true, since: Instant::now() }
    }
}

/// A revision as one string: the simple protocol runs it as one transaction in one round trip.
pub(super) struct Message {
    pub(super) text: String,
    before: Before,
    /// Which statement is the first after the section's.
    guard: usize,
    commit: usize,
}

/// What became of the transaction of a message that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    /// It failed and is rolled back as a whole.
    Failed,
    /// It was over when the failure was met.
    Over,
}

/// A statement that fails with these words when the condition does not hold. The words tell it apart where counting
/// statements cannot: what ends a transaction unseen is a statement that was not counted.
pub(super) fn proof(condition: &str, otherwise: &str) -> String {
    format!("SELECT CAST(CASE WHEN {condition} THEN '1' ELSE '{otherwise}' END AS integer)")
}

impl Message {
    pub(super) fn new(
        job: &Job<'_>,
        frame: Frame<'_>,
        hold: &Hold,
        limits: Limits,
        part: Part,
        run_id: &str,
        record: &str,
    ) -> Self {
        let ours = literal(DIALECT, run_id);
        let guarded = |value: &str| format!("SET LOCAL {GUARD} = {value}");
        let mut head: Vec<String> = part.begins.then(|| "BEGIN".to_owned()).into_iter().collect();
        head.extend(limits.sets_on_postgres());
        match (hold, part.begins) {
            (Hold::Lease(lease), true) => {
                let call = format!("set_config('{GUARD}', {ours}, true)");
                head.extend([guarded(&format!("'{BEGUN}'")), lease.hold_and_call(&call)]);
            }
            (hold, true) => {
                head.push(guarded(&ours));
                head.extend(hold.proofs());
            }
            (_, false) => head.push(guarded(&ours)),
        }
        let statements = head.len();
        // Whoever waits sees the beginning of this text.
        let head = format!("{} {};\n", job.name(), head.join(";\n"));
        let before = Before { characters: head.chars().count(), statements, ..Before::default() };
        let guard = before.statements + job.statement_count(DIALECT);
        let body = job.body().unwrap_or_default();
        let whole = format!(
            "SELECT CAST(CASE current_setting('{GUARD}', true) WHEN {ours} THEN '1' WHEN '{BEGUN}' THEN '{LEASE_LOST}' ELSE \
             '{ENDED}' END AS integer)"
        );
        let commit = guard + 1 + SETTINGS_STATEMENTS + RECORD_STATEMENTS;
        // The body may end in a comment: what follows must not stand on its line.
        let settings = frame.own_settings;
        let text =
            format!("{head}{body}\n;\n{whole};\n{settings};\n{record}{}", if part.ends { ";\nCOMMIT" } else { "" });
        Self { text, before, guard, commit }
    }

    /// What a failure means, by its words and by the number of statements that had completed.
    pub(super) fn explain(&self, job: &Job<'_>, error: DriverError, transaction: Transaction) -> Error {
        let at = error.completed.unwrap_or(0);
        if let Some(lost) = Hold::lost(&error) {
            lost
        } else if at == 0 && self.before.is_followed_by(job.body().unwrap_or_default(), &error) {
            // By the number of statements it would be one of ours.
            job.failure(DIALECT, self.before, DriverError { completed: None, ..error })
        } else if at < self.before.statements {
            Error::driver("the transaction cannot begin", error)
        } else if error.code.as_deref() == Some(READ_ONLY) {
            Error::driver("the revision cannot be written", error)
        } else if error.message.contains(ENDED) || (transaction == Transaction::Over && at != self.commit) {
            Error::TransactionEnded { id: job.step.id.to_string(), file: job.revision.file.to_string() }
        } else if at < self.guard {
            job.failure(DIALECT, self.before, error)
        } else if at == self.commit {
            job.failure(DIALECT, self.before, DriverError { position: None, completed: None, ..error })
        } else {
            Error::driver("the history cannot be written", error)
        }
    }
}
