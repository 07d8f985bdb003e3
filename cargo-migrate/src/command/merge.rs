//! `merge`: a revision with several parents, which joins branches and runs nothing.

use migrate_plan::{Code, Diagnostic, Edges, Node, RevisionGraph, Target};
use migrate_runtime::cli::{Exit, Failure};

use super::Call;
use super::new::{Draft, folder, title};
use crate::arguments::MergeArgs;
use crate::files::{Files, Writer};
use crate::project::Project;

const NOTHING: &str = "-- migrate: up\n-- migrate: nothing\n\n-- migrate: down\n-- migrate: nothing\n";

pub(super) fn run(args: &MergeArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let project = Project::find(call.global)?;
    let files = Files::headers(&project)?;
    files.warn_of_broken(&call.output);
    files.refuse_broken_seals()?;
    let graph = files.graph()?;
    let parents = parents(&graph, &args.parents)?;
    refuse_pointless(&graph, &parents)?;
    let ids: Vec<String> = parents.iter().map(|node| graph.id(*node).to_owned()).collect();
    let title = match &args.message {
        Some(message) => title(Some(message))?,
        None => format!("merge {}", ids.join(" and ")),
    };
    let mut draft = Draft::new(&title, ids, &graph, args.rev_id.as_deref(), project.config.ids)?;
    draft.set_labels(&args.labels);
    let folder = folder(&project, args.into.as_deref(), &graph, &parents)?;
    let file = draft.write(&files, folder, &writer, &draft.with_sections(NOTHING))?;
    call.output.result(&file, &draft.json(&file));
    Ok(Exit::Done)
}

fn parents(graph: &RevisionGraph, named: &[String]) -> Result<Vec<Node>, Failure> {
    if named.is_empty() || named == ["heads"] {
        return Ok(graph.heads().collect());
    }
    let mut parents = Vec::new();
    for name in named {
        for node in name.parse::<Target>()?.resolve_in(graph)? {
            if !parents.contains(&node) {
                parents.push(node);
            }
        }
    }
    Ok(parents)
}

/// A merge of one, or of a revision with its own ancestor, joins nothing.
fn refuse_pointless(graph: &RevisionGraph, parents: &[Node]) -> Result<(), Diagnostic> {
    if parents.len() < 2 {
        let problem = match parents {
            [] => "there is nothing to merge".to_owned(),
            [one, ..] if graph.heads().eq([*one]) => {
                format!("there is one head, `{}`, and nothing to merge it with", graph.id(*one))
            }
            [one, ..] => format!("`{}` alone is nothing to merge", graph.id(*one)),
        };
        return Err(Diagnostic::new(Code::PointlessMerge, problem, "name two revisions of different branches"));
    }
    for node in parents {
        let below = graph.ancestors(graph.parents(*node).iter().copied(), Edges::All);
        if let Some(ancestor) = parents.iter().find(|other| below.contains(**other)) {
            let (upper, lower) = (graph.id(*node), graph.id(*ancestor));
            let problem = format!("`{lower}` is an ancestor of `{upper}`");
            return Err(Diagnostic::new(Code::PointlessMerge, problem, format!("leave `{lower}` out")));
        }
    }
    Ok(())
}
