//! `seal`: revisions that may be in production become immutable.

use migrate_plan::{Applied, Code, Content, Diagnostic, Edges, Revision, Target};
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
    files.refuse_broken_seals()?;
    let graph = files.graph()?;
    let top = match &args.target {
        Some(target) => target.parse::<Target>()?.resolve(&Applied::nothing(&graph))?,
        None => graph.heads().collect(),
    };
    let below = graph.ancestors(top, Edges::All);
    let new: Vec<&Revision> =
        below.iter().map(|node| graph.revision(node)).filter(|revision| files.is_draft(&revision.id)).collect();
    let unwritten: Vec<Diagnostic> = new.iter().filter_map(|revision| unwritten(revision)).collect();
    if !unwritten.is_empty() {
        return Err(unwritten.into());
    }
    let mut lock = files.lock.clone().unwrap_or_default().renewed(&files.revisions);
    lock.seal(new.iter().copied());
    writer.write_lock(&project, &lock)?;
    let ids: Vec<&str> = new.iter().map(|revision| &*revision.id).collect();
    let text = if ids.is_empty() { "nothing to seal".to_owned() } else { format!("sealed {}", ids.join(", ")) };
    call.output.result(&text, &json!({"format": 1, "sealed": ids}));
    Ok(Exit::Done)
}

fn unwritten(revision: &Revision) -> Option<Diagnostic> {
    let section = revision.sections.iter().find(|section| section.content == Content::Unwritten)?;
    let problem = format!("the `{}` section of `{}` is not written", section.direction, revision.id);
    let place = migrate_plan::Place::new(revision.file.to_string(), section.line);
    Some(Diagnostic::new(Code::Unwritten, problem, "write it before it becomes immutable").at(place))
}
