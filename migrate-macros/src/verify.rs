//! Runs every revision up, down and up again in an SQLite database in memory.
//!
//! Takes revisions of which nothing is wrong as a whole, and gives what the engine would refuse to run, the first statement
//! that fails, or the first `down` after which the catalog is not what it was before the `up`.

mod cache;
mod catalog;
mod session;

use migrate_plan::{
    Code, Content, Diagnostic, Dialect, Direction, Node, Place, PlanError, Revision, RevisionGraph, RevisionSet,
    Section, Step,
};

use cache::Cache;
use catalog::Catalog;
use session::{Failure, Script, Session};

/// Verifies the revisions, unless they were verified before.
pub(crate) fn verify(revisions: &[Revision]) -> Result<(), Vec<Diagnostic>> {
    let cache = Cache::of_the_build(revisions);
    if !cache.is_marked() {
        run_all(revisions)?;
        cache.mark();
    }
    Ok(())
}

fn run_all(revisions: &[Revision]) -> Result<(), Vec<Diagnostic>> {
    let graph = RevisionGraph::new(revisions.to_vec())
        .map_err(|defects| defects.iter().map(Diagnostic::from).collect::<Vec<_>>())?;
    let jobs = jobs(&graph)?;
    up_down_up(&jobs).map_err(|problem| vec![problem])
}

/// A revision that can run.
struct Job<'g> {
    revision: &'g Revision,
    up: Script<'g>,
    /// `None` for what cannot be undone, be it for what stands on it.
    down: Option<Script<'g>>,
}

/// What can run, in the order of a plan; everything that could not run as it stands is an error.
fn jobs(graph: &RevisionGraph) -> Result<Vec<Job<'_>>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut section = |node: Node, direction| match section(graph, node, direction) {
        Ok(section) => Some(section),
        // What is not written or not here yet says nothing of the rest, and what cannot be undone may stay.
        Err(PlanError::Unwritten { .. } | PlanError::Irreversible { .. }) => None,
        Err(error) => {
            problems.push(Diagnostic::from(&error));
            None
        }
    };
    let mut ups: Vec<(Node, &Section)> = Vec::new();
    let mut missing = RevisionSet::new(graph.len());
    for (node, _) in graph.elsewhere() {
        missing.insert(node);
    }
    for node in graph.order().iter().copied() {
        let mut needs = graph.parents(node).iter().chain(graph.depends_on(node));
        let can_run = !missing.contains(node) && !needs.any(|need| missing.contains(*need));
        match can_run.then(|| section(node, Direction::Up)).flatten() {
            Some(up) => ups.push((node, up)),
            None => drop(missing.insert(node)),
        }
    }
    let mut jobs = Vec::new();
    let mut stays = RevisionSet::new(graph.len());
    for (node, up) in ups.into_iter().rev() {
        let mut needed_by = graph.children(node).iter().chain(graph.dependents(node));
        let is_needed = needed_by.any(|needed_by| stays.contains(*needed_by));
        let down = section(node, Direction::Down).filter(|_| !is_needed);
        if down.is_none() {
            stays.insert(node);
        }
        jobs.push(Job { revision: graph.revision(node), up: Script::new(up), down: down.map(Script::new) });
    }
    jobs.reverse();
    if problems.is_empty() { Ok(jobs) } else { Err(problems) }
}

fn section(graph: &RevisionGraph, node: Node, direction: Direction) -> Result<&Section, PlanError> {
    let revision = graph.revision(node);
    let (id, title) = (revision.id.clone(), revision.title.clone());
    Step { direction, node, id, title, origin: revision.origin, behind: false, interrupted: false }
        .section(revision, Dialect::Sqlite)
}

fn up_down_up(jobs: &[Job<'_>]) -> Result<(), Diagnostic> {
    let mut session = Session::open().map_err(unusable)?;
    let mut before = Vec::new();
    for job in jobs {
        before.push(session.catalog().map_err(unusable)?);
        session.run(&job.up).map_err(|failure| failed(job, job.up.section, &failure, MEND))?;
    }
    session = session.again().map_err(unusable)?;
    // Behind a revision that stays, the catalog is no longer what it was before others.
    let mut is_comparable = true;
    for (job, before) in jobs.iter().zip(&before).rev() {
        let Some(down) = &job.down else {
            is_comparable = false;
            continue;
        };
        session.run(down).map_err(|failure| failed(job, down.section, &failure, MEND))?;
        if is_comparable {
            let differences = before.differences(&session.catalog().map_err(unusable)?);
            // Whoever writes `-- migrate: nothing` says that it stays.
            is_comparable = differences.is_empty();
            if !is_comparable && down.section.content != Content::Nothing {
                return Err(not_undone(job, down.section, differences));
            }
        }
    }
    session = session.again().map_err(unusable)?;
    for job in jobs.iter().filter(|job| job.down.is_some()) {
        session.run(&job.up).map_err(|mut failure| {
            failure.words = format!("it ran, was undone, and cannot run again: {}", failure.words);
            failed(job, job.up.section, &failure, MEND_DOWN)
        })?;
    }
    Ok(())
}

const WHY: &str = "`verify = \"sqlite\"` runs every revision up, down and up again while the crate compiles";
const MEND: &str = "mend the statement";
const MEND_DOWN: &str = "let the `down` take away what this statement meets";

fn failed(job: &Job<'_>, section: &Section, failure: &Failure, help: &str) -> Diagnostic {
    let message = format!("{} of `{}` failed: {}", section.direction, job.revision.id, failure.words);
    let mut place = Place::new(&*job.revision.file, section.line);
    if let Some(offset) = failure.offset {
        let (line, column) = section.line_and_column(offset);
        place = Place { line, column: Some(column), ..place };
    }
    let mut diagnostic = Diagnostic::new(Code::VerifyFailed, message, help).at(place).because(WHY);
    diagnostic.notes.clone_from(&failure.notes);
    diagnostic
}

fn not_undone(job: &Job<'_>, down: &Section, differences: Vec<String>) -> Diagnostic {
    let message = format!("down of `{}` does not undo its up", job.revision.id);
    let help = "undo all of it, or say so: `-- migrate: irreversible <reason>` in place of the section";
    let mut diagnostic = Diagnostic::new(Code::VerifyFailed, message, help).because(WHY);
    diagnostic.notes = differences;
    diagnostic.at(Place::new(&*job.revision.file, down.line))
}

fn unusable(error: rusqlite::Error) -> Diagnostic {
    let help = "leave `verify` out, and verify elsewhere";
    Diagnostic::new(Code::VerifyFailed, format!("SQLite cannot be used here: {error}"), help).because(WHY)
}
