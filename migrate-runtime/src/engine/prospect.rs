//! What is about to happen, shown to whoever may hold it back before the first write.

use migrate_plan::{Diagnostic, Dialect, Direction, Plan};

use super::step::Job;
use crate::error::Error;

/// What a run is about to do. Everything that could be refused was asked, and nothing is written yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Prospect<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// The statements that destroy data, in the order in which they would run.
    pub losses: Vec<Loss>,
    /// Whether there is a history already: not before the first run.
    pub history_exists: bool,
}

/// A statement that destroys data: see [`destroys_data`](migrate_plan::Statement::destroys_data).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The revision.
    pub id: String,
    /// Up or down.
    pub direction: Direction,
    /// The first line of the statement.
    pub statement: String,
}

/// Who may hold a run back; gives what the log is to say of it.
pub(crate) type Gate<'g> = Box<dyn FnOnce(&Prospect<'_>) -> Result<Option<String>, Diagnostic> + Send + 'g>;

/// Asks the gate.
pub(super) fn pass(
    gate: Gate<'_>,
    plan: &Plan,
    jobs: &[Job<'_>],
    history_exists: bool,
    dialect: Dialect,
) -> Result<Option<String>, Error> {
    let losses = jobs.iter().flat_map(|job| losses(job, dialect)).collect();
    gate(&Prospect { plan, losses, history_exists }).map_err(|refusal| Error::Withheld(Box::new(refusal)))
}

/// What is left to run of a revision that was interrupted is not told apart: better one question too many.
fn losses(job: &Job<'_>, dialect: Dialect) -> Vec<Loss> {
    let statements = job.statements(dialect);
    let destroying = statements.iter().filter(|statement| statement.destroys_data());
    let loss = |statement: &migrate_plan::Statement<'_>| Loss {
        id: job.step.id.to_string(),
        direction: job.step.direction,
        statement: statement.sql().lines().next().unwrap_or_default().trim_end().to_owned(),
    };
    destroying.map(loss).collect()
}
