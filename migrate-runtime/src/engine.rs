//! The one loop that changes databases: look, plan, lock, look again, run revision by revision, unlock.
//!
//! Takes a graph, what is asked for and a live connection. What differs between databases, how a lock is held and how a
//! revision and its history row become one transaction, is behind the [`postgres`] and [`sqlite`] modules.

mod adopt;
mod catalog;
mod contention;
mod glance;
mod hold;
#[cfg(feature = "cli")]
mod holder;
mod journalled;
mod lease;
mod look;
mod mysql;
mod patience;
mod postgres;
mod prospect;
mod script;
mod server;
mod sqlite;
mod step;
mod untaken;
mod work;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use migrate_plan::{
    Action, Ahead, Applied, Dialect, Direction, Drift, Inserted, Plan, PlanError, Purge, RevisionGraph, Settings, Step,
    Target,
};

use crate::driver::LiveConnection;
use crate::error::{Error, RunError};
use crate::event::{Event, Listener};
use crate::history::{Author, Entry, Took};
use crate::report::{RunReport, StepReport};
use crate::stop::Stop;
use crate::trace;
pub(crate) use adopt::Adoption;
pub(crate) use contention::Limits;
pub(crate) use glance::head_of_everything;
use hold::Hold;
#[cfg(feature = "cli")]
pub(crate) use holder::holder;
use look::look_for;
pub(crate) use look::{Look, look};
pub(crate) use postgres::OwnSettings;
pub(crate) use prospect::Gate;
pub use prospect::{Loss, Prospect};
pub(crate) use script::{script_from, script_here};
use step::Job;
pub(crate) use untaken::refuse_untaken;
#[cfg(feature = "cli")]
pub(crate) use untaken::untaken;
pub(crate) use work::Work;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Goal {
    Upgrade(Vec<Target>),
    Downgrade(Target),
    Redo(Target),
    Stamp(Vec<Target>, Purge),
    Repair(Vec<Target>),
    /// One revision alone: what verification does again and again.
    Single(Direction, String),
    /// Nothing asks for it without a feature that knows another tool.
    #[cfg_attr(not(feature = "adopt-refinery"), allow(dead_code))]
    Adopt(Adoption),
}

impl Goal {
    fn action(&self) -> Action {
        match self {
            Self::Upgrade(_) | Self::Single(Direction::Up, _) => Action::Upgrade,
            Self::Downgrade(_) | Self::Single(Direction::Down, _) => Action::Downgrade,
            Self::Redo(_) => Action::Redo,
            Self::Stamp(..) => Action::Stamp,
            Self::Repair(_) => Action::Repair,
            Self::Adopt(_) => Action::Adopt,
        }
    }

    fn targets(&self) -> &[Target] {
        match self {
            Self::Upgrade(targets) | Self::Stamp(targets, _) | Self::Repair(targets) => targets,
            Self::Downgrade(target) | Self::Redo(target) => std::slice::from_ref(target),
            Self::Adopt(_) | Self::Single(..) => &[],
        }
    }

    fn adoption(&self) -> Option<&Adoption> {
        match self {
            Self::Adopt(adoption) => Some(adoption),
            _ => None,
        }
    }

    fn purges(&self) -> bool {
        matches!(self, Self::Stamp(_, Purge::Yes))
    }

    /// Whether the database is there for this alone, so that nobody else changes it meanwhile.
    fn is_alone(&self) -> bool {
        matches!(self, Self::Single(..))
    }

    /// The revisions that decide whether it can be done, where these are few: the one and those that it stands on.
    fn concerns<'g>(&self, graph: &'g RevisionGraph) -> Option<Vec<&'g str>> {
        let Self::Single(_, id) = self else { return None };
        let node = graph.node(id)?;
        let needs = graph.parents(node).iter().chain(graph.depends_on(node));
        Some(needs.chain([&node]).map(|node| graph.id(*node)).collect())
    }

    /// Whether what it means depends on what is applied: then a plan cannot be made anew.
    fn is_relative(&self) -> bool {
        match self {
            Self::Upgrade(targets) | Self::Stamp(targets, _) => targets.iter().any(|target| target.symbol.is_none()),
            Self::Downgrade(target) => target.symbol.is_none(),
            // Half of it done, a plan made anew would be for the other half alone.
            Self::Redo(_) | Self::Repair(_) | Self::Single(..) => true,
            Self::Adopt(_) => false,
        }
    }
}

/// How many transactions a run takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Transactions {
    /// One for each revision.
    #[default]
    Each,
    /// One for all of them.
    One,
}

/// How it is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) goal: Goal,
    pub(crate) settings: Settings,
    pub(crate) inserted: Inserted,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) limits: Limits,
    pub(crate) transactions: Transactions,
    pub(crate) stop: Stop,
    pub(crate) author: Author,
    /// Why, in words that the log keeps.
    pub(crate) reason: Option<String>,
    /// What the session is set to, for runs that have the database to themselves: each leaves it as it was.
    pub(crate) own_settings: Arc<OnceLock<OwnSettings>>,
}

/// Makes the plan and refuses what can be refused; writes nothing.
pub(crate) fn plan<'g>(request: &Request, applied: Applied<'g>, dialect: Dialect) -> Result<Work<'g>, PlanError> {
    let finishes = applied.interrupted().is_some() && !request.goal.action().is_about_history();
    let finished = if finishes { Some(applied.finished()?) } else { None };
    let mut plan = plan_steps(request, finished.as_ref().unwrap_or(&applied), dialect)?;
    if finishes {
        plan = plan.finishing(&applied, dialect)?;
    }
    Ok(Work { plan, now: applied, finished })
}

fn plan_steps(request: &Request, applied: &Applied<'_>, dialect: Dialect) -> Result<Plan, PlanError> {
    let plan = match &request.goal {
        Goal::Upgrade(targets) => {
            let plan = Plan::upgrade(applied, targets)?;
            plan.refuse_by_policy(applied, request.settings.ahead, request.inserted)?;
            refuse_drift(applied, dialect)?;
            plan
        }
        Goal::Downgrade(target) => Plan::downgrade(applied, target)?,
        Goal::Redo(target) => Plan::redo(applied, target)?,
        Goal::Stamp(targets, purge) => Plan::stamp(applied, targets, *purge)?,
        Goal::Repair(targets) => Plan::repair(applied, targets, dialect)?,
        Goal::Single(direction, id) => Plan::single(applied, *direction, id),
        Goal::Adopt(adoption) => Plan::adopt(applied, adoption.rows.keys().map(String::as_str)),
    };
    plan.refuse_unrunnable(applied, dialect)?;
    Ok(plan)
}

fn refuse_drift(applied: &Applied<'_>, dialect: Dialect) -> Result<(), PlanError> {
    let drift: Vec<Drift> =
        applied.drift(dialect).into_iter().filter(|drift| drift.direction == Direction::Up).collect();
    if drift.is_empty() { Ok(()) } else { Err(PlanError::Drift { drift }) }
}

/// Runs what is asked for.
pub(crate) async fn run(
    request: &Request,
    graph: &RevisionGraph,
    db: &mut dyn LiveConnection,
    listener: &mut Option<Listener<'_>>,
    gate: Option<Gate<'_>>,
) -> Result<RunReport, RunError> {
    let note = request.reason.clone();
    let report = RunReport { note, ..RunReport::new(request.goal.action(), random_id()) };
    let (announced, hold) = (HashSet::new(), Hold::Unproven);
    let mut run = Run { request, graph, db, listener, report, announced, hold, approved: false, rest: None };
    let own_waiting = run.suspend_busy_timeout().await;
    let span = trace::run(run.report.action, &run.report.run_id, run.db.dialect());
    let going = async {
        let outcome = run.go(gate).await.map_err(|error| run.stopped(error));
        outcome.as_ref().err().into_iter().for_each(trace::failed);
        outcome
    };
    let outcome = span.around(going).await;
    run.restore_busy_timeout(own_waiting).await;
    match outcome {
        Ok(()) => Ok(run.report),
        Err(error) => {
            // The next run finishes a half before it counts.
            let done = run.report.steps.len() + usize::from(error.half_done().is_some());
            let left = run.report.planned.saturating_sub(done);
            // Where others have changed the history, the plan that this leads to is no longer what was looked at.
            let is_ours = !matches!(error, Error::HistoryChanged | Error::LeaseLost);
            let rest = run.rest.filter(|_| done > 0 && is_ours).and_then(|rest| match rest {
                Rest::Named(command) => Some(command),
                Rest::OfBranch(id) => (left > 0).then(|| format!("downgrade {id}@-{left}")),
            });
            Err(RunError { error, report: Box::new(RunReport { rest, ..run.report }) })
        }
    }
}

/// Twelve random hexadecimal digits: enough to tell runs apart.
pub(crate) fn random_id() -> String {
    let mut bytes = [0; 6];
    // Without randomness runs share an id, which the log can bear.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One run.
struct Run<'r, 'l> {
    request: &'r Request,
    graph: &'r RevisionGraph,
    db: &'r mut dyn LiveConnection,
    listener: &'r mut Option<Listener<'l>>,
    report: RunReport,
    /// The steps of the first plan.
    announced: HashSet<(Direction, String)>,
    hold: Hold,
    /// Whether somebody has said yes to the first plan.
    approved: bool,
    /// What does the rest of the first plan once a part of it is done.
    rest: Option<Rest>,
}

/// What does the rest of a plan.
enum Rest {
    /// A verb with its target.
    Named(String),
    /// Undoing the branch of this revision further, as many revisions as are left.
    OfBranch(String),
}

impl<'r> Run<'r, '_> {
    async fn go(&mut self, gate: Option<Gate<'_>>) -> Result<(), Error> {
        let first = self.look_patiently().await?;
        let work = plan(self.request, self.see(&first)?, self.db.dialect())?;
        self.report.planned = work.plan.all_steps().count();
        self.report.heads_before = work.now.head_ids();
        self.report.heads_after = work.now.head_ids();
        self.report.unknown = work.now.unknown().map(|row| row.id.clone()).collect();
        self.tell_oddities(&work.now);
        self.rest = self.rest_of(&work);
        self.announced = work.plan.all_steps().map(|step| (step.direction, step.id.to_string())).collect();
        self.emit(&Event::Planned { plan: &work.plan });
        if work.plan.is_empty() {
            return Ok(());
        }
        self.refuse_untaken(&first).await?;
        // Stored sections are read before the lock, since a missing one refuses the run.
        let jobs = work.jobs(&first, self.db).await?;
        if self.request.transactions == Transactions::One && !work.plan.action.is_about_history() {
            work::refuse_parts(&jobs, self.db.dialect())?;
            self.refuse_mixed_keys(&jobs).await?;
        }
        if let Some(gate) = gate {
            let note = prospect::pass(gate, &work.plan, &jobs, first.exists, self.db.dialect())?;
            self.report.note = note.or(self.report.note.take());
            self.approved = true;
        }
        match self.db.dialect() {
            Dialect::Sqlite => self.run_on_sqlite(first).await,
            Dialect::Postgres => self.run_on_postgres(first).await,
            Dialect::MySql | Dialect::MariaDb => self.run_on_mysql(first).await,
        }
    }

    /// What the database has. A purge goes on over rows that no graph can hold: it is what mends them.
    fn see(&self, look: &Look) -> Result<Applied<'r>, Error> {
        match look.applied(self.graph) {
            Err(Error::Plan(PlanError::HistoryUnusable { .. })) if self.request.goal.purges() => {
                Ok(Applied::nothing(self.graph))
            }
            seen => seen,
        }
    }

    /// The plan for what the database has now, against what it had at the first look.
    fn plan_again(&mut self, look: &Look, unchanged: bool) -> Result<Work<'r>, Error> {
        if !unchanged && self.request.goal.is_relative() {
            return Err(Error::HistoryChanged);
        }
        let work = plan(self.request, self.see(look)?, self.db.dialect())?;
        // What undoes or forgets may do no more than the plan that somebody has read.
        let known = |step: &Step| self.announced.contains(&(step.direction, step.id.to_string()));
        let more = work.plan.all_steps().any(|step| !known(step));
        if !unchanged && more && (self.approved || self.request.goal.action() != Action::Upgrade) {
            return Err(Error::HistoryChanged);
        }
        if !unchanged {
            self.report.planned = self.report.steps.len() + work.plan.all_steps().count();
            self.emit(&Event::Planned { plan: &work.plan });
        }
        Ok(work)
    }

    /// What leads where a plan leads once a part of it is done, where what was asked for means something else then.
    fn rest_of(&self, work: &Work<'_>) -> Option<Rest> {
        let (applied, steps) = (work.applied(), &work.plan.steps);
        let last = steps.last().filter(|_| self.request.goal.is_relative())?;
        let nodes = |plan: &Plan| plan.steps.iter().map(|step| step.node).collect::<Vec<_>>();
        let leads_there = |plan: Result<Plan, PlanError>| plan.is_ok_and(|plan| nodes(&plan) == nodes(&work.plan));
        match &self.request.goal {
            Goal::Upgrade(_) => {
                let target: Target = last.id.parse().ok()?;
                leads_there(Plan::upgrade(applied, &[target])).then(|| Rest::Named(format!("upgrade {}", last.id)))
            }
            Goal::Downgrade(_) => {
                let undoes = |word: &str| {
                    word.parse().is_ok_and(|target: Target| leads_there(Plan::downgrade(applied, &target)))
                };
                let graph = applied.all();
                let mut below = graph.parents(last.node).iter().map(|node| graph.id(*node)).chain(["base"]);
                let named = below.find(|word| undoes(word)).map(|word| Rest::Named(format!("downgrade {word}")));
                let of_branch =
                    || undoes(&format!("{}@-{}", last.id, steps.len())).then(|| Rest::OfBranch(last.id.to_string()));
                named.or_else(of_branch)
            }
            // What is undone of it is to be applied again.
            Goal::Redo(_) => Some(Rest::Named(match work.heads_after(work.plan.all_steps().count()).as_slice() {
                [head] => format!("upgrade {head}"),
                _ => "upgrade heads".to_owned(),
            })),
            _ => None,
        }
    }

    fn tell_oddities(&mut self, applied: &Applied<'_>) {
        if !self.report.unknown.is_empty() && self.request.settings.ahead != Ahead::Refuse {
            let unknown = self.report.unknown.clone();
            self.emit(&Event::DatabaseAhead { unknown: &unknown });
        }
        let drift = applied.drift(self.db.dialect());
        if !drift.is_empty() {
            self.emit(&Event::Edited { drift: &drift });
        }
    }

    /// A query of our own that was cancelled because the run is to stop is no failure.
    fn stopped(&self, error: Error) -> Error {
        const CANCELLED: [&str; 3] = ["57014", "1317", "OperationInterrupted"];
        match &error {
            Error::Driver { driver, .. }
                if self.request.stop.is_requested()
                    && driver.code.as_deref().is_some_and(|code| CANCELLED.contains(&code)) =>
            {
                Error::Stopped
            }
            _ => error,
        }
    }

    /// Asked where nothing is half done.
    fn refuse_stopped(&self) -> Result<(), Error> {
        if self.request.stop.is_requested() { Err(Error::Stopped) } else { Ok(()) }
    }

    fn emit(&mut self, event: &Event<'_>) {
        trace::event(event);
        if let Some(listener) = self.listener {
            listener(event);
        }
    }

    /// Whether an upgrade stores mended downs: only one that has work and knows every applied revision.
    fn mended<'a>(&self, applied: &Applied<'a>) -> Vec<&'a migrate_plan::Revision> {
        if self.request.goal.action() != Action::Upgrade || applied.unknown().next().is_some() {
            return Vec::new();
        }
        let graph = applied.graph();
        let down = applied.drift(self.db.dialect()).into_iter().filter(|drift| drift.direction == Direction::Down);
        down.filter_map(|drift| graph.node(&drift.id)).map(|node| graph.revision(node)).collect()
    }

    /// What a purge takes away before it records anything: every row, also one that no graph can hold.
    fn forgotten(&self, look: &Look) -> Vec<String> {
        let rows = look.rows.iter().filter(|_| self.request.goal.purges());
        rows.map(|row| look.tables.forget(&row.id)).collect()
    }

    /// What a run that is about the history alone changes in it.
    fn history_changes(&self, jobs: &[Job<'_>], look: &Look) -> Vec<String> {
        let (mut changes, action) = (self.forgotten(look), self.request.goal.action());
        let record = |job: &Job<'_>| look.tables.record(&self.entry(job, action, Took::Milliseconds(0)));
        changes.extend(jobs.iter().map(record));
        changes
    }

    fn entry<'e>(&'e self, job: &'e Job<'_>, action: Action, took: Took) -> Entry<'e> {
        Entry {
            action,
            step: job.step,
            revision: job.revision,
            depends_on: &job.depends_on,
            took,
            run_id: &self.report.run_id,
            author: &self.request.author,
            note: self.report.note.as_deref(),
            lease: self.hold.token(),
            adopted: self.request.goal.adoption().and_then(|adoption| adoption.rows.get(&*job.step.id)),
        }
    }

    /// Reports a step that is committed.
    fn finish(&mut self, job: &Job<'_>, duration: Duration) {
        let step = job.step;
        let (id, title, direction) = (step.id.to_string(), step.title.to_string(), step.direction);
        self.report.steps.push(StepReport { id, title, direction, duration });
        self.emit(&Event::StepFinished { step, duration });
    }
}
