//! The one message that a revision costs, and what a failure inside it means.

use super::Key;
use crate::driver::DriverError;
use crate::engine::Look;
use crate::engine::step::{Before, Job};
use crate::error::Error;
use crate::sql::literal;
use migrate_plan::Dialect;

const DIALECT: Dialect = Dialect::Postgres;

/// What division by zero says when a proof fails.
const DIVISION_BY_ZERO: &str = "22012";

/// How many statements record a step.
const RECORD_STATEMENTS: usize = 2;

/// A revision as one string: the simple protocol runs it as one transaction in one round trip.
pub(super) struct Message {
    pub(super) text: String,
    before: Before,
    /// Which statement proves that the transaction still stands.
    guard: usize,
    /// Which one proves that the lock is still held.
    lock: Option<usize>,
    commit: usize,
}

impl Message {
    pub(super) fn new(job: &Job<'_>, look: &Look, key: Option<Key>, run_id: &str, record: &str) -> Self {
        let guard_value = literal(DIALECT, run_id);
        let head = format!("BEGIN;\nSELECT set_config('migrate.guard', {guard_value}, true);\n");
        let before = Before { characters: head.chars().count(), statements: 2 };
        let guard = before.statements + job.statement_count(DIALECT);
        let body = job.body().unwrap_or_default();
        let mut proofs = vec![format!(
            "SELECT 1 / CASE WHEN current_setting('migrate.guard', true) = {guard_value} THEN 1 ELSE 0 END"
        )];
        proofs.extend(key.map(|key| format!("SELECT 1 / count(*) FROM pg_catalog.pg_locks WHERE {}", key.held_here())));
        if body.to_ascii_lowercase().contains("search_path") {
            let path = look.session.as_ref().map_or("", |session| &session.search_path);
            proofs.push(format!("SELECT pg_catalog.set_config('search_path', {}, false)", literal(DIALECT, path)));
        }
        let commit = guard + proofs.len() + RECORD_STATEMENTS;
        // The body may end in a comment: what follows must not stand on its line.
        let text = format!("{head}{body}\n;\n{};\n{record};\nCOMMIT", proofs.join(";\n"));
        Self { text, before, guard, lock: key.map(|_| guard + 1), commit }
    }

    /// What a failure means, by the number of statements that had completed.
    pub(super) fn explain(&self, job: &Job<'_>, error: DriverError) -> Error {
        let at = error.completed.unwrap_or(0);
        let proof_failed = error.code.as_deref() == Some(DIVISION_BY_ZERO);
        if at < self.before.statements {
            Error::driver("the transaction cannot begin", error)
        } else if at < self.guard {
            job.failure(DIALECT, self.before, error)
        } else if at == self.guard && proof_failed {
            Error::TransactionEnded { id: job.step.id.to_string(), file: job.revision.file.to_string() }
        } else if Some(at) == self.lock && proof_failed {
            Error::Pooler
        } else if at == self.commit {
            job.failure(DIALECT, self.before, DriverError { position: None, completed: None, ..error })
        } else {
            Error::driver("the history cannot be written", error)
        }
    }
}
