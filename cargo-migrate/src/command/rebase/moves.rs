//! Where drafts go: which files get other parents or a fresh id. Reads and writes nothing.

use std::path::Path;

use migrate_plan::{
    Code, Diagnostic, Edges, Node, Place, Revision, RevisionGraph, RevisionSet, Target, TargetError, several_heads,
};
use migrate_runtime::cli::Failure;

use crate::command::new::fresh_id;
use crate::files::{Files, file_name};

/// What happens to one file.
#[derive(Debug)]
pub(super) struct Move {
    /// The file before and after, as the user knows it.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) old_id: String,
    pub(super) new_id: String,
    pub(super) old_parents: Vec<String>,
    pub(super) parents: Vec<String>,
}

/// The moves, and every revision that stands elsewhere after them.
#[derive(Debug)]
pub(super) struct Moves {
    pub(super) files: Vec<Move>,
    pub(super) moved: Vec<String>,
}

/// The index of the revision whose file is named, or whose id is, when another one has the same id.
pub(super) fn duplicate(files: &Files<'_>, named: &str) -> Option<usize> {
    let is_named = |revision: &&Revision| is_file(named, revision) || revision.id == named;
    let repeated = |revision: &Revision| files.revisions.iter().filter(|other| other.id == revision.id).count() > 1;
    // The later file is the one that came in last; a sealed id belongs to the earlier.
    let found = files.revisions.iter().enumerate().rev().find(|(_, revision)| is_named(revision) && repeated(revision));
    found.map(|(index, _)| index)
}

/// A duplicate gets a fresh id and goes behind the head.
pub(super) fn give_fresh_id(files: &Files<'_>, index: usize, onto: Option<&str>) -> Result<Moves, Failure> {
    let revision = &files.revisions[index];
    let mut others = files.revisions.clone();
    others.remove(index);
    let graph = RevisionGraph::new(others)?;
    let parents = match onto {
        Some(onto) => onto.parse::<Target>()?.resolve_in(&graph)?,
        None => one_head(&graph, graph.heads().collect())?,
    };
    let new_id = fresh_id(&graph, files.project.config.ids)?;
    let from = revision.file.to_string();
    let name = file_name(&from).to_string_lossy().into_owned();
    let folder = from.strip_suffix(&name).unwrap_or_default();
    Ok(Moves {
        moved: vec![revision.id.to_string()],
        files: vec![Move {
            to: format!("{folder}{}", name.replacen(&*revision.id, &new_id, 1)),
            old_id: revision.id.to_string(),
            new_id,
            old_parents: revision.parents.iter().map(ToString::to_string).collect(),
            parents: ids(&graph, &parents),
            from,
        }],
    })
}

/// Puts the branches of the named revisions behind the target, one after the other, in the order in which they are named.
///
/// A branch is what the target does not have of a revision's ancestors, with everything that stands on it. Its lowest
/// revisions get the new parent; whatever in it names what the target has already need not name it any longer.
pub(super) fn put_behind(files: &Files<'_>, named: &[String], onto: Option<&str>) -> Result<Moves, Failure> {
    let graph = files.graph()?;
    let revisions = named.iter().map(|name| find(&graph, name)).collect::<Result<Vec<Node>, Failure>>()?;
    let target = match onto {
        Some(onto) => find(&graph, onto)?,
        None => other_head(&graph, &revisions)?,
    };
    let have = graph.ancestors([target], Edges::All);
    let mut place = vec![target];
    let mut moves = Moves { files: Vec::new(), moved: Vec::new() };
    let mut done = RevisionSet::new(graph.len());
    for revision in revisions {
        if done.contains(revision) {
            continue;
        }
        let branch = Branch::of(&graph, revision, target, &have)?;
        branch.refuse(&graph, files, revision, target, &done)?;
        let [at] = place.as_slice() else {
            let why = "the branch before it has several heads, so there is no one place behind it";
            return Err(not_a_draft(&graph, revision, why).into());
        };
        for node in branch.all.iter() {
            done.insert(node);
            moves.moved.push(graph.id(node).to_owned());
            let old = graph.parents(node);
            let mut parents: Vec<Node> = old.iter().copied().filter(|parent| !have.contains(*parent)).collect();
            if branch.roots.contains(&node) {
                parents = vec![*at];
            }
            if parents != old {
                moves.files.push(Move {
                    from: graph.revision(node).file.to_string(),
                    to: graph.revision(node).file.to_string(),
                    old_id: graph.id(node).to_owned(),
                    new_id: graph.id(node).to_owned(),
                    old_parents: ids(&graph, old),
                    parents: ids(&graph, &parents),
                });
            }
        }
        place = graph.heads().filter(|head| branch.all.contains(*head)).collect();
    }
    Ok(moves)
}

/// What moves with a revision.
struct Branch {
    /// The revisions that stand on nothing but what the target has.
    roots: Vec<Node>,
    /// These, and everything above them.
    all: RevisionSet,
}

impl Branch {
    fn of(graph: &RevisionGraph, revision: Node, target: Node, have: &RevisionSet) -> Result<Self, Diagnostic> {
        if have.contains(revision) {
            let why = match revision == target {
                true => "it cannot stand on itself".to_owned(),
                false => format!("`{}` needs it already, so it stands before it", graph.id(target)),
            };
            return Err(not_a_draft(graph, revision, &why));
        }
        let is_new = |node: &Node| !have.contains(*node);
        let below: Vec<Node> = graph.ancestors([revision], Edges::Parents).iter().filter(is_new).collect();
        let stands_on_target = |node: &Node| graph.parents(*node).iter().all(|parent| have.contains(*parent));
        let roots: Vec<Node> = below.into_iter().filter(stands_on_target).collect();
        Ok(Self { all: graph.descendants(roots.iter().copied(), Edges::All), roots })
    }

    fn refuse(
        &self,
        graph: &RevisionGraph,
        files: &Files<'_>,
        revision: Node,
        target: Node,
        done: &RevisionSet,
    ) -> Result<(), Diagnostic> {
        if self.all.contains(target) {
            return Err(not_a_draft(graph, revision, "the other head follows it already"));
        }
        if let Some(shared) = self.all.iter().find(|node| done.contains(*node)) {
            let why = format!("its branch is joined to the one before it by `{}`", graph.id(shared));
            return Err(not_a_draft(graph, revision, &why));
        }
        match self.all.iter().find(|node| !files.is_draft(graph.id(*node))) {
            Some(sealed) => {
                Err(not_a_draft(graph, sealed, "it is sealed, so databases may have run it where it stands"))
            }
            None => Ok(()),
        }
    }
}

/// The head that stands on none of these revisions.
fn other_head(graph: &RevisionGraph, revisions: &[Node]) -> Result<Node, Failure> {
    let lineages = graph.descendants(revisions.iter().copied(), Edges::Parents);
    let others: Vec<Node> = graph.heads().filter(|head| !lineages.contains(*head)).collect();
    match (one_head(graph, others)?.first(), revisions.first()) {
        (Some(head), _) => Ok(*head),
        (None, Some(first)) => Err(nothing_to_do(graph, *first).into()),
        (None, None) => Err(Diagnostic::new(Code::Usage, "no revision was named", "name a draft").into()),
    }
}

/// A revision by id, prefix, label, or file.
fn find(graph: &RevisionGraph, named: &str) -> Result<Node, Failure> {
    if let Some(node) = graph.nodes().find(|node| is_file(named, graph.revision(*node))) {
        return Ok(node);
    }
    match named.parse::<Target>()?.resolve_in(graph)?.as_slice() {
        [node] => Ok(*node),
        _ => Err(TargetError::NotAllowed {
            target: named.to_owned(),
            verb: "rebase",
            instead: "name one revision by its id or its file",
        }
        .into()),
    }
}

/// Whether a file is named by its path as the user knows it, or by its name alone.
fn is_file(named: &str, revision: &Revision) -> bool {
    let name = file_name(&revision.file);
    let named = Path::new(named);
    named.file_name().is_some_and(|file| file == name.as_os_str())
        && (named.components().count() < 2 || Path::new(&*revision.file).ends_with(named) || named.exists())
}

fn ids(graph: &RevisionGraph, nodes: &[Node]) -> Vec<String> {
    nodes.iter().map(|node| graph.id(*node).to_owned()).collect()
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
