//! What happens during a run, as it happens. The engine prints nothing; whoever listens may.

use std::time::Duration;

use migrate_plan::{Drift, Plan, Step};

/// Something that happens during a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The files of the folder are no longer what this debug build embeds.
    Stale {
        /// The folder.
        folder: &'a str,
    },
    /// The plan is made; nothing is written yet. Comes again when another process changed the history meanwhile.
    Planned {
        /// What will be done.
        plan: &'a Plan,
    },
    /// The database has revisions that are not here, and the run goes on.
    DatabaseAhead {
        /// Their ids.
        unknown: &'a [String],
    },
    /// Applied revisions whose files were edited, and the run goes on.
    Edited {
        /// Which sections.
        drift: &'a [Drift],
    },
    /// The table of another tool was understood, and its rows are about to be recorded in the history.
    Adopting {
        /// The table.
        table: &'a str,
        /// How many revisions there are to record.
        revisions: usize,
        /// What is worth saying of them, one line each, such as that a text had other line ends.
        notes: &'a [String],
    },
    /// Another process is migrating; comes once at the beginning and then every ten seconds.
    Waiting {
        /// For how long already.
        waited: Duration,
        /// Who holds the lock and what it runs, where the database tells.
        holder: Option<&'a str>,
    },
    /// The lock is taken.
    Locked,
    /// A revision begins.
    StepStarted {
        /// The step.
        step: &'a Step,
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// Other sessions lock what a revision needs; it will be tried again.
    Blocked {
        /// The step.
        step: &'a Step,
        /// For how long it has been tried.
        waited: Duration,
        /// How many attempts there were.
        attempts: u32,
        /// How many there are at most.
        of: u32,
        /// The sessions that are in the way, in words; empty where the server does not tell.
        blockers: &'a [String],
    },
    /// A revision is committed.
    StepFinished {
        /// The step.
        step: &'a Step,
        /// How long it took.
        duration: Duration,
    },
}

/// Where events go.
pub(crate) type Listener<'l> = Box<dyn FnMut(&Event<'_>) + Send + 'l>;
