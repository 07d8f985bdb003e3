//! `seal`: revisions that may be in production become immutable.

use migrate_plan::{Code, Content, Diagnostic, Edges, LockDefect, Revision, RevisionGraph, Target, TargetError};
use migrate_runtime::cli::{Exit, Failure};
use serde_json::json;

use super::Call;
use crate::arguments::SealArgs;
use crate::files::{Files, Writer};
use crate::project::Project;

pub(super) fn run(args: &SealArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let project = Project::find(call.global)?;
    let files = Files::load(&project)?;
    let graph = files.graph()?;
    if let (Some(named), Some(reason)) = (&args.accept, &args.reason) {
        return accept(&files, &graph, named, reason, &writer, call);
    }
    files.refuse_broken_seals()?;
    let top = match &args.target {
        Some(target) => target.parse::<Target>()?.resolve_in(&graph)?,
        None => graph.heads().collect(),
    };
    let below = graph.ancestors(top, Edges::All);
    let new: Vec<&Revision> =
        below.iter().map(|node| graph.revision(node)).filter(|revision| files.is_draft(&revision.id)).collect();
    let unwritten: Vec<Diagnostic> = new.iter().filter_map(|revision| unwritten(revision)).collect();
    if !unwritten.is_empty() {
        return Err(unwritten.into());
    }
    for (folder, lock) in files.folders_with_locks() {
        let mut lock = lock.cloned().unwrap_or_default().renewed(&files.revisions_in(folder));
        lock.seal(new.iter().copied().filter(|revision| folder.holds(&revision.file)));
        writer.write_lock(folder, &lock)?;
    }
    let ids: Vec<&str> = new.iter().map(|revision| &*revision.id).collect();
    let text = if ids.is_empty() { "nothing to seal".to_owned() } else { format!("sealed {}", ids.join(", ")) };
    call.output.result(&text, &json!({"format": 1, "sealed": ids}));
    Ok(Exit::Done)
}

/// Seals a sealed revision as it is now; the others must be what they were.
fn accept(
    files: &Files<'_>,
    graph: &RevisionGraph,
    named: &str,
    reason: &str,
    writer: &Writer,
    call: &Call<'_>,
) -> Result<Exit, Failure> {
    let revision = match named.parse::<Target>()?.resolve_in(graph)?.as_slice() {
        [node] => graph.revision(*node),
        _ => {
            let instead = "name one revision";
            return Err(TargetError::NotAllowed { target: named.to_owned(), verb: "seal --accept", instead }.into());
        }
    };
    if reason.split_whitespace().next().is_none() {
        return Err(Diagnostic::new(Code::Usage, "the reason is empty", "say why the revision was changed").into());
    }
    let sealing = files
        .folders_with_locks()
        .find_map(|(folder, lock)| Some((folder, lock.filter(|l| l.is_sealed(&revision.id))?)));
    let Some((folder, mut lock)) = sealing.map(|(folder, lock)| (folder, lock.clone())) else {
        let problem = format!("`{}` is not sealed, so there is nothing to accept", revision.id);
        return Err(Diagnostic::new(Code::Usage, problem, "edit it as you like, and `seal` it when it is done").into());
    };
    if lock.defects(std::slice::from_ref(revision)).iter().all(|defect| !concerns(defect, &revision.id)) {
        let text = format!("`{}` is what it was when it was sealed", revision.id);
        call.output.result(&text, &json!({"format": 1, "accepted": null}));
        return Ok(Exit::Done);
    }
    if let Some(unwritten) = unwritten(revision) {
        return Err(unwritten.into());
    }
    lock.accept(revision, reason);
    let lock = lock.renewed(&files.revisions_in(folder));
    let left = lock.defects(&files.revisions);
    if !left.is_empty() {
        let shown = folder.lock_shown();
        return Err(left.iter().map(|defect| defect.diagnostic(&shown)).collect::<Vec<_>>().into());
    }
    writer.write_lock(folder, &lock)?;
    let text = format!("accepted the change of {}: {reason}", revision.id);
    call.output.result(&text, &json!({"format": 1, "accepted": revision.id, "reason": reason}));
    call.output
        .note("databases that ran the older text refuse an upgrade (M0215) until they are brought to the same state");
    Ok(Exit::Done)
}

fn concerns(defect: &LockDefect, id: &str) -> bool {
    matches!(defect, LockDefect::SealedChanged { id: changed, .. } if changed == id)
}

fn unwritten(revision: &Revision) -> Option<Diagnostic> {
    let section = revision.sections.iter().find(|section| section.content == Content::Unwritten)?;
    let problem = format!("the `{}` section of `{}` is not written", section.direction, revision.id);
    let place = migrate_plan::Place::new(revision.file.to_string(), section.line);
    Some(Diagnostic::new(Code::Unwritten, problem, "write it before it becomes immutable").at(place))
}
