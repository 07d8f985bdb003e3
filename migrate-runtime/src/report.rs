//! What a run did.

use std::time::Duration;

use migrate_plan::{Action, Direction};

/// One revision that a run applied, undid or stamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// The revision.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Up or down.
    pub direction: Direction,
    /// How long it took, commit included; zero for a stamp.
    pub duration: Duration,
}

/// What a run did, complete or until it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunReport {
    /// What was asked for.
    pub action: Action,
    /// The id under which the log has it.
    pub run_id: String,
    /// What is done, in order. Each of these is committed.
    pub steps: Vec<StepReport>,
    /// How many steps the plan had.
    pub planned: usize,
    /// The applied heads before.
    pub heads_before: Vec<String>,
    /// The applied heads after what is done.
    pub heads_after: Vec<String>,
    /// Revisions that the database has and this binary does not know.
    pub unknown: Vec<String>,
    /// What the log rows of this run say beside what was done, such as where the backup is.
    pub note: Option<String>,
    /// Of a run that failed half-way: the verb and target that lead where it was going, such as `downgrade 1975ea83b712`, since a
    /// target such as `-2` counts from what is applied by now. `None` where nothing was done, where what was asked for still means
    /// the same, where another process has changed the history, and where no single target leads there.
    pub rest: Option<String>,
    /// Revisions that were taken over from another tool before the first step: recorded, and not run. Committed.
    pub adopted: Vec<String>,
}

impl RunReport {
    pub(crate) fn new(action: Action, run_id: String) -> Self {
        Self {
            action,
            run_id,
            steps: Vec::new(),
            planned: 0,
            heads_before: Vec::new(),
            heads_after: Vec::new(),
            unknown: Vec::new(),
            note: None,
            rest: None,
            adopted: Vec::new(),
        }
    }

    /// The ids of what is done, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.id.as_str())
    }
}
