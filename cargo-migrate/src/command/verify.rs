//! `verify`: every `down` is tried out in a scratch database.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;

use futures_util::future::try_join_all;
use migrate_plan::{Applied, Node, Range, RevisionGraph, Target, TargetError};
use migrate_runtime::cli::{Exit, Failure, bar, interrupts, print_verification};
use migrate_runtime::{Verification, VerifyReport};

use super::{Call, block_on};
use crate::arguments::VerifyArgs;
use crate::database::{Scratch, may_meet};
use crate::files::Files;
use crate::project::Project;
use crate::subject::scratch_url;

/// How many revisions are worth a scratch database of their own, and how many of these a server is asked for by itself.
const WORTH_ANOTHER: usize = 25;
const MOST: usize = 4;

pub(super) fn run(args: &VerifyArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let project = Project::find(call.global)?;
    let files = if args.drafts { Files::load(&project)? } else { Files::without_lock(&project)? };
    let graph = files.graph()?;
    let migrations = files.migrations();
    let ids = wanted(args, &files, &graph)?;
    let found = scratch_url(None, call.global, &project)?;
    let verify = async |all: &mut [Scratch]| {
        let parts = parts(&ids, all.len());
        let progress = Progress::new(bar(call.output), parts.len());
        let works = all.iter_mut().zip(&parts).enumerate().map(async |(at, (scratch, part))| {
            scratch.make_ready(&files.revisions).await?;
            let mut verification = Verification::new(&migrations).revisions(part.iter().copied()).stop_on(interrupts());
            verification = verification.on_progress(|done, of, id| progress.tell(at, done, of, id));
            if args.no_rows {
                verification = verification.without_rows();
            }
            if let Some(schemas) = scratch.schemas() {
                verification = verification.schemas(schemas);
            }
            Ok::<_, Failure>(verification.run_live(scratch.live()).await?)
        });
        Ok(merged(try_join_all(works).await?, &parts, &graph))
    };
    let jobs = if may_meet(&files.revisions) { 1 } else { jobs(args, &ids, &graph) };
    let report = block_on(Scratch::within_several(&found, &call.output, jobs, verify))??;
    Ok(print_verification(&report, &call.output))
}

/// Into how many parts the history is cut: so many that each has something to do.
fn jobs(args: &VerifyArgs, ids: &[String], graph: &RevisionGraph) -> usize {
    let usual = || {
        // All parts apply what stands before the first.
        let before = graph.order().iter().take_while(|node| ids.first().is_some_and(|id| id != graph.id(**node)));
        let worth = if before.count() > ids.len() { 1 } else { ids.len() / WORTH_ANOTHER };
        available_parallelism().map_or(1, usize::from).min(MOST).min(worth)
    };
    let most = args.jobs.map_or_else(usual, usize::from).min(ids.len());
    let has_work = |jobs: &usize| parts(ids, *jobs).iter().all(|part| !part.is_empty());
    (1..=most).rev().find(has_work).unwrap_or(1)
}

/// How long it takes to apply a revision alone, measured by what trying it out takes.
const PASSING: f64 = 0.2;

/// The revisions, in order, cut so that all parts take the same time: each applies those before its own.
fn parts(ids: &[String], count: usize) -> Vec<Vec<&str>> {
    let shares: Vec<f64> =
        std::iter::successors(Some(1.0), |share| Some(share * (1.0 - PASSING))).take(count).collect();
    let sum: f64 = shares.iter().sum();
    let mut rest = ids.iter().map(String::as_str);
    let mut parts: Vec<Vec<&str>> =
        shares.iter().map(|share| rest.by_ref().take((ids.len() as f64 * share / sum) as usize).collect()).collect();
    parts.last_mut().into_iter().for_each(|last| last.extend(&mut rest));
    parts
}

/// How far all parts are together.
struct Progress<B>(Mutex<(B, Vec<(usize, usize)>)>);

impl<B: FnMut(usize, usize, &str)> Progress<B> {
    fn new(bar: B, parts: usize) -> Self {
        Self(Mutex::new((bar, vec![(0, 0); parts])))
    }

    fn tell(&self, part: usize, done: usize, of: usize, id: &str) {
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (bar, parts) = &mut *progress;
        parts[part] = (done, of);
        let [done, of] = [parts.iter().map(|part| part.0).sum(), parts.iter().map(|part| part.1).sum()];
        bar(done, of, id);
    }
}

/// One report of all parts, in order. A revision that several have applied was tried out in the part that it belongs to.
fn merged(mut reports: Vec<VerifyReport>, parts: &[Vec<&str>], graph: &RevisionGraph) -> VerifyReport {
    let mut found = BTreeMap::new();
    let places: BTreeMap<&str, usize> = graph.order().iter().map(|node| graph.id(*node)).zip(0..).collect();
    for (report, part) in reports.iter_mut().zip(parts) {
        for verified in report.revisions.drain(..) {
            let place = places.get(&*verified.id).copied();
            if part.contains(&&*verified.id) || !found.contains_key(&place) {
                found.insert(place, verified);
            }
        }
    }
    let mut report = reports.swap_remove(0);
    report.revisions = found.into_values().collect();
    report
}

/// The ids of what is to be tried out, in order.
fn wanted(args: &VerifyArgs, files: &Files<'_>, graph: &RevisionGraph) -> Result<Vec<String>, TargetError> {
    let nothing = Applied::nothing(graph);
    let mut nodes = HashSet::new();
    for word in &args.revisions {
        nodes.extend(match word.contains(':') {
            true => word.parse::<Range>()?.resolve(&nothing)?,
            false => word.parse::<Target>()?.resolve_in(graph)?,
        });
    }
    let is_wanted = |node: &Node| match args {
        VerifyArgs { drafts: true, .. } => files.is_draft(graph.id(*node)),
        VerifyArgs { revisions, .. } => revisions.is_empty() || nodes.contains(node),
    };
    Ok(graph.order().iter().copied().filter(is_wanted).map(|node| graph.id(node).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_are_shorter_the_more_stands_before_them() {
        let ids: Vec<String> = (0..300).map(|id| id.to_string()).collect();
        let lengths = |count| parts(&ids, count).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(1), [300]);
        assert_eq!(lengths(2), [166, 134]);
        assert_eq!(lengths(3), [122, 98, 80]);
        assert_eq!(parts(&ids, 3).concat(), ids);
        assert_eq!(parts(&ids[..2], 2), [["0"], ["1"]]);
        assert_eq!(parts(&[], 1), [[""; 0]]);
    }
}
