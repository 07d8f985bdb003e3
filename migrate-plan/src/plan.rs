//! What to run, in which order: `(graph, applied, target) -> Plan`.
//!
//! Pure and linear: the same revisions, rows and target give the same plan. A plan says which revisions; whether their
//! sections can run is [`Plan::refuse_unrunnable`]'s question, asked before the first write.

mod error;
mod runnable;

use std::fmt;

pub use error::PlanError;

use crate::applied::Applied;
use crate::dialect::Dialect;
use crate::graph::{Edges, Node, RevisionSet};
use crate::revision::{Direction, Origin, Text};
use crate::target::resolve::{Mark, Resolver};
use crate::target::{Target, TargetError};

/// What a plan's steps do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run `up` sections.
    Upgrade,
    /// Run `down` sections.
    Downgrade,
    /// Run `down` sections, and then the `up` sections of the same revisions.
    Redo,
    /// Change the history alone: what counts as applied.
    Stamp,
    /// Change the history alone: what it remembers of edited and of vanished revisions.
    Repair,
    /// Record in the history what another tool has applied.
    Adopt,
}

impl Action {
    /// The name of the verb, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Downgrade => "downgrade",
            Self::Redo => "redo",
            Self::Stamp => "stamp",
            Self::Repair => "repair",
            Self::Adopt => "adopt",
        }
    }

    /// Whether it runs no SQL of revisions and changes the history alone.
    pub const fn is_about_history(self) -> bool {
        matches!(self, Self::Stamp | Self::Repair | Self::Adopt)
    }
}

/// A revision that another tool has applied, as the history is to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// The revision.
    pub id: String,
    /// When, in UTC, as RFC 3339 with milliseconds.
    pub applied_at: String,
    /// The other tool, which stands for whoever called it.
    pub by: &'static str,
    /// What the log says of it.
    pub note: String,
}

/// One revision to apply, undo or stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Up or down.
    pub direction: Direction,
    /// The revision, in [`Applied::all`].
    pub node: Node,
    /// Its id.
    pub id: Text,
    /// Its title.
    pub title: Text,
    /// Whether its file is here.
    pub origin: Origin,
    /// Whether it is applied although something above it is applied already: it was inserted behind.
    pub behind: bool,
    /// Whether a run was interrupted in it, and some of its statements have run.
    pub interrupted: bool,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.direction {
            Direction::Up => '+',
            Direction::Down => '-',
        };
        write!(f, "{sign} {}", self.id)
    }
}

/// What happens to a revision that is pending although a revision above it is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inserted {
    /// It runs, after its parents. The default.
    #[default]
    Run,
    /// The upgrade is refused.
    Refuse,
}

/// What happens when the database has revisions that are not here: it is ahead of this binary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ahead {
    /// With nothing pending the run succeeds; with something pending it is refused. The default.
    #[default]
    AllowWhenIdle,
    /// The unknown revisions are left alone and what is pending runs.
    Allow,
    /// Refused, even with nothing pending.
    Refuse,
}

/// The steps of a run, in order, and the heads around them.
///
/// # Examples
///
/// ```
/// use migrate_plan::{Applied, Plan, RevisionGraph, Target, parse_revision};
///
/// let file = |id: &str, parents: &str| {
///     let text = format!("-- revision: {id}\n-- parents: {parents}\n-- migrate: up\nSELECT 1;\n");
///     parse_revision(&format!("{id}.sql"), text.as_bytes()).unwrap()
/// };
/// let graph = RevisionGraph::new(vec![file("a", "none"), file("b", "a")]).unwrap();
/// let plan = Plan::upgrade(&Applied::nothing(&graph), &[Target::head()]).unwrap();
/// assert_eq!(plan.to_string(), "+ a\n+ b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the steps do.
    pub action: Action,
    /// The interrupted revision that is finished before the first step, in the [`Applied`] before it is finished.
    pub finishes: Option<Step>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The applied heads before the first step.
    pub heads_before: Vec<String>,
    /// The applied heads after the last.
    pub heads_after: Vec<String>,
}

impl Plan {
    /// A plan without a step, for a database that is where it is to be.
    pub fn nothing(action: Action, heads: Vec<String>) -> Self {
        Self { action, finishes: None, steps: Vec::new(), heads_before: heads.clone(), heads_after: heads }
    }

    /// Everything that the targets need and that is not applied, parents first.
    ///
    /// # Errors
    ///
    /// [`PlanError::Target`] when a target names nothing, is ambiguous, or includes another, and
    /// [`PlanError::DependsElsewhere`].
    pub fn upgrade(applied: &Applied<'_>, targets: &[Target]) -> Result<Self, PlanError> {
        let graph = applied.graph();
        let known = applied.known();
        let resolver = Resolver { graph, applied: &known };
        let mut wanted = Vec::new();
        for target in targets {
            let nodes = resolver.upgrade(target)?;
            refuse_overlap(applied, &wanted, &nodes)?;
            wanted.extend(nodes);
        }
        let needed = graph.ancestors(wanted, Edges::All);
        let mut after = applied.set().clone();
        let mut pending = Vec::new();
        for node in graph.order().iter().copied().filter(|node| needed.contains(*node) && !known.contains(*node)) {
            after.insert(node);
            pending.push(node);
        }
        let below_applied = applied.all().ancestors(applied.set().iter(), Edges::All);
        let steps: Vec<Step> =
            pending.into_iter().map(|node| step(applied, Direction::Up, node, below_applied.contains(node))).collect();
        refuse_elsewhere(applied, &steps)?;
        Ok(Self::new(Action::Upgrade, steps, applied, &after))
    }

    /// Everything applied that stands above the target, children first. The target stays.
    ///
    /// # Errors
    ///
    /// [`PlanError::Target`] when the target names nothing, is ambiguous, or leaves nothing to undo.
    pub fn downgrade(applied: &Applied<'_>, target: &Target) -> Result<Self, PlanError> {
        let graph = applied.all();
        let floor = Resolver { graph, applied: applied.set() }.downgrade(target)?;
        let above = graph.descendants(floor.roots, Edges::All);
        let mut after = applied.set().clone();
        let mut steps = Vec::new();
        for node in graph.order().iter().rev().copied() {
            if above.contains(node) && applied.set().contains(node) {
                after.remove(node);
                steps.push(step(applied, Direction::Down, node, false));
            }
        }
        if let Some(stays) = floor.stays.filter(|stays| !steps.is_empty() && !applied.set().contains(*stays)) {
            let (target, id) = (target.to_string(), graph.id(stays).to_owned());
            return Err(TargetError::Pending { target, id }.into());
        }
        if let (true, Some(stays)) = (steps.is_empty(), floor.stays) {
            let heads = applied.heads();
            if !heads.contains(&stays) {
                let heads = heads.into_iter().map(|head| graph.id(head).to_owned()).collect();
                return Err(TargetError::NotApplied { target: target.to_string(), heads }.into());
            }
        }
        Ok(Self::new(Action::Downgrade, steps, applied, &after))
    }

    /// [`Plan::downgrade`], and then everything that it undoes once more.
    ///
    /// # Errors
    ///
    /// Those of [`Plan::downgrade`], and [`PlanError::NotHere`] when a revision without a file would have to be applied again.
    pub fn redo(applied: &Applied<'_>, target: &Target) -> Result<Self, PlanError> {
        let mut plan = Self::downgrade(applied, target)?;
        if let Some(step) = plan.steps.iter().find(|step| step.origin == Origin::History) {
            return Err(PlanError::NotHere { id: step.id.to_string() });
        }
        let again = plan.steps.iter().rev().map(|down| step(applied, Direction::Up, down.node, false));
        let again: Vec<Step> = again.collect();
        plan.steps.extend(again);
        Ok(Self { action: Action::Redo, heads_after: plan.heads_before.clone(), ..plan })
    }

    /// What the history is to remember otherwise: an edited file of an applied revision is taken as what ran (a step up), and
    /// a revision without a file is forgotten (a step down). Without targets all of them; an interrupted revision is left
    /// alone.
    ///
    /// # Errors
    ///
    /// [`PlanError::Target`] when a target names nothing, or nothing that could be repaired.
    pub fn repair(applied: &Applied<'_>, targets: &[Target], dialect: Dialect) -> Result<Self, PlanError> {
        let (graph, all) = (applied.graph(), applied.all());
        let interrupted = applied.interrupted().map(|(node, _)| node);
        let edited: Vec<Node> = applied.drift(dialect).iter().filter_map(|drift| graph.node(&drift.id)).collect();
        let vanished = |node: Node| !applied.is_known(node) && interrupted != Some(node);
        let repairable = |node: Node| edited.contains(&node) || (vanished(node) && applied.set().contains(node));
        let mut wanted = RevisionSet::new(all.len());
        for target in targets {
            for node in target.resolve(applied)? {
                if !repairable(node) {
                    let instead = "name an applied revision that was edited, or one that is not here";
                    return Err(TargetError::NotAllowed { target: target.to_string(), verb: "repair", instead }.into());
                }
                wanted.insert(node);
            }
        }
        let is_wanted = |node: &Node| repairable(*node) && (targets.is_empty() || wanted.contains(*node));
        let (mut after, mut steps) = (applied.set().clone(), Vec::new());
        for node in all.order().iter().copied().filter(is_wanted) {
            if applied.is_known(node) {
                steps.push(step(applied, Direction::Up, node, false));
            } else {
                after.remove(node);
                steps.push(step(applied, Direction::Down, node, false));
            }
        }
        Ok(Self::new(Action::Repair, steps, applied, &after))
    }

    /// What changes in the history so that the targets and their ancestors count as applied, and what stands above
    /// them does not. Other branches stay as they are.
    ///
    /// With `purge`, everything that is recorded goes first, revisions without files too.
    ///
    /// # Errors
    ///
    /// [`PlanError::Target`] when a target names nothing, is ambiguous, or is relative to what is applied, and
    /// [`PlanError::DependsElsewhere`].
    pub fn stamp(applied: &Applied<'_>, targets: &[Target], purge: Purge) -> Result<Self, PlanError> {
        let graph = applied.graph();
        let all = applied.all();
        let known = applied.known();
        let resolver = Resolver { graph, applied: &known };
        let mut after = match purge {
            Purge::Yes => RevisionSet::new(all.len()),
            Purge::No => applied.set().clone(),
        };
        // An interrupted revision has a row, whatever its state: a stamp that reaches it decides what became of it.
        let interrupted = applied.interrupted().map(|(node, _)| node);
        let mut recorded = applied.set().clone();
        if let Some(node) = interrupted {
            recorded.insert(node);
            if purge == Purge::No {
                after.insert(node);
            }
        }
        let mut marked = Vec::new();
        for target in targets {
            match resolver.stamp(target)? {
                Mark::Base => after = RevisionSet::new(all.len()),
                Mark::Without(branch) => {
                    // Revisions without files stand on their parents too.
                    let held = Resolver { graph: all, applied: applied.set() }.held_alone(&branch)?;
                    remove(&mut after, &all.descendants(held.iter(), Edges::All));
                }
                Mark::At(nodes) => {
                    remove(&mut after, &all.descendants(nodes.iter().copied(), Edges::All));
                    marked.extend(nodes);
                }
            }
        }
        let wanted = graph.ancestors(marked, Edges::All);
        for node in wanted.iter() {
            after.insert(node);
        }
        // A purge writes every row anew, and a stamp that of an interrupted revision that it reaches.
        let decided = |node: Node| interrupted == Some(node) && wanted.contains(node);
        let kept = |node: Node| purge == Purge::No && recorded.contains(node) && after.contains(node) && !decided(node);
        let gone = all.order().iter().rev().filter(|node| recorded.contains(**node) && !kept(**node));
        let come = all.order().iter().filter(|node| after.contains(**node) && !kept(**node));
        let steps = gone
            .map(|node| step(applied, Direction::Down, *node, false))
            .chain(come.map(|node| step(applied, Direction::Up, *node, false)))
            .collect::<Vec<_>>();
        refuse_elsewhere(applied, &steps)?;
        if let Some((node, Direction::Up)) = applied.interrupted().filter(|(node, _)| kept(*node)) {
            after.remove(node);
        }
        Ok(Self::new(Action::Stamp, steps, applied, &after))
    }

    /// Records revisions that another tool has applied, in the order of the graph; those that are applied stay as they are.
    pub fn adopt<'i>(applied: &Applied<'_>, ids: impl IntoIterator<Item = &'i str>) -> Self {
        let graph = applied.graph();
        let mut after = applied.set().clone();
        let mut wanted = RevisionSet::new(graph.len());
        for node in ids.into_iter().filter_map(|id| graph.node(id)) {
            wanted.insert(node);
        }
        let mut steps = Vec::new();
        for node in graph.order().iter().copied().filter(|node| wanted.contains(*node)) {
            if !applied.set().contains(node) {
                after.insert(node);
                steps.push(step(applied, Direction::Up, node, false));
            }
        }
        Self::new(Action::Adopt, steps, applied, &after)
    }

    /// One revision alone, up when it is pending and its parents are applied, down when it is an applied head. Nothing when
    /// it is not.
    pub fn single(applied: &Applied<'_>, direction: Direction, id: &str) -> Self {
        let (all, mut after) = (applied.all(), applied.set().clone());
        let is_next = |node: &Node| match direction {
            Direction::Up => !after.contains(*node) && all.parents(*node).iter().all(|parent| after.contains(*parent)),
            Direction::Down => applied.heads().contains(node),
        };
        let (node, action) = match direction {
            Direction::Up => (all.node(id).filter(is_next), Action::Upgrade),
            Direction::Down => (all.node(id).filter(is_next), Action::Downgrade),
        };
        match (node, direction) {
            (Some(node), Direction::Up) => drop(after.insert(node)),
            (Some(node), Direction::Down) => after.remove(node),
            (None, _) => {}
        }
        let steps = node.map(|node| step(applied, direction, node, false)).into_iter().collect();
        Self::new(action, steps, applied, &after)
    }

    /// Refuses an upgrade as the policies say.
    ///
    /// # Errors
    ///
    /// [`PlanError::DatabaseAhead`] and [`PlanError::InsertedBehind`].
    pub fn refuse_by_policy(&self, applied: &Applied<'_>, ahead: Ahead, inserted: Inserted) -> Result<(), PlanError> {
        let unknown: Vec<String> = applied.unknown().map(|row| row.id.clone()).collect();
        let refuses = match ahead {
            Ahead::Allow => false,
            Ahead::AllowWhenIdle => !self.steps.is_empty(),
            Ahead::Refuse => true,
        };
        if refuses && !unknown.is_empty() {
            let undone_by = applied.unknown_undone_by();
            return Err(PlanError::DatabaseAhead { unknown, pending: self.steps.len(), undone_by });
        }
        match self.steps.iter().find(|step| step.behind) {
            Some(step) if inserted == Inserted::Refuse => Err(PlanError::InsertedBehind {
                id: step.id.to_string(),
                file: applied.graph().revision(step.node).file.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.all_steps().next().is_none()
    }

    fn new(action: Action, steps: Vec<Step>, applied: &Applied<'_>, after: &RevisionSet) -> Self {
        let graph = applied.all();
        let heads_after = graph.maximal(after, Edges::All).into_iter().map(|node| graph.id(node).to_owned()).collect();
        Self { action, finishes: None, steps, heads_before: applied.head_ids(), heads_after }
    }

    /// This plan, made for what is applied once the interrupted revision of `before` is finished, with the step that
    /// finishes it.
    ///
    /// # Errors
    ///
    /// [`PlanError::CannotFinish`] when its file is not here, and those of [`Step::section`].
    pub fn finishing(mut self, before: &Applied<'_>, dialect: Dialect) -> Result<Self, PlanError> {
        self.heads_before = before.head_ids();
        let Some((node, direction)) = before.interrupted() else { return Ok(self) };
        let step = step(before, direction, node, false);
        match (step.origin, direction) {
            (Origin::File, _) => drop(step.section(before.all().revision(node), dialect)?),
            // What undoes it stands in the history; what applies it does not.
            (Origin::History, Direction::Down) => {}
            (Origin::History, Direction::Up) => return Err(PlanError::CannotFinish { id: step.id.to_string() }),
        }
        self.finishes = Some(step);
        Ok(self)
    }

    /// Every step, the one that finishes an interrupted revision first.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.finishes.iter().chain(&self.steps)
    }
}

impl fmt::Display for Plan {
    /// One step a line: `+ id` or `- id`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.all_steps().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Whether a stamp forgets everything first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purge {
    /// Other branches stay recorded. The default.
    #[default]
    No,
    /// Every row goes first.
    Yes,
}

fn step(applied: &Applied<'_>, direction: Direction, node: Node, behind: bool) -> Step {
    let revision = applied.all().revision(node);
    let interrupted = applied.interrupted().is_some_and(|(other, _)| other == node);
    let (id, title) = (revision.id.clone(), revision.title.clone());
    Step { direction, node, id, title, origin: revision.origin, behind, interrupted }
}

fn remove(set: &mut RevisionSet, gone: &RevisionSet) {
    gone.iter().for_each(|node| set.remove(node));
}

/// A revision cannot count as applied while nobody can tell whether what it depends on is.
fn refuse_elsewhere(applied: &Applied<'_>, steps: &[Step]) -> Result<(), PlanError> {
    let graph = applied.graph();
    let coming = |node: Node| steps.iter().any(|step| step.direction == Direction::Up && step.node == node);
    match graph.elsewhere().find(|(node, _)| coming(*node)) {
        None => Ok(()),
        Some((node, name)) => Err(PlanError::DependsElsewhere {
            id: graph.id(node).to_owned(),
            file: graph.revision(node).file.to_string(),
            name: name.to_owned(),
        }),
    }
}

/// Alembic's rule: a list of targets in which one includes another is a mistake of the caller.
fn refuse_overlap(applied: &Applied<'_>, earlier: &[Node], later: &[Node]) -> Result<(), TargetError> {
    let graph = applied.graph();
    for (upper, lower) in [(earlier, later), (later, earlier)] {
        let below = graph.ancestors(upper.iter().copied(), Edges::All);
        if let Some(lower) = lower.iter().find(|node| below.contains(**node)) {
            let upper = upper.iter().max_by_key(|node| graph.position(**node)).copied().unwrap_or(*lower);
            return Err(TargetError::Overlap { lower: graph.id(*lower).to_owned(), upper: graph.id(upper).to_owned() });
        }
    }
    Ok(())
}
