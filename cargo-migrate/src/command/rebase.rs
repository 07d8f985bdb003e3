//! `rebase`: puts a branch of drafts behind the other head, and gives a duplicate a fresh id.
//!
//! Only header lines change: comments and SQL stay as somebody wrote them.

use std::path::{Path, PathBuf};

use migrate_plan::{
    Applied, Code, Diagnostic, Edges, Node, Place, Revision, RevisionGraph, Target, TargetError, several_heads,
};
use migrate_runtime::cli::{Exit, Failure};
use serde_json::json;

use super::Call;
use super::new::fresh_id;
use crate::arguments::RebaseArgs;
use crate::files::{Files, Writer, file_name};
use crate::project::Project;

/// What happens to one file.
struct Move {
    /// The file's name in the folder, before and after.
    from: PathBuf,
    to: PathBuf,
    old_id: String,
    new_id: String,
    parents: Vec<String>,
}

pub(super) fn run(args: &RebaseArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let project = Project::find(call.global)?;
    let files = Files::load(&project)?;
    let change = match duplicate(&files, &args.revision) {
        Some(index) => give_fresh_id(&files, index, args.onto.as_deref())?,
        None => {
            files.refuse_broken_seals()?;
            put_behind(&files, &args.revision, args.onto.as_deref())?
        }
    };
    let text = std::fs::read_to_string(project.folder.join(&change.from)).map_err(|error| {
        Diagnostic::new(
            Code::UnreadableFile,
            format!("`{}` cannot be read: {error}", change.from.display()),
            "make it readable",
        )
    })?;
    let parents = if change.parents.is_empty() { "none".to_owned() } else { change.parents.join(", ") };
    let text = with_key(&with_key(&text, "revision", &change.new_id), "parents", &parents);
    if change.to != change.from {
        writer.rename(&project.folder.join(&change.from), &project.folder.join(&change.to))?;
    }
    writer.replace(&project.folder.join(&change.to), &text)?;
    writer.renew_lock(&project)?;
    let file = format!("{}/{}", project.shown, change.to.display());
    let renamed = if change.old_id == change.new_id { String::new() } else { format!(" (it was `{}`)", change.old_id) };
    call.output.result(
        &format!("{file}: `{}`{renamed} now follows {parents}", change.new_id),
        &json!({"format": 1, "revision": change.new_id, "was": change.old_id, "parents": change.parents, "file": file}),
    );
    Ok(Exit::Done)
}

/// The index of the revision whose file is named, or whose id is, when another one has the same id.
fn duplicate(files: &Files<'_>, named: &str) -> Option<usize> {
    let is_named = |revision: &&Revision| {
        Path::new(named).file_name().is_some_and(|name| name == file_name(&revision.file).as_os_str())
            || revision.id == named
    };
    let repeated = |revision: &Revision| files.revisions.iter().filter(|other| other.id == revision.id).count() > 1;
    // The later file is the one that came in last; a sealed id belongs to the earlier.
    let found = files.revisions.iter().enumerate().rev().find(|(_, revision)| is_named(revision) && repeated(revision));
    found.map(|(index, _)| index)
}

fn give_fresh_id(files: &Files<'_>, index: usize, onto: Option<&str>) -> Result<Move, Failure> {
    let revision = &files.revisions[index];
    let mut others = files.revisions.clone();
    others.remove(index);
    let graph = RevisionGraph::new(others)?;
    let parents = match onto {
        Some(onto) => onto.parse::<Target>()?.resolve(&Applied::nothing(&graph))?,
        None => one_head(&graph, graph.heads().collect())?,
    };
    let new_id = fresh_id(&graph, files.project.config.ids)?;
    let from = file_name(&revision.file);
    let name = from.to_string_lossy().replacen(&*revision.id, &new_id, 1);
    Ok(Move {
        to: PathBuf::from(name),
        from,
        old_id: revision.id.to_string(),
        new_id,
        parents: parents.iter().map(|node| graph.id(*node).to_owned()).collect(),
    })
}

/// The lowest revision of the branch that the other head does not have gets that head as its parent.
fn put_behind(files: &Files<'_>, named: &str, onto: Option<&str>) -> Result<Move, Failure> {
    let graph = files.graph()?;
    let revision = find(&graph, named)?;
    let target = match onto {
        Some(onto) => find(&graph, onto)?,
        None => {
            let lineage = graph.descendants([revision], Edges::Parents);
            let others: Vec<Node> = graph.heads().filter(|head| !lineage.contains(*head)).collect();
            match one_head(&graph, others)?.first() {
                Some(head) => *head,
                None => return Err(nothing_to_do(&graph, revision).into()),
            }
        }
    };
    let have = graph.ancestors([target], Edges::All);
    if have.contains(revision) {
        let why = format!("`{}` needs it already, so it stands before it", graph.id(target));
        return Err(not_a_draft(&graph, revision, &why).into());
    }
    let branch: Vec<Node> =
        graph.ancestors([revision], Edges::Parents).iter().filter(|node| !have.contains(*node)).collect();
    let roots: Vec<Node> = branch
        .iter()
        .copied()
        .filter(|node| graph.parents(*node).iter().all(|parent| have.contains(*parent)))
        .collect();
    let (root, above) = match roots.as_slice() {
        [root] => (*root, graph.descendants([*root], Edges::All)),
        _ => {
            return Err(not_a_draft(
                &graph,
                revision,
                "its branch has several beginnings, so there is no one place for it",
            )
            .into());
        }
    };
    if above.contains(target) {
        return Err(not_a_draft(&graph, revision, "the other head follows it already").into());
    }
    if let Some(sealed) = above.iter().find(|node| !files.is_draft(graph.id(*node))) {
        return Err(not_a_draft(&graph, sealed, "it is sealed, so databases may have run it where it stands").into());
    }
    let file = file_name(&graph.revision(root).file);
    let id = graph.id(root).to_owned();
    Ok(Move {
        from: file.clone(),
        to: file,
        old_id: id.clone(),
        new_id: id,
        parents: vec![graph.id(target).to_owned()],
    })
}

/// A revision by id, prefix, label, or file.
fn find(graph: &RevisionGraph, named: &str) -> Result<Node, Failure> {
    let by_file = graph.nodes().find(|node| {
        let file = file_name(&graph.revision(*node).file);
        Path::new(named).file_name().is_some_and(|name| name == file.as_os_str())
    });
    if let Some(node) = by_file {
        return Ok(node);
    }
    match named.parse::<Target>()?.resolve(&Applied::nothing(graph))?.as_slice() {
        [node] => Ok(*node),
        _ => Err(TargetError::NotAllowed {
            target: named.to_owned(),
            verb: "rebase",
            instead: "name one revision by its id or its file",
        }
        .into()),
    }
}

fn one_head(graph: &RevisionGraph, heads: Vec<Node>) -> Result<Vec<Node>, Failure> {
    if heads.len() < 2 {
        return Ok(heads);
    }
    let heads = graph.ids_and_files(heads);
    let mut diagnostic = several_heads(format!("there are {} heads to put it behind", heads.len()), &heads);
    diagnostic.help = "name one of them: `--onto <revision>`".to_owned();
    Err(diagnostic.into())
}

fn nothing_to_do(graph: &RevisionGraph, node: Node) -> Diagnostic {
    let problem = format!("there is no other head to put `{}` behind", graph.id(node));
    Diagnostic::new(Code::NotADraft, problem, "name where it belongs: `--onto <revision>`")
}

fn not_a_draft(graph: &RevisionGraph, node: Node, why: &str) -> Diagnostic {
    let problem = format!("`{}` cannot be put elsewhere", graph.id(node));
    Diagnostic::new(Code::NotADraft, problem, "join the branches instead: `cargo migrate merge`")
        .at(Place::new(graph.revision(node).file.to_string(), 1))
        .because(why)
}

/// The text with another value for a header key; line ends stay as they are.
fn with_key(text: &str, key: &str, value: &str) -> String {
    let start = format!("-- {key}:");
    let mut done = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let is_key =
            line.strip_prefix("--").and_then(|rest| rest.split_once(':')).is_some_and(|(k, _)| k.trim() == key);
        if done || !is_key {
            return line.to_owned();
        }
        done = true;
        let end = if line.ends_with("\r\n") {
            "\r\n"
        } else if line.ends_with('\n') {
            "\n"
        } else {
            ""
        };
        format!("{start} {value}{end}")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::with_key;

    #[test]
    fn only_the_header_line_changes() {
        let text = "-- revision: a\r\n--parents : b\r\n\r\n-- migrate: up\r\n-- parents: not this\r\n";
        assert_eq!(
            with_key(text, "parents", "c"),
            "-- revision: a\r\n-- parents: c\r\n\r\n-- migrate: up\r\n-- parents: not this\r\n"
        );
    }
}
